"""The DAG `checkpoint_trail` on a real Airflow."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv


@pytest.fixture(scope="module")
def dag(airflow_env: AirflowEnv) -> Any:
    from airflow.dag_processing.dagbag import DagBag

    from afschrift.airflow_ext.environment import DAGS

    bag = DagBag(dag_folder=str(DAGS / "checkpoint_trail.py"))
    assert bag.import_errors == {}
    return bag.dags["checkpoint_trail"]


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An installation with one event, and nothing that a checkpoint does not need: no inventory."""
    from afschrift.app.settings import Settings
    from afschrift.domain.event import NewEvent
    from afschrift.register.open import initialise, open_register

    for name in [name for name in os.environ if name.startswith("AFSCHRIFT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(tmp_path / "nowhere"))
    initialise(Settings.from_environment())
    register = open_register()
    register.trail.record(None, NewEvent("counted"))
    yield register


def run(dag: Any) -> tuple[str, str, Any]:
    """Runs it to its end: states of the two tasks, and what the first hands on."""
    for task in dag.task_dict.values():
        task.retries = 0
    found = {ti.task_id: ti for ti in dag.test().get_task_instances()}
    handed = found["checkpoint"].xcom_pull(task_ids="checkpoint")
    return str(found["checkpoint"].state), str(found["verify"].state), handed


def test_checkpoint_is_sent_and_only_references_reach_airflow(
    airflow_env: AirflowEnv, dag: Any, register: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dpo").mkdir()
    monkeypatch.setenv("AFSCHRIFT_WITNESS_DPO", (tmp_path / "dpo").as_uri())
    seq = register.trail.head()[0]
    assert run(dag) == ("success", "success", {"number": 1, "seq": seq, "places": ["dpo"]})
    assert "The witness place 'dpo' holds checkpoint 1." in airflow_env.log
    [file] = (tmp_path / "dpo").iterdir()
    [made] = [h for h, _ in register.trail.checkpoint_log() if h.type == "checkpoint_made"]
    assert made.actor == "airflow:checkpoint_trail"
    from afschrift.register.trail.checkpoint import offered

    assert register.trail.verify(checkpoints=offered([file])) == []


def test_checkpoint_is_skipped_without_witness(dag: Any, register: Any) -> None:
    assert run(dag)[:2] == ("skipped", "success")
    assert register.trail.checkpoint_log() == []


def test_witness_that_refuses_fails_the_run_with_remedy(
    airflow_env: AirflowEnv, dag: Any, register: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_WITNESS_AWAY", (tmp_path / "needle-in-the-path").as_uri())
    assert run(dag)[:2] == ("failed", "failed")
    assert "Checkpoint 1 did not reach away" in airflow_env.log
    assert "mend the place; the next checkpoint brings it what it lacks." in airflow_env.log
    assert "needle-in-the-path" not in airflow_env.log


def test_row_without_event_fails_the_run_and_is_recorded(
    airflow_env: AirflowEnv, dag: Any, register: Any, tmp_path: Path
) -> None:
    at = "2026-03-02T09:00:00Z"
    case = register.cases.open(b"Graag mijn gegevens.", "mail", at, at)
    assert run(dag)[:2] == ("skipped", "success")
    with closing(sqlite3.connect(tmp_path / "home" / "register.db")) as connection, connection:
        connection.execute("UPDATE case_file SET made_by = 'needle-in-the-row'")
    assert run(dag)[:2] == ("skipped", "failed")
    assert (
        f"case_file {case}, made_by: has another value than the trail attests (row_changed)"
        in airflow_env.log
    )
    assert "needle-in-the-row" not in airflow_env.log
    [(_, payload)] = register.evidence.of_types(None, "register_differs")
    assert payload == {"found": 1, "codes": ["row_changed"]}


def test_checkpoint_runs_daily_and_runbook_names_task(dag: Any) -> None:
    from afschrift.airflow_ext.retry import POLICY

    task, second = dag.task_dict["checkpoint"], dag.task_dict["verify"]
    assert second.upstream_task_ids == {"checkpoint"}
    assert (dag.schedule, dag.catchup, dag.max_active_runs) == ("@daily", False, 1)
    assert task.retry_policy is POLICY
    assert task.doc_md.startswith("Sign the trail's head")
    for part in (
        "| checkpoint |",
        "| verify |",
        "## Trigger",
        "## The run failed",
        "AFSCHRIFT_WITNESS_<NAME>",
        "docs/trail.md",
    ):
        assert part in dag.doc_md
