"""What a scan reads: the catalogue, and little of each table, by statements that are bounded."""
