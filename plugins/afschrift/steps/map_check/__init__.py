"""The data map held against the sources, as `afschrift inventory check --live` and a daily DAG do."""
