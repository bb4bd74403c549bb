"""Airflow's side of requests that are read together."""
