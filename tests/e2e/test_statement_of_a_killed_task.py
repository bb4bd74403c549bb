"""A statement ends at its server when the task that sent it ends: the server's own list is looked at."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from tests.support.warehouses import database_of

PLUGINS = Path(__file__).parents[2] / "plugins"
# As in Airflow's task runner, SIGTERM does in the middle of a statement what the operator's `on_kill` does.
# PostgreSQL's driver lets no signal through, so there Airflow kills the process.
TASK = """
import signal, sys
from afschrift.sources.read_session import interrupt_all
from afschrift.sources.registry import open_source
signal.signal(signal.SIGTERM, lambda *_: interrupt_all())
options = {"statement_timeout": sys.argv[3]}
with open_source("w", sys.argv[1], options, connection="w", tag="R-1") as session:
    print("open", flush=True)
    session.rows(sys.argv[2])
"""
SLOW = {
    "mysql": "SELECT count(*) FROM seq_1_to_100000 a, seq_1_to_100000 b WHERE a.seq * b.seq = -1",
    "postgres": "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b WHERE a * b = -1",
}


def running(kind: str, database: object) -> Callable[[], int]:
    """The number of statements that the server says are running for the task."""
    if kind == "mysql":
        query = (
            "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '/* afschrift R-1 */%seq_1%'"
        )

        def ask() -> int:
            with database.connect() as connection, connection.cursor() as cursor:  # type: ignore[attr-defined]
                cursor.execute(query)
                return int(cursor.fetchone()[0])

        return ask
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'afschrift R-1' AND state = 'active'"
    )
    return lambda: int(psycopg.connect(database.libpq).execute(query).fetchone()[0])  # type: ignore[attr-defined,index]


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.1)
    return condition()


@pytest.mark.parametrize(
    ("kind", "by", "limit"),
    [
        ("postgres", signal.SIGKILL, "1h"),
        ("mysql", signal.SIGTERM, "1h"),
        (
            "mysql",
            signal.SIGKILL,
            "4s",
        ),  # the server does not see that the process is gone: it ends by its limit
    ],
)
def test_a_statement_ends_at_the_server_with_its_task(
    kind: str, by: signal.Signals, limit: str, request: pytest.FixtureRequest
) -> None:
    with database_of(kind, request) as database:
        uri = database.uri() if kind == "mysql" else database.libpq
        env = os.environ | {"AIRFLOW_CONN_W": uri, "PYTHONPATH": str(PLUGINS)}
        command = [sys.executable, "-c", TASK, kind, SLOW[kind], limit]
        task = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert task.stdout is not None
            assert any("open" in line for line in task.stdout)
            count = running(kind, database)
            assert within(10, lambda: count() == 1)
            task.send_signal(by)
            assert within(10, lambda: count() == 0)
        finally:
            task.kill()
            task.wait()
