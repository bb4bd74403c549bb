"""The DAG `sweep` on a real Airflow: it starts the runs that are missing, once, and clears up."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY, RENAMED
from sqlalchemy import text, update
from tests.airflow_support import AirflowEnv
from tests.support.installed import Installation
from tests.support.moves import moved
from tests.support.two_sources import installation, two_sources

from afschrift.app.settings import Settings
from afschrift.domain.instants import rfc3339
from afschrift.domain.state import State
from afschrift.operations.findings import SweepCode
from afschrift.register.database.database import Database
from afschrift.register.database.tables import request

__all__ = ["installation", "two_sources"]

TASKS = {"sweep", "to_start", "start"}


@pytest.fixture(scope="module")
def dag(airflow_env: AirflowEnv) -> Any:
    """`sweep`, read anew, with `fulfil_request` known to Airflow as its scheduler would know it."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.utils.session import create_session

    from afschrift.airflow_ext.environment import DAGS

    with create_session() as session:
        session.execute(text("INSERT OR IGNORE INTO dag_bundle (name) VALUES ('dags-folder')"))
    bag = DagBag(dag_folder=str(DAGS / "fulfil_request.py"))
    sync_bag_to_db(bag, "dags-folder", None)
    swept = DagBag(dag_folder=str(DAGS / "sweep.py"))
    assert swept.import_errors == {}
    for task in swept.dags["sweep"].task_dict.values():
        task.retries = 0
    return swept.dags["sweep"]


def run(dag: Any) -> dict[str, str]:
    """Runs it to its end; state of each task, a mapped one by its place."""
    done = dag.test()
    return {
        ti.task_id if ti.map_index < 0 else f"{ti.task_id}[{ti.map_index}]": str(ti.state)
        for ti in done.get_task_instances()
    }


def runs(airflow_env: AirflowEnv, request: str) -> list[tuple[str, str]]:
    """Runs of `fulfil_request` that Airflow knows for a request, with who or what asked for them."""
    return airflow_env.rows(
        "SELECT run_id, run_type FROM dag_run WHERE dag_id = 'fulfil_request' AND run_id LIKE ? ORDER BY 1",
        f"{request}.%",
    )


def aged(request_id: str, hours: float) -> str:
    """Put the request's times back, as if it had been stored, or moved last, some hours ago."""
    then = rfc3339(datetime.now(UTC) - timedelta(hours=hours))
    with Database(Settings.from_environment().register).write() as tx:
        of = update(request).where(request.c.id == request_id)
        tx.execute(of.values(created_at=then, changed_at=then))
    return request_id


def stored(installation: Installation, hours: float) -> str:
    """A request stored some hours ago and never triggered, as a crash in between leaves it."""
    return aged(installation.submit(HEAVY.number, "access"), hours)


def test_stored_request_without_run_is_started_once(
    airflow_env: AirflowEnv, installation: Installation, dag: Any
) -> None:
    forgotten, fresh = stored(installation, 2), stored(installation, 0.5)
    logged = len(airflow_env.log)

    assert run(dag) == {"sweep": "success", "to_start": "success", "start[0]": "success"}

    [(name, _)] = runs(airflow_env, forgotten)
    assert name == f"{forgotten}.1"
    conf = airflow_env.rows("SELECT conf FROM dag_run WHERE run_id = ?", name)
    assert str(conf).count(forgotten) == 1
    assert runs(airflow_env, fresh) == []
    table = airflow_env.log[logged:]
    assert f"run {forgotten}.1 is started" in table
    assert "never_run" in table

    assert run(dag) == {"sweep": "success", "to_start": "success", "start": "skipped"}
    assert len(runs(airflow_env, forgotten)) == 1
    assert "exists in Airflow already" in airflow_env.log[logged:]
    found = [payload["code"] for kind, payload in installation.events(forgotten) if kind == "sweep_found"]
    assert found == ["never_run"]


@pytest.mark.parametrize("paused", [False, True])
def test_requests_start_as_batch_unless_its_dag_is_paused(
    airflow_env: AirflowEnv,
    installation: Installation,
    dag: Any,
    monkeypatch: pytest.MonkeyPatch,
    paused: bool,
) -> None:
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.utils.session import create_session

    from afschrift.airflow_ext.environment import DAGS

    sync_bag_to_db(DagBag(dag_folder=str(DAGS / "fulfil_batch.py")), "dags-folder", None)
    with create_session() as session:
        session.execute(text("DELETE FROM dag_run WHERE dag_id = 'fulfil_batch'"))
        is_paused = "UPDATE dag SET is_paused = :paused WHERE dag_id = 'fulfil_batch'"
        assert session.execute(text(is_paused), {"paused": paused}).rowcount == 1
    monkeypatch.setenv("AFSCHRIFT_BATCH_REQUESTS", "2")
    requests = [aged(installation.submit(number, "access"), 2) for number in (HEAVY.number, RENAMED.number)]

    run(dag)

    together = airflow_env.rows("SELECT conf FROM dag_run WHERE dag_id = 'fulfil_batch'")
    assert len(together) == (not paused)
    assert [len(runs(airflow_env, request)) for request in requests] == [int(paused)] * 2


def test_queued_task_without_worker_is_reported_with_remedy(
    airflow_env: AirflowEnv, installation: Installation, dag: Any
) -> None:
    """Its worker was killed as it took it, and this Airflow's executor does not let go of it."""
    from airflow.utils.session import create_session

    forgotten = stored(installation, 2)
    run(dag)
    with create_session() as session:
        queued = "UPDATE task_instance SET state = 'queued' WHERE task_id = 'assess' AND run_id = :run"
        assert session.execute(text(queued), {"run": f"{forgotten}.1"}).rowcount == 1
    logged = len(airflow_env.log)

    assert run(dag)["start"] == "skipped"

    log = airflow_env.log[logged:]
    assert f"Run {forgotten}.1 exists in Airflow already, and no worker runs its task assess" in log
    assert "clear that task in Airflow; where it stays `queued`, restart the scheduler." in log


def test_two_simultaneous_sweeps_start_a_run_once(
    airflow_env: AirflowEnv, installation: Installation, dag: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is faster, between the look and the start."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    forgotten = stored(installation, 2)
    run(dag)
    monkeypatch.setattr(RuntimeTaskInstance, "get_dr_count", lambda *_, **__: 0)
    assert run(dag)["start[0]"] == "skipped"
    assert len(runs(airflow_env, forgotten)) == 1


def test_stray_staging_is_destroyed_and_remedies_are_logged(
    airflow_env: AirflowEnv, installation: Installation, dag: Any
) -> None:
    register, failed, closed = (
        installation.services.register,
        stored(installation, 100),
        stored(installation, 9),
    )
    register.runs.begin(failed, f"{failed}.1", timedelta(hours=2))
    register.runs.end(failed, f"{failed}.1", "accepted")
    moved(register, closed, State.WITHDRAWN)
    with installation.services.staging(closed).writer("shop/customer.csv") as file:
        file.write(b"x")
    [staged] = (installation.home / "staging" / closed).rglob("*.enc")
    os.utime(staged, times=(time.time() - 10_000,) * 2)
    aged(closed, 3)
    logged = len(airflow_env.log)

    assert run(dag)["start"] == "skipped"

    assert not (installation.home / "staging" / closed).exists()
    log = airflow_env.log[logged:]
    assert "staged_closed" in log
    assert "run_failed" in log
    assert "clear the failed task or trigger the next run" in log


def test_unreachable_register_fails_the_run_with_remedy(
    airflow_env: AirflowEnv,
    installation: Installation,
    dag: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("AFSCHRIFT_REGISTER", f"sqlite:///{tmp_path}/nowhere/register.db")
    logged = len(airflow_env.log)
    assert run(dag)["sweep"] == "failed"
    assert "cannot be opened. What to do: make its folder" in airflow_env.log[logged:]


def test_runbook_names_every_finding_and_task(dag: Any) -> None:
    assert set(dag.task_dict) == TASKS
    assert all(task.doc_md for task in dag.task_dict.values())
    assert all(f"| {name} |" in dag.doc_md for name in TASKS)
    assert all(f"**{code.value}**" in dag.doc_md for code in SweepCode)
