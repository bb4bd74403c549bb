"""A DAG file of one line gives an Airflow the DAGs of the installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow

LINE = "from afschrift.dags import *  # Airflow: the DAGs of Afschrift\n"
IDS = {
    "check_canary",
    "check_deadlines",
    "check_inventory",
    "checkpoint_trail",
    "fulfil_batch",
    "fulfil_request",
    "look_up_identity",
    "sweep",
    "tell_questions",
}


def read(folder: Path, line: str) -> dict[str, str]:
    """DAG id -> the file that Airflow says it is in; read as Airflow does, in safe mode."""
    from airflow.dag_processing.dagbag import DagBag

    file = folder / "afschrift_dags.py"
    file.write_text(line, encoding="utf-8")
    bag = DagBag(dag_folder=str(folder), bundle_path=folder, safe_mode=True)
    assert bag.import_errors == {}
    return {name: dag.relative_fileloc or "" for name, dag in bag.dags.items()}


@pytest.mark.usefixtures("airflow_env")
def test_one_line_imports_all_dags(tmp_path: Path) -> None:
    assert read(tmp_path, LINE) == dict.fromkeys(IDS, "afschrift_dags.py")
    assert set(read(tmp_path, LINE)) == IDS, "an Airflow that reads the file again finds them again"


@pytest.mark.usefixtures("airflow_env")
def test_file_gets_the_dags_that_it_names(tmp_path: Path) -> None:
    line = "from afschrift.dags import fulfil_request, sweep  # Airflow's DAGs\n"

    assert set(read(tmp_path, line)) == {"fulfil_request", "sweep"}


@pytest.mark.usefixtures("airflow_env")
def test_file_without_the_words_that_airflow_looks_for_is_ignored(tmp_path: Path) -> None:
    assert read(tmp_path, "from afschrift.dags import *\n") == {}
