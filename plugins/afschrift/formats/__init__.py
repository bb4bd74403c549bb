"""File formats: one adapter a file, written from value forms and the kinds of the fields alone."""
