"""History through the live path: what would have been told, and what followed."""
