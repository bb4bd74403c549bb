"""Value forms: the one exact text of each value, from which formats, checksums and checks start."""
