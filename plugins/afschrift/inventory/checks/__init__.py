"""Rules of the inventory across columns, tables and purposes, by subject."""
