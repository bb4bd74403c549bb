"""The decision on a request that was flagged: what triggers it, taking it, signing it, what is in force."""
