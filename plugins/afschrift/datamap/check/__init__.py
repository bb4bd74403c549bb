"""The data map held against its sources, as `afschrift inventory check --live` and a daily DAG do."""
