"""Datasets of Fides: read as a draft of the data map, and written from one."""
