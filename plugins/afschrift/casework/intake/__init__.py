"""A message as it comes in: what it asks, what is stored of it, and what is passed on to others."""
