"""What an installed package tells Airflow: its plugin, and that it is a provider."""
