"""`afschrift case`: the case file, and disputes after an answer."""
