"""`afschrift letter`: letters from making to sending."""
