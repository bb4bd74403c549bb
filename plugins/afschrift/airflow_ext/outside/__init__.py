"""What other programs see of an installation: metrics, asset events, lineage and spans, through Airflow."""
