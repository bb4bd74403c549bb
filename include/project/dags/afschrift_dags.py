from afschrift.dags import *  # noqa: F403  (Airflow reads a file only where these words stand: airflow, dag)
