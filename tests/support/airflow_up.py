"""A real Airflow with scheduler, workers and REST API: as `afschrift up` starts it, or as a scenario does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from tests.support.installed import Installation, installed
from tests.support.mail_server import unused_port

DAG = "fulfil_request"
ADMIN = "admin"
_ENDED = ("success", "failed")
_ASK_AGAIN = 0.4
"""Seconds. To answer takes the API server longer than a test thinks, and takes it from the tasks."""


@dataclass(frozen=True)
class RunEnded:
    """A run of a DAG that ended.

    Attributes:
        state: in which it ended.
        tasks: id -> state; a mapped one as `notify[0]`.
        spans: id -> seconds from its start to its end.
        log: what its tasks logged.
    """

    state: str
    tasks: dict[str, str]
    spans: dict[str, float]
    log: str

    @property
    def seconds(self) -> float:
        """Of all tasks together."""
        return sum(self.spans.values())


@dataclass
class Airflow:
    """An Airflow that runs, and a user who may do everything.

    Attributes:
        client: of that user.
        passwords: pass word of each user.
    """

    client: httpx.Client
    passwords: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where it is, as `AFSCHRIFT_AIRFLOW_URL` has it."""
        return str(self.client.base_url).rstrip("/")

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the REST API."""
        return patient(self.client, method, f"/api/v2{path}", **more)

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """Ask the REST API; what it says."""
        return self.send(method, path, **more).raise_for_status().json()

    def call(self, method: str, path: str, dag: str = DAG, **more: Any) -> Any:
        """What the REST API says of a DAG."""
        return self.ask(method, f"/dags/{dag}{path}", **more)

    def get(self, path: str, dag: str = DAG, **query: Any) -> Any:
        """The same, looked at alone."""
        return self.call("GET", path, dag, params=query)

    def trigger(self, request: str, **conf: Any) -> str:
        """Start the next run of a request; its id."""
        from afschrift.airflow_ext.trigger import trigger

        return trigger(request, conf)

    def tasks(self, run: str, dag: str = DAG) -> dict[str, dict[str, Any]]:
        """Task instances by name, in the order of their start; a mapped one as `extract[0]`."""
        found = self.get(f"/dagRuns/{run}/taskInstances", dag, limit=100)["task_instances"]
        found.sort(key=lambda ti: (ti["start_date"] or "", ti["task_id"]))
        return {
            ti["task_id"] if ti["map_index"] < 0 else f"{ti['task_id']}[{ti['map_index']}]": ti
            for ti in found
        }

    def clear(self, run: str, *tasks: str, downstream: bool = False) -> None:
        """Clear tasks of a run."""
        body = {"dry_run": False, "dag_run_id": run, "only_failed": False, "reset_dag_runs": True}
        parts = [task.rstrip("]").partition("[") for task in tasks]
        body["task_ids"] = [[name, int(index)] if index else name for name, _, index in parts]
        self.call("POST", "/clearTaskInstances", json=body | {"include_downstream": downstream})

    def wait(self, run: str, seconds: float = 300, dag: str = DAG) -> str:
        """State in which a run ends."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            state = self.get(f"/dagRuns/{run}", dag)["state"]
            if state in _ENDED:
                return str(state)
            time.sleep(_ASK_AGAIN)
        states = {name: task["state"] for name, task in self.tasks(run, dag).items()}
        pytest.fail(f"run {run} did not end: {states}")

    def ended(self, run: str, dag: str = DAG) -> RunEnded:
        """Wait for the end of a run; what it came to."""
        state, tasks = self.wait(run, dag=dag), self.tasks(run, dag)
        lines: list[str] = []
        for task in tasks.values():
            if task["try_number"]:
                log = f"/dagRuns/{run}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
                content = self.get(log, dag, map_index=task["map_index"])["content"]
                lines += [str(entry["event"]) for entry in content]
        return RunEnded(
            state,
            {name: str(task["state"]) for name, task in tasks.items()},
            {name: float(task["duration"] or 0) for name, task in tasks.items()},
            "\n".join(lines),
        )

    def check_deadlines(self) -> RunEnded:
        """`check_deadlines`, triggered now, to its end."""
        dag = "check_deadlines"
        run = self.call("POST", "/dagRuns", dag, json={"logical_date": None})["dag_run_id"]
        return self.ended(run, dag)

    def scheduled(self, dag: str = "check_deadlines") -> int:
        """How many runs the scheduler began by itself."""
        return int(self.get("/dagRuns", dag, run_type="scheduled")["total_entries"])

    def log_in(self, user: str) -> httpx.Client:
        """A client of a user who is logged in."""
        client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        log_in(client, user, self.passwords[user])
        return client


@dataclass
class Running(Airflow):
    """Airflow, and what it works for."""

    installation: Installation


@contextmanager
def airflow_up(
    warehouse: Path, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """`afschrift up` on a copy of a warehouse; it must end with all its children on SIGTERM."""
    port = unused_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(Path(sys.executable).with_name("afschrift")), "up", "--port", str(port)]
    with (
        installed(warehouse, folder) as installation,
        pytest.MonkeyPatch.context() as patch,
        (folder / "terminal").open("w+") as terminal,
        httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
    ):
        patch.setenv("AFSCHRIFT_AIRFLOW_URL", url)
        env = os.environ | dict(environment or {})
        # Whatever umask it was started with, what it writes is its account's alone.
        up = subprocess.Popen(command, stdout=terminal, stderr=terminal, env=env, umask=0)
        try:
            wait_for(lambda: "Ctrl-C ends it" in printed(terminal) or up.poll() is not None, 180)
            [password] = re.findall(r"user admin, password (\S+)", printed(terminal))
            log_in(client, ADMIN, password)
            yield Running(client, {ADMIN: password}, installation)
        finally:
            up.terminate()
            code = up.wait(60)
        assert (code, children(installation.home)) == (0, []), printed(terminal)


@contextmanager
def airflow_here(users: Collection[str] = ()) -> Iterator[Airflow]:
    """The same, started by this process for the installation of the environment; `users` may log in to it."""
    from afschrift.airflow_ext import up
    from afschrift.airflow_ext.trigger import PASSWORDS

    with (
        pytest.MonkeyPatch.context() as patch,
        up.running(unused_port(), lambda _line: None, dict.fromkeys(users, "user")) as (started, _processes),
        httpx.Client(base_url=started.url, timeout=60, trust_env=False) as client,
    ):
        patch.setenv("AFSCHRIFT_AIRFLOW_URL", started.url)
        passwords = json.loads((started.logs.parent / PASSWORDS).read_text(encoding="utf-8"))
        log_in(client, started.user, started.password)
        airflow = Airflow(client, passwords)
        wait_for(lambda: airflow.send("GET", "/dags/check_deadlines").is_success, asks=True)
        yield airflow


def patient(client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
    """Ask, again while it answers 500: Airflow on SQLite does so while it is locked."""
    for _ in range(20):
        answer = client.request(method, path, **more)
        if answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
            break
        time.sleep(0.5)
    return answer


def log_in(client: httpx.Client, user: str, password: str) -> None:
    """Log a client in to Airflow."""
    answer = patient(client, "POST", "/auth/token", json={"username": user, "password": password})
    client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"


def printed(terminal: IO[str]) -> str:
    """What a process has printed so far."""
    return Path(terminal.name).read_text(encoding="utf-8")


def children(home: Path) -> list[str]:
    """Processes that know an installation by their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if f"AIRFLOW_HOME={home}/airflow".encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_bytes().decode())
    return found


def wait_for(
    condition: Callable[[], bool], seconds: float = 60, *, asks: bool = False, every: float = 0.02
) -> None:
    """Until a condition holds; the test fails where it does not. `asks`: it asks the API server."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            pytest.fail("the state did not come")
        time.sleep(_ASK_AGAIN if asks else every)
