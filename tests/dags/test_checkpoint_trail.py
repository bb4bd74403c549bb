"""The DAG `checkpoint_trail` on a real Airflow."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv, ran

DAG = "checkpoint_trail"


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


def outcome(dag: Any) -> tuple[str, str]:
    """States of the two tasks."""
    states = ran(dag)
    return states["checkpoint"], states["verify"]


def test_checkpoint_is_sent_and_only_references_reach_airflow(
    airflow_env: AirflowEnv, dag: Any, register: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from afschrift.register.trail.checkpoint import offered

    (tmp_path / "dpo").mkdir()
    monkeypatch.setenv("AFSCHRIFT_WITNESS_DPO", (tmp_path / "dpo").as_uri())
    seq = register.trail.head()[0]
    found = {ti.task_id: ti for ti in dag.test().get_task_instances()}
    assert {str(ti.state) for ti in found.values()} == {"success"}
    handed = found["checkpoint"].xcom_pull(task_ids="checkpoint")
    assert handed == {"number": 1, "seq": seq, "places": ["dpo"]}
    assert "The witness place 'dpo' holds checkpoint 1." in airflow_env.log
    [file] = (tmp_path / "dpo").iterdir()
    [made] = [h for h, _ in register.trail.checkpoint_log() if h.type == "checkpoint_made"]
    assert made.actor == "airflow:checkpoint_trail"
    assert register.trail.verify(checkpoints=offered([file])) == []


def test_checkpoint_is_skipped_without_witness(dag: Any, register: Any) -> None:
    assert outcome(dag) == ("skipped", "success")
    assert register.trail.checkpoint_log() == []


def test_witness_that_refuses_fails_the_run_with_remedy(
    airflow_env: AirflowEnv, dag: Any, register: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_WITNESS_AWAY", (tmp_path / "needle-in-the-path").as_uri())
    assert outcome(dag) == ("failed", "failed")
    assert "Checkpoint 1 did not reach away" in airflow_env.log
    assert "mend the place; the next checkpoint brings it what it lacks." in airflow_env.log
    assert "needle-in-the-path" not in airflow_env.log


def test_row_without_event_fails_the_run_and_is_recorded(
    airflow_env: AirflowEnv, dag: Any, register: Any, tmp_path: Path
) -> None:
    at = "2026-03-02T09:00:00Z"
    case = register.cases.open(b"Graag mijn gegevens.", "mail", at, at)
    assert outcome(dag) == ("skipped", "success")
    with closing(sqlite3.connect(tmp_path / "home" / "register.db")) as connection, connection:
        connection.execute("UPDATE case_file SET made_by = 'needle-in-the-row'")
    assert outcome(dag) == ("skipped", "failed")
    words = f"case_file {case}, made_by: has another value than the trail attests (row_changed)"
    assert words in airflow_env.log
    assert "needle-in-the-row" not in airflow_env.log
    [(_, payload)] = register.evidence.of_types(None, "register_differs")
    assert payload == {"found": 1, "codes": ["row_changed"]}
