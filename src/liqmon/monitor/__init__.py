"""The long-running tasks."""
