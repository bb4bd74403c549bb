"""The information sheet of an access answer (Art. 15(1) and (2)), as a page and as a document."""
