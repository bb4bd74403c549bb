"""What officers and auditors reach by HTTP, inside Airflow's own server and behind its log-in."""
