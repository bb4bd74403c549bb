"""A real Airflow, as `afschrift up` starts it: scheduler, workers, REST API."""

from __future__ import annotations

import os
import re
import socket
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
from tests.airflow_support import Installation, installed


@dataclass
class Running:
    """Airflow, what it works for, and somebody who is logged in."""

    installation: Installation
    client: httpx.Client

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the REST API, again while it answers 500: Airflow on SQLite does so while it is locked."""
        for _ in range(20):
            answer = self.client.request(method, f"/api/v2{path}", **more)
            if answer.status_code != httpx.codes.INTERNAL_SERVER_ERROR:
                break
            time.sleep(0.5)
        return answer

    def call(self, method: str, path: str, **more: Any) -> Any:
        """What the REST API says of the DAG."""
        return self.ask(method, f"/dags/fulfil_request{path}", **more).raise_for_status().json()

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, params=query)

    def trigger(self, request: str, **conf: Any) -> str:
        from afschrift.airflow_ext.trigger import trigger

        return trigger(request, conf)

    def tasks(self, run: str) -> dict[str, dict[str, Any]]:
        """Task instances by name; a mapped one as `extract[0]`."""
        found = self.get(f"/dagRuns/{run}/taskInstances", limit=100)["task_instances"]
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

    def wait(self, run: str, seconds: float = 120) -> str:
        """State in which a run ends."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            state = self.get(f"/dagRuns/{run}")["state"]
            if state in ("success", "failed"):
                return str(state)
            time.sleep(0.1)
        pytest.fail(f"run {run} did not end: { {n: t['state'] for n, t in self.tasks(run).items()} }")


@contextmanager
def airflow_up(
    warehouse: Path, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """`afschrift up` on a copy of a warehouse; it must end with all its children on SIGTERM."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
        up = subprocess.Popen(command, stdout=terminal, stderr=terminal, env=env)
        try:
            wait_for(lambda: "Ctrl-C ends it" in said(terminal) or up.poll() is not None, 180)
            [password] = re.findall(r"user admin, password (\S+)", said(terminal))
            login = {"username": "admin", "password": password}
            token = client.post("/auth/token", json=login).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            yield Running(installation, client)
        finally:
            up.terminate()
            code = up.wait(60)
        assert (code, children(installation.home)) == (0, []), said(terminal)


def said(terminal: IO[str]) -> str:
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


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Until a condition holds; the test fails where it does not."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            pytest.fail("the state did not come")
        time.sleep(0.02)
