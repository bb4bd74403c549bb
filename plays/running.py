"""`check_deadlines` on an Airflow that runs: triggered by REST, to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
from tests.support.mail_server import unused_port

from afschrift.airflow_ext import up
from plays.stage import Checked

DAG = "/api/v2/dags/check_deadlines"
_ENDED = ("success", "failed")
_SECONDS = 300


@contextmanager
def running() -> Iterator[tuple[Callable[[], Checked], Callable[[], int]]]:
    """Airflow as `afschrift up` starts it, by the environment.

    Gives what runs the check on it, and what counts the runs that its scheduler began.
    """
    with (
        up.running(unused_port(), lambda _line: None) as (started, _processes),
        httpx.Client(base_url=started.url, timeout=60, trust_env=False) as client,
    ):
        login = {"username": started.user, "password": started.password}
        token = client.post("/auth/token", json=login).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        _until(lambda: client.get(DAG).is_success)
        yield partial(_check, client), partial(_scheduled, client)


def _check(client: httpx.Client) -> Checked:
    run = _ask(client, "POST", "/dagRuns", json={"logical_date": None})["dag_run_id"]
    _until(lambda: _ask(client, "GET", f"/dagRuns/{run}")["state"] in _ENDED)
    tasks = _ask(client, "GET", f"/dagRuns/{run}/taskInstances")["task_instances"]
    states, spans, lines = {}, {}, []
    for task in sorted(tasks, key=lambda task: (task["start_date"] or "", task["task_id"])):
        place = task["map_index"]
        name = task["task_id"] if place < 0 else f"{task['task_id']}[{place}]"
        states[name], spans[name] = str(task["state"]), float(task["duration"] or 0)
        if task["try_number"]:
            log = f"/dagRuns/{run}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
            content = _ask(client, "GET", log, params={"map_index": place})["content"]
            lines += [str(entry["event"]) for entry in content]
    return Checked(str(_ask(client, "GET", f"/dagRuns/{run}")["state"]), states, spans, "\n".join(lines))


def _scheduled(client: httpx.Client) -> int:
    return int(_ask(client, "GET", "/dagRuns", params={"run_type": "scheduled"})["total_entries"])


def _ask(client: httpx.Client, method: str, path: str, **more: Any) -> Any:
    """Ask the REST API, again while SQLite below Airflow is busy."""
    for _ in range(20):
        answer = client.request(method, f"{DAG}{path}", **more)
        if answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
            break
        time.sleep(0.5)
    return answer.raise_for_status().json()


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"Airflow did not get there within {_SECONDS} seconds")
        time.sleep(0.25)
