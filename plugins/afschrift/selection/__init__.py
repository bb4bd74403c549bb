"""Which rows are the person's, which columns are read, and the SQL that reads them."""
