"""Plays on a real Airflow: what the software does, shown as it goes, and checked."""
