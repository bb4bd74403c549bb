"""Any database that SQLAlchemy reaches, for which there is no adapter of its own."""
