"""Discord: what is posted, how it is posted, and what the answers mean."""
