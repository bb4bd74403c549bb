from afschrift.dags import *  # noqa: F403  (Airflow reads a file only if it has the words airflow and dag)
