"""The pure part: values in, values out; nothing here waits, reads or writes."""
