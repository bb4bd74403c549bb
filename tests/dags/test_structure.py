"""What Airflow reads from the DAG file."""

from __future__ import annotations

import ast
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv

CHAIN = ["assess", "classify", "extract", "validate", "package", "deliver", "close", "wipe"]

HEAVY = ["pandas", "pyarrow", "duckdb", "polars", "tink", "upath", "isal", "ruamel.yaml", "alembic"]


@pytest.fixture(scope="module")
def dag(airflow_env: AirflowEnv) -> Any:
    return airflow_env.dag()


def test_the_folder_imports_without_errors(airflow_env: AirflowEnv, project_root: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(project_root / "dags"))

    assert bag.import_errors == {}
    assert set(bag.dags) == {file.stem for file in (project_root / "dags").glob("[!_]*.py")}


def test_the_tasks_form_the_chain(dag: Any) -> None:
    order = [task.task_id for task in dag.topological_sort()]

    assert order == CHAIN
    for before, after in itertools.pairwise(CHAIN):
        assert before in dag.task_dict[after].upstream_task_ids


def test_only_the_teardown_runs_after_a_failure(dag: Any) -> None:
    rules = {name: task.trigger_rule.value for name, task in dag.task_dict.items()}

    assert rules.pop("wipe") == "all_done_setup_success"
    assert set(rules.values()) == {"all_success"}
    assert [name for name, task in dag.task_dict.items() if task.is_teardown] == ["wipe"]
    assert not dag.task_dict["wipe"].on_failure_fail_dagrun


def test_extract_is_mapped_over_sources_and_names_them(dag: Any) -> None:
    extract = dag.task_dict["extract"]

    assert extract.is_mapped
    assert "source" in extract.map_index_template


def test_every_task_has_retries_by_policy_a_last_line_and_its_text(dag: Any) -> None:
    from afschrift.airflow_ext.retry import POLICY, last_line

    for task in dag.task_dict.values():
        assert task.retries == 2, task.task_id
        assert task.retry_policy is POLICY, task.task_id
        assert list(task.on_failure_callback) == [last_line], task.task_id
        assert task.doc_md, task.task_id


def test_it_starts_only_when_triggered(dag: Any) -> None:
    assert dag.schedule is None
    assert dag.catchup is False


def test_the_runbook_names_every_task_and_what_to_do(dag: Any) -> None:
    for name in CHAIN:
        assert f"| {name} |" in dag.doc_md
    for part in ("## Trigger", "skipped tasks", "## The run failed", "## Resume", "afschrift questions"):
        assert part in dag.doc_md


def test_the_file_has_nothing_but_the_dag(project_root: Path) -> None:
    tree = ast.parse((project_root / "dags" / "fulfil_request.py").read_text(encoding="utf-8"))
    kinds = {type(node).__name__ for node in tree.body}

    assert kinds == {"Expr", "ImportFrom", "FunctionDef", "Assign"}


PROBE = """
import json, sys, time
import airflow.sdk, airflow.dag_processing.dagbag
before, began = set(sys.modules), time.process_time()
airflow.dag_processing.dagbag.DagBag(dag_folder=sys.argv[1])
print(json.dumps({"seconds": time.process_time() - began, "modules": sorted(set(sys.modules) - before)}))
"""


def test_reading_the_files_is_quick_and_imports_nothing_heavy(
    airflow_env: AirflowEnv, project_root: Path
) -> None:
    command = [sys.executable, "-c", PROBE, str(project_root / "dags")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    new = found["modules"]

    assert found["seconds"] < 1
    assert "afschrift.airflow_ext.tasks" in new
    assert [name for name in new if name in HEAVY] == []
    assert [
        name
        for name in new
        if name.startswith(("afschrift.wiring.build_services", "afschrift.steps", "afschrift.casework"))
    ] == []
