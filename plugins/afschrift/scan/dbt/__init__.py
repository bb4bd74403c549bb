"""Manifests of dbt, read as a draft of the data map."""
