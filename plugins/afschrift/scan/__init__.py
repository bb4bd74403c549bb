"""From an unknown database to a draft of the data map, which people confirm."""
