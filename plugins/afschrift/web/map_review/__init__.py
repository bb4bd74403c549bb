"""The page on which the data map is confirmed: its form, its contents, and the actions of its buttons."""
