"""The daily check of the data map, as tasks."""
