"""One pass over the rows of a table: masks, files in every format, checksums, what is seen on the way."""
