"""Delta Lake, read by its log."""
