"""Whom the scheduled checks notify, of what, and that each is notified once."""
