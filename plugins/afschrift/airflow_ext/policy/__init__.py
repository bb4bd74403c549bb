"""What Airflow loads of the package in each of its processes, by the entry point `airflow.policy`."""
