"""Runs of `fulfil_request` where one task does all steps (`AFSCHRIFT_TASKS=one`)."""

from __future__ import annotations

import pytest
from tests.airflow_support import ONCE, AirflowEnv
from tests.support.installed import CUSTOMERS, Installation
from tests.support.two_sources import installation, two_sources

__all__ = ["installation", "two_sources"]


@pytest.fixture(autouse=True)
def one_task(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFSCHRIFT_TASKS", "one")


def states(airflow_env: AirflowEnv, run_id: str) -> dict[str, str]:
    rows = airflow_env.rows("SELECT task_id, state FROM task_instance WHERE run_id = ?", run_id)
    return dict(rows)


def test_one_task_does_all_steps_once(airflow_env: AirflowEnv, installation: Installation) -> None:
    request = installation.submit(CUSTOMERS[0], "portability")

    outcome = airflow_env.run({"request": request})

    assert (outcome.state, outcome.failed, outcome.skipped) == ("success", (), ())
    assert states(airflow_env, outcome.run_id) == {"fulfil": "success", "wipe": "success"}
    counts = installation.counted(request)
    assert {kind: counts[kind] for kind in ONCE} == dict.fromkeys(ONCE, 1)
    assert counts["gate_bypassed"] == 0
    kept = (airflow_env.xcoms(outcome.run_id), airflow_env.rendered(outcome.run_id))
    assert kept == ([], []), "each costs a call to the API server"
    assert len(installation.bundles) == 1
    assert installation.state(request) == "ready"
    assert [path for path in (installation.home / "staging").rglob("*") if path.is_file()] == []


def test_next_run_goes_on_after_question(airflow_env: AirflowEnv, installation: Installation) -> None:
    request = installation.submit(CUSTOMERS[0], "portability", authenticated=False)
    outcome = airflow_env.run({"request": request})
    assert (outcome.state, outcome.failed, outcome.skipped) == ("success", (), ("fulfil",))
    assert installation.state(request) == "needs_person"
    assert installation.counted(request)["gate_bypassed"] == 0

    installation.services.register.decisions.take(request, "identity", "confirmed", "officer")
    assert airflow_env.run({"request": request}).state == "success"
    assert installation.state(request) == "ready"


def test_retry_goes_on_after_the_last_finished_step(
    airflow_env: AirflowEnv, installation: Installation
) -> None:
    request = installation.submit(CUSTOMERS[0], "portability")
    outbox = installation.home / "outbox"
    outbox.write_text("a file where the folder should be")
    outcome = airflow_env.run({"request": request})
    assert (outcome.state, outcome.failed) == ("failed", ("fulfil",))

    outbox.unlink()
    assert airflow_env.run({"request": request}).state == "success"
    counts = installation.counted(request)
    assert {kind: counts[kind] for kind in ONCE} == dict.fromkeys(ONCE, 1)
