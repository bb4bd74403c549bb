"""An Airflow on CeleryExecutor whose workers share nothing but an object store and databases."""
