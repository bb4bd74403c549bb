"""Questions to people: the kinds there are, asking one, the forms of answers."""
