"""Runs of the real DAG while the register's database refuses connections or writes."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url
from testbed.postgres import Database, Server
from tests.airflow_support import ONCE, AirflowEnv
from tests.support.installed import CUSTOMERS, Installation
from tests.support.two_sources import installation, two_sources

__all__ = ["installation", "two_sources"]


@pytest.fixture
def on_postgres(
    installation: Installation, postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> Installation:
    """An installation whose register is a PostgreSQL database."""
    from afschrift.app.settings import Settings
    from afschrift.register.open import initialise

    monkeypatch.setenv("AFSCHRIFT_REGISTER", postgres.url)
    initialise(Settings.from_environment())
    return installation


def change_without_connections(server: Server, database: Database, change: str) -> None:
    """Change a database from outside and end its connections, so that each one feels it."""
    name = make_url(database.libpq).database
    Database(server.admin).execute(
        f"ALTER DATABASE {name} {change}",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )


def test_register_that_is_down_briefly_loses_nothing(
    airflow_env: AirflowEnv, on_postgres: Installation, postgres: Database, postgres_server: Server
) -> None:
    request = on_postgres.submit(CUSTOMERS[0], "portability")

    started: list[str] = []

    def unplug(line: str) -> None:
        if line.startswith("classify done"):
            change_without_connections(postgres_server, postgres, "ALLOW_CONNECTIONS false")
        elif line in started:  # the second try
            change_without_connections(postgres_server, postgres, "ALLOW_CONNECTIONS true")
        started.append(line)

    outcome = airflow_env.run({"request": request}, unplug)

    assert outcome.state == "success"
    assert {n for _, n in airflow_env.task_tries(outcome.run_id).values()} == {1, 2}
    assert on_postgres.state(request) == "ready"
    counts = on_postgres.counted(request)
    assert {kind: counts[kind] for kind in ONCE} == dict.fromkeys(ONCE, 1)
    assert on_postgres.services.register.trail.verify() == []


def test_read_only_register_fails_the_run_and_next_goes_on(
    airflow_env: AirflowEnv, on_postgres: Installation, postgres: Database, postgres_server: Server
) -> None:
    request = on_postgres.submit(CUSTOMERS[0], "portability")

    def protect(line: str) -> None:
        if line.startswith("validate done"):
            change_without_connections(postgres_server, postgres, "SET default_transaction_read_only = on")

    outcome = airflow_env.run({"request": request}, protect)

    assert (outcome.state, outcome.failed) == ("failed", ("package", "wipe"))
    assert airflow_env.task_tries(outcome.run_id)["package"] == ("failed", 1)
    assert any("can be read but not written. What to do: give" in line for line in airflow_env.lines)
    before = on_postgres.counted(request)
    assert on_postgres.bundles == []
    [going] = on_postgres.services.register.runs.all(request_id=request, going=True)  # nothing could end it

    change_without_connections(postgres_server, postgres, "RESET default_transaction_read_only")
    assert airflow_env.run({"request": request}).state == "success"

    after = on_postgres.counted(request)
    assert {kind: after[kind] for kind in before} == dict(before)
    assert {kind: after[kind] for kind in ONCE} == dict.fromkeys(ONCE, 1)
    runs = on_postgres.services.register.runs.all(request_id=request)
    assert [(run.id == going.id, run.outcome) for run in runs] == [(True, "lost"), (False, "ready")]
    assert on_postgres.services.register.trail.verify() == []
