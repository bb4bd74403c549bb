"""Questions to people: what a kind is, asking a question, the forms of answers."""
