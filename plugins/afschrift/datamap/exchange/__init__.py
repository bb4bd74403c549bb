"""Import of descriptions by other tools (Fides, dbt, comments) as drafts of the data map; export to Fides."""
