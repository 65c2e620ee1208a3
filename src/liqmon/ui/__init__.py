"""What the user sees: the live table, plain lines, NDJSON."""
