"""The DAG `checkpoint_trail` on a real Airflow."""

from __future__ import annotations

import os
from collections.abc import Iterator
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
    """Runs it to its end: state of the run and of the task, and what the task hands on."""
    [task] = dag.task_dict.values()
    task.retries = 0
    done = dag.test()
    [ti] = done.get_task_instances()
    return str(done.state), str(ti.state), ti.xcom_pull(task_ids="checkpoint")


def test_it_sends_and_hands_on_only_references(
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


def test_without_a_place_it_is_skipped_and_makes_none(dag: Any, register: Any) -> None:
    assert run(dag)[:2] == ("success", "skipped")
    assert register.trail.checkpoint_log() == []


def test_a_place_that_does_not_take_it_fails_the_run_and_says_what_to_do(
    airflow_env: AirflowEnv, dag: Any, register: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_WITNESS_AWAY", (tmp_path / "needle-in-the-path").as_uri())
    assert run(dag)[:2] == ("failed", "failed")
    assert "Checkpoint 1 did not reach away" in airflow_env.log
    assert "mend the place; the next checkpoint brings it what it lacks." in airflow_env.log
    assert "needle-in-the-path" not in airflow_env.log


def test_it_runs_daily_and_its_runbook_names_the_task(dag: Any) -> None:
    from afschrift.airflow_ext.retry import POLICY

    [task] = dag.task_dict.values()
    assert (dag.schedule, dag.catchup, dag.max_active_runs) == ("@daily", False, 1)
    assert task.retry_policy is POLICY
    assert task.doc_md.startswith("Sign the trail's head")
    for part in (
        "| checkpoint |",
        "## Trigger",
        "## The run failed",
        "AFSCHRIFT_WITNESS_<NAME>",
        "docs/trail.md",
    ):
        assert part in dag.doc_md
