"""The page on which the data map is confirmed: its form, what it shows, and what its buttons do."""
