"""Several requests read in one pass over each table, split into each person's own staging (ADR 0037)."""
