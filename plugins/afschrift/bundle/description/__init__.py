"""What a bundle says of its data for programs: Data Package, coverage, schemas, redactions."""
