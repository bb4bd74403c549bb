"""What lakes share whose tables have a log: Delta Lake and Iceberg."""
