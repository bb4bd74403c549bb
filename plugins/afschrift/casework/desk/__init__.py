"""The officer's desk: what is open, its next actions and whose they are, and the search for a request."""
