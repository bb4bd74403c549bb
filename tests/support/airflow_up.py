"""A real Airflow with scheduler, workers and REST API: as `afschrift up` starts it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import pytest
from tests.support.installed import Installation, installed
from tests.support.mail_server import unused_port

DAG = "fulfil_request"
_ASK_AGAIN = 0.4
"""Seconds. To answer takes the API server longer than a test thinks, and takes it from the tasks."""


@dataclass
class Running:
    """An Airflow that runs, the client of a user who may do everything, and what it works for."""

    client: httpx.Client
    installation: Installation

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return patient(self.client, method, f"/api/v2{path}", **more)

    def ask(self, method: str, path: str, **more: Any) -> Any:
        return self.send(method, path, **more).raise_for_status().json()

    def call(self, method: str, path: str, dag: str = DAG, **more: Any) -> Any:
        return self.ask(method, f"/dags/{dag}{path}", **more)

    def get(self, path: str, dag: str = DAG, **query: Any) -> Any:
        return self.call("GET", path, dag, params=query)

    def trigger(self, request: str, **conf: Any) -> str:
        from afschrift.airflow_ext.trigger import trigger

        return trigger(request, conf)

    def tasks(self, run: str, dag: str = DAG) -> dict[str, dict[str, Any]]:
        """Task instances by name, in the order of their start."""
        found = self.get(f"/dagRuns/{run}/taskInstances", dag, limit=100)["task_instances"]
        found.sort(key=lambda ti: (ti["start_date"] or "", ti["task_id"]))
        return {ti["task_id"]: ti for ti in found}

    def clear(self, run: str, *tasks: str, downstream: bool = False) -> None:
        body = {"dry_run": False, "dag_run_id": run, "only_failed": False, "reset_dag_runs": True}
        chosen = {"task_ids": tasks, "include_downstream": downstream}
        self.call("POST", "/clearTaskInstances", json=body | chosen)

    def wait(self, run: str, seconds: float = 300, dag: str = DAG) -> str:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            state = self.get(f"/dagRuns/{run}", dag)["state"]
            if state in ("success", "failed"):
                return str(state)
            time.sleep(_ASK_AGAIN)
        states = {name: task["state"] for name, task in self.tasks(run, dag).items()}
        pytest.fail(f"run {run} did not end: {states}")


@contextmanager
def airflow_up(
    warehouse: Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """`afschrift up` on a copy of a warehouse; it must end with all its children on SIGTERM.

    Args:
        environment: more of its environment alone.
        variables: of this process's too, such as another inventory.
    """
    port = unused_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(Path(sys.executable).with_name("afschrift")), "up", "--port", str(port)]
    with (
        installed(warehouse, folder, variables) as installation,
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
            login = patient(client, "POST", "/auth/token", json={"username": "admin", "password": password})
            client.headers["Authorization"] = f"Bearer {login.raise_for_status().json()['access_token']}"
            yield Running(client, installation)
        finally:
            up.terminate()
            code = up.wait(60)
        assert (code, children(installation.home)) == (0, []), printed(terminal)


def patient(client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
    """Ask, again while it answers 500: Airflow on SQLite does so while it is locked."""
    for _ in range(20):
        answer = client.request(method, path, **more)
        if answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
            break
        time.sleep(0.5)
    return answer


def printed(terminal: IO[str]) -> str:
    return Path(terminal.name).read_text(encoding="utf-8")


def children(home: Path) -> list[str]:
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
