"""The descriptions in a bundle that programs read: Data Package, coverage, schemas, redactions."""
