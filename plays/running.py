"""An Airflow that runs, and what a play does on it by REST: `check_deadlines`, runs of requests, log-ins."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from tests.support.mail_server import unused_port

from afschrift.airflow_ext import up
from afschrift.airflow_ext.trigger import PASSWORDS
from plays.stage import Checked

_ENDED = ("success", "failed")
_SECONDS = 300


@dataclass(frozen=True)
class Airflow:
    """An Airflow that runs.

    Attributes:
        url: base URL.
        client: of somebody who may do everything.
        passwords: file with the pass word of each user.
    """

    url: str
    client: httpx.Client
    passwords: Path

    def check(self) -> Checked:
        """`check_deadlines`, triggered now, to its end."""
        dag = "check_deadlines"
        run = self.ask("POST", f"/dags/{dag}/dagRuns", json={"logical_date": None})["dag_run_id"]
        self.ended(run, dag)
        return self.checked(run, dag)

    def checked(self, run: str, dag: str = "fulfil_request") -> Checked:
        """What a run came to."""
        place = f"/dags/{dag}/dagRuns/{run}"
        tasks = self.ask("GET", f"{place}/taskInstances")["task_instances"]
        states, spans, lines = {}, {}, []
        for task in sorted(tasks, key=lambda task: (task["start_date"] or "", task["task_id"])):
            index = task["map_index"]
            name = task["task_id"] if index < 0 else f"{task['task_id']}[{index}]"
            states[name], spans[name] = str(task["state"]), float(task["duration"] or 0)
            if task["try_number"]:
                log = f"{place}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
                content = self.ask("GET", log, params={"map_index": index})["content"]
                lines += [str(entry["event"]) for entry in content]
        return Checked(str(self.ask("GET", place)["state"]), states, spans, "\n".join(lines))

    def ended(self, run: str, dag: str = "fulfil_request") -> str:
        """Wait for the end of a run; its state."""
        place = f"/dags/{dag}/dagRuns/{run}"
        until(lambda: self.ask("GET", place)["state"] in _ENDED)
        return str(self.ask("GET", place)["state"])

    def scheduled(self) -> int:
        """How many runs of `check_deadlines` the scheduler began."""
        query = {"run_type": "scheduled"}
        return int(self.ask("GET", "/dags/check_deadlines/dagRuns", params=query)["total_entries"])

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """Ask the REST API."""
        return patient(self.client, method, f"/api/v2{path}", **more).raise_for_status().json()

    def login(self, user: str) -> httpx.Client:
        """A client of somebody who is logged in."""
        password = json.loads(self.passwords.read_text(encoding="utf-8"))[user]
        client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        answer = patient(client, "POST", "/auth/token", json={"username": user, "password": password})
        client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
        return client


@contextmanager
def running(users: Collection[str] = ()) -> Iterator[Airflow]:
    """Airflow as `afschrift up` starts it, by the environment; `users` may log in to it."""
    with up.running(unused_port(), lambda _line: None, users) as (started, _processes):
        airflow = Airflow(started.url, httpx.Client(), started.logs.parent / PASSWORDS)
        with closing(airflow.login(started.user)) as client:
            airflow = replace(airflow, client=client)
            until(lambda: client.get("/api/v2/dags/check_deadlines").is_success)
            yield airflow


def patient(client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
    """Ask, again while SQLite below Airflow is busy."""
    for _ in range(20):
        answer = client.request(method, path, **more)
        if answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
            break
        time.sleep(0.5)
    return answer


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: it does not within some minutes.
    """
    end = time.monotonic() + _SECONDS
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"Airflow did not get there within {_SECONDS} seconds")
        time.sleep(0.25)
