"""The only code that knows Airflow: tasks, trigger form, retries, and an Airflow of our own."""
