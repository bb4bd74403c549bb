"""The check of the data map against its sources, for `afschrift inventory check --live` and a daily DAG."""
