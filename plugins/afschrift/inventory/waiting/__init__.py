"""What in the data map waits for a person: ways that nobody confirmed, and columns that nobody classified."""
