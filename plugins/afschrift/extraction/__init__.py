"""One pass over the rows of a table: redactions, files in every format, checksums and observations."""
