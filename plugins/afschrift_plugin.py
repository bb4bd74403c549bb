"""The only file that Airflow's plugin manager executes; it runs in every process, so it stays light."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin


class AfschriftPlugin(AirflowPlugin):
    """What Afschrift adds to Airflow."""

    name = "afschrift"
