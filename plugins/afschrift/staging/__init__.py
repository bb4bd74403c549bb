"""Encrypted files of a request between its tasks."""
