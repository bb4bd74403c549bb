"""The DAG `sweep` on a real Airflow: it starts the runs that are missing, once, and clears up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from sqlalchemy import text, update
from tests.airflow_support import AirflowEnv, Flow, make_known, ran
from tests.support.installed import CUSTOMERS

from afschrift.app.settings import Settings
from afschrift.domain.instants import rfc3339
from afschrift.register.database.database import Database
from afschrift.register.database.tables import request

DAG = "sweep"


@pytest.fixture(scope="module", autouse=True)
def _known(airflow_env: AirflowEnv) -> None:
    make_known("fulfil_request")


def runs(flow: Flow, request: str) -> list[str]:
    """Runs of `fulfil_request` that Airflow knows for a request."""
    statement = "SELECT run_id FROM dag_run WHERE dag_id = 'fulfil_request' AND run_id LIKE ? ORDER BY 1"
    return [run for (run,) in flow.env.rows(statement, f"{request}.%")]


def aged(request_id: str, hours: float) -> str:
    """Put the request's times back, as if it had been stored, or moved last, some hours ago."""
    then = rfc3339(datetime.now(UTC) - timedelta(hours=hours))
    with Database(Settings.from_environment().register).write() as tx:
        of = update(request).where(request.c.id == request_id)
        tx.execute(of.values(created_at=then, changed_at=then))
    return request_id


def stored(flow: Flow, hours: float) -> str:
    """A request stored some hours ago and never triggered, as a crash in between leaves it."""
    return aged(flow.submit(HEAVY.number, "access"), hours)


def test_stored_request_without_run_is_started_once(flow: Flow, dag: Any) -> None:
    forgotten, fresh = stored(flow, 2), stored(flow, 0.5)

    done = {"run": "success", "sweep": "success", "to_start": "success"}
    assert ran(dag) == {**done, "start[0]": "success"}

    assert runs(flow, forgotten) == [f"{forgotten}.1"]
    conf = flow.env.rows("SELECT conf FROM dag_run WHERE run_id = ?", f"{forgotten}.1")
    assert str(conf).count(forgotten) == 1
    assert runs(flow, fresh) == []
    assert f"run {forgotten}.1 is started" in flow.log
    assert "never_run" in flow.log

    assert ran(dag) == {**done, "start": "skipped"}
    assert runs(flow, forgotten) == [f"{forgotten}.1"]
    assert "exists in Airflow already" in flow.log
    found = [payload["code"] for kind, payload in flow.events(forgotten) if kind == "sweep_found"]
    assert found == ["never_run"]


def test_requests_start_as_batch(flow: Flow, dag: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless its DAG is paused: tests/unit/airflow_ext/test_environment.py."""
    from airflow.utils.session import create_session

    make_known("fulfil_batch")
    with create_session() as session:
        session.execute(text("DELETE FROM dag_run WHERE dag_id = 'fulfil_batch'"))
        session.execute(text("UPDATE dag SET is_paused = false WHERE dag_id = 'fulfil_batch'"))
    monkeypatch.setenv("AFSCHRIFT_BATCH_REQUESTS", "2")
    requests = [aged(flow.submit(number, "access"), 2) for number in (HEAVY.number, CUSTOMERS[0])]

    ran(dag)

    assert len(flow.env.rows("SELECT conf FROM dag_run WHERE dag_id = 'fulfil_batch'")) == 1
    assert [runs(flow, request) for request in requests] == [[], []]


def test_queued_task_without_worker_is_reported_with_remedy(flow: Flow, dag: Any) -> None:
    """Its worker was killed as it took it, and this Airflow's executor does not let go of it."""
    from airflow.utils.session import create_session

    forgotten = stored(flow, 2)
    ran(dag)
    with create_session() as session:
        queued = "UPDATE task_instance SET state = 'queued' WHERE task_id = 'assess' AND run_id = :run"
        assert session.execute(text(queued), {"run": f"{forgotten}.1"}).rowcount == 1

    assert ran(dag)["start"] == "skipped"

    assert f"Run {forgotten}.1 exists in Airflow already, and no worker runs its task assess" in flow.log
    assert "clear that task in Airflow; where it stays `queued`, restart the scheduler." in flow.log


def test_two_simultaneous_sweeps_start_a_run_once(
    flow: Flow, dag: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is faster, between the look and the start."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    forgotten = stored(flow, 2)
    ran(dag)
    monkeypatch.setattr(RuntimeTaskInstance, "get_dr_count", lambda *_, **__: 0)
    assert ran(dag)["start[0]"] == "skipped"
    assert len(runs(flow, forgotten)) == 1


def test_unreachable_register_fails_the_run_with_remedy(
    flow: Flow, dag: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AFSCHRIFT_REGISTER", f"sqlite:///{tmp_path}/nowhere/register.db")
    assert ran(dag)["sweep"] == "failed"
    assert "cannot be opened. What to do: make its folder" in flow.log
