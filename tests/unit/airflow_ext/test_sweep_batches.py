"""Which batches the task of the sweep starts, by what Airflow says of its runs."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update
from testbed.running import installation, store
from testbed.small import write_database, write_inventory

from afschrift.airflow_ext.environment import BATCH_DAG_ID, DAG_ID
from afschrift.app.settings import Settings
from afschrift.domain.errors import GateError
from afschrift.domain.instants import rfc3339
from afschrift.operations.findings import batch_id
from afschrift.register.database.database import Database
from afschrift.register.database.tables import request
from afschrift.services import Services
from afschrift.steps.gates import begin

pytestmark = pytest.mark.usefixtures("airflow_env")


@dataclass
class KnownToAirflow:
    """What a task may ask of Airflow: its runs, each with its state, and whether a DAG is paused."""

    runs: dict[tuple[str, str], str] = field(default_factory=dict)
    paused: bool = False

    def get_dr_count(
        self, dag_id: str, run_ids: Iterable[str] | None = None, states: Iterable[str] | None = None
    ) -> int:
        return sum(
            dag == dag_id and (run_ids is None or run in run_ids) and (states is None or state in states)
            for (dag, run), state in self.runs.items()
        )

    def get_task_states(self, **_: Any) -> dict[str, dict[str, str]]:
        return {}

    def get_dag(self, dag_id: str) -> Any:
        assert dag_id == BATCH_DAG_ID
        return SimpleNamespace(is_paused=self.paused)


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """An installation in which two requests that wait are read together."""
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory")))
    monkeypatch.setenv("AFSCHRIFT_BATCH_REQUESTS", "2")
    return installation(tmp_path / "home", tmp_path / "inventory")


@pytest.fixture
def waiting(services: Services) -> list[str]:
    """Two requests of two hours ago without a run."""
    found = [store(services, {"customer_id": number}) for number in "12"]
    then = rfc3339(datetime.now(UTC) - timedelta(hours=2))
    with Database(Settings.from_environment().register).write() as tx:
        tx.execute(update(request).values(created_at=then, changed_at=then))
    return found


def started(airflow: KnownToAirflow) -> list[tuple[str, str, list[str]]]:
    from afschrift.airflow_ext.sweep_tasks import sweep  # Airflow reads its home when it is imported

    return [
        (run["trigger_dag_id"], run["trigger_run_id"], run["conf"].get("requests", []))
        for run in sweep(ti=airflow)["start"]
    ]


def alone(requests: list[str], attempt: int = 1) -> list[tuple[str, str, list[str]]]:
    return [(DAG_ID, f"{request}.{attempt}", []) for request in sorted(requests)]


def test_those_who_wait_start_together_in_one_batch_at_a_time(waiting: list[str]) -> None:
    [(dag, run, requests)] = started(KnownToAirflow())
    assert (dag, run, sorted(requests)) == (BATCH_DAG_ID, batch_id(waiting), sorted(waiting))
    for state in ("queued", "running"):
        assert started(KnownToAirflow({(BATCH_DAG_ID, "another"): state})) == []
    assert started(KnownToAirflow({(BATCH_DAG_ID, "another"): "success"})) != []


def test_a_batch_that_came_to_nothing_is_not_started_again(waiting: list[str]) -> None:
    came = KnownToAirflow({(BATCH_DAG_ID, batch_id(waiting)): "failed"})
    assert sorted(started(came)) == alone(waiting)


def test_one_whose_own_run_is_in_line_does_not_go_along(waiting: list[str]) -> None:
    in_line = {(DAG_ID, f"{request_id}.1"): "queued" for request_id in waiting}
    assert started(KnownToAirflow(in_line)) == []
    in_line.popitem()
    [(_, _, requests)] = started(KnownToAirflow(in_line))
    assert requests == waiting[1:]


def test_where_the_dag_is_paused_each_starts_by_itself(
    waiting: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("WARNING", "afschrift.run"):
        assert sorted(started(KnownToAirflow(paused=True))) == alone(waiting)
    assert "fulfil_batch is paused" in caplog.text


def test_an_id_that_was_turned_down_is_not_started_again(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_BATCH_REQUESTS", "1")
    early = store(services, {"customer_id": "1"})
    first = replace(services, run="manual__2026-11-28T10:00:00Z")
    begin(first, early, "batch")
    with pytest.raises(GateError):
        begin(replace(services, run=f"{early}.1"), early, "officer")
    assert services.register.runs.end(early, "manual__2026-11-28T10:00:00Z", "batched")
    then = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr("afschrift.operations.sweep.utc_now", lambda: then)

    assert (DAG_ID, f"{early}.2", []) in started(KnownToAirflow({(DAG_ID, f"{early}.1"): "failed"}))
