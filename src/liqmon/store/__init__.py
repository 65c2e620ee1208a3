"""The state directory: everything that must outlive the process."""
