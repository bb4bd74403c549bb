"""Points out where free text may hold data of others. A person decides; nothing here does."""
