"""Descriptions by other tools as drafts of the data map: Fides, dbt, comments; and the export."""
