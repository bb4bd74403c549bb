"""From an unknown database to a draft of the data map, by statements that are bounded."""
