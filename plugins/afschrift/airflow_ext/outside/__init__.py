"""What others see of an installation: figures, asset events, lineage and spans, by Airflow's own means."""
