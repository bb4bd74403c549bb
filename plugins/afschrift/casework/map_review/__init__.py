"""Confirming the data map on a page: in which role, with an event, and taken back by what the trail says."""
