"""Any database that SQLAlchemy supports and for which there is no adapter of its own."""
