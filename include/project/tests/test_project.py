"""The inventory is valid, and Airflow finds the DAGs. `afschrift inventory check --live` opens databases."""

import os
from pathlib import Path

from afschrift.wiring.build_services import load_inventory

PROJECT = Path(__file__).resolve().parents[1]


def test_the_inventory_is_sound():
    assert load_inventory(PROJECT / "inventory").sources


def test_airflow_finds_the_dags(tmp_path):
    os.environ.setdefault("AIRFLOW_HOME", str(tmp_path))
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(PROJECT / "dags"))
    assert bag.import_errors == {}
    assert "fulfil_request" in bag.dags
