"""File formats: a folder each, with a writer of value forms and a reader by another library."""
