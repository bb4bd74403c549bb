"""Points out where free text may hold data of others. A person decides what becomes of it."""
