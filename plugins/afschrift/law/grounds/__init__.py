"""On what a person may decide otherwise than to fulfil, and the check of it."""
