"""`afschrift case`: the case file and what follows an answer."""
