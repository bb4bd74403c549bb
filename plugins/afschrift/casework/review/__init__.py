"""The review of a packed bundle before it leaves: what reviewers see, redact and approve."""
