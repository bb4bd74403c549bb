"""The domain: rights, origins, decisions, identity, plan, events. No I/O, no Airflow, no Arrow."""
