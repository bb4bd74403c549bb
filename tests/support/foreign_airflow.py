"""An Airflow of another team in an environment of Python: its five processes, and a DAG that is not ours.

Each process, and each fork of it, writes down which modules it has loaded when it ends.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import httpx
from testbed.fleet.servers import unused_port

PARTS = {
    "api-server": ("api-server", "--host", "127.0.0.1", "--port"),
    "scheduler": ("scheduler",),
    "triggerer": ("triggerer",),
    "dag-processor": ("dag-processor",),
    "worker": ("celery", "worker", "--concurrency", "1", "--skip-serve-logs"),
}
"""Name of a process -> arguments of `airflow`; the port of the API server comes last."""

SECONDS = 240
_LOG_IN = {"username": "admin", "password": "of a test"}

# Both executors fork: one the scheduler, one the worker. Neither lets `atexit` run in a fork.
_WRITES = """
import atexit, os, sys
if folder := os.environ.get("MODULES_INTO"):
    def write():
        with open(f"{folder}/{os.getpid()}", "w") as file:
            print(*sorted(sys.modules), sep="\\n", file=file)
    leave = os._exit
    def leave_after(code):
        write()
        leave(code)
    os._exit = leave_after
    atexit.register(write)
"""

_DAG = """
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule="@once", start_date=datetime(2026, 1, 1), catchup=False)
def foreign():
    @task(executor="LocalExecutor")
    def in_a_fork_of_the_scheduler():
        print("done")

    @task(executor="CeleryExecutor")
    def in_a_fork_of_the_worker():
        print("done")

    in_a_fork_of_the_scheduler() >> in_a_fork_of_the_worker()

foreign()
"""


class Cost(NamedTuple):
    """What a process took, with the forks of it that have ended."""

    seconds: float
    megabytes: float


@dataclass
class ForeignAirflow:
    """One that runs.

    Attributes:
        folder: its home, and what its processes print.
        url: of its API server.
    """

    folder: Path
    url: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Until something holds; all processes must live meanwhile."""
        until = time.monotonic() + SECONDS
        while not holds():
            ended = [part for part, process in self.processes.items() if process.poll() is not None]
            assert not ended, f"{ended} ended: see {self.folder}\n{self.log(ended[0])[-2000:]}"
            assert time.monotonic() < until, f"see {self.folder}"
            time.sleep(0.25)

    def answers(self) -> bool:
        """Whether the API server does."""
        try:
            return httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def run(self) -> None:
        """Let the DAG come to its end."""
        self.wait_until(lambda: self._state() in ("success", "failed"))
        assert self._state() == "success", f"see {self.folder}"

    def _state(self) -> str | None:
        with sqlite3.connect(self.folder / "airflow.db") as connection:
            row = connection.execute("SELECT state FROM dag_run WHERE dag_id = 'foreign'").fetchone()
        return row[0] if row else None

    def get(self, path: str, *, logged_in: bool = True) -> httpx.Response:
        """A page or answer of the API server."""
        headers = {}
        if logged_in:
            answer = httpx.post(f"{self.url}/auth/token", json=_LOG_IN, timeout=60)
            headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=60)

    def log(self, part: str) -> str:
        """What a process printed."""
        return (self.folder / f"{part}.log").read_text(encoding="utf-8")

    def costs(self) -> dict[str, Cost]:
        """By process."""
        return {part: _cost(process.pid) for part, process in self.processes.items()}

    def modules(self) -> dict[str, set[str]]:
        """What each process and its forks have loaded; complete once it has ended."""
        return {part: _loaded(self.folder / "modules" / part) for part in self.processes}


def _loaded(folder: Path) -> set[str]:
    files = list(folder.iterdir())
    assert files, f"nothing was written in {folder}"
    names = set().union(*(file.read_text(encoding="utf-8").splitlines() for file in files))
    return {name for name in names if not name.startswith("unusual_prefix_")}  # DAG files, by their folder


def _cost(pid: int) -> Cost:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    ticks = sum(map(int, fields[11:15]))  # user and system, of it and of its children that ended
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    [resident] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return Cost(ticks / os.sysconf("SC_CLK_TCK"), int(resident) / 1000)


@contextmanager
def foreign_airflow(
    python: Path, folder: Path, parts: Iterable[str] = PARTS, **variables: str
) -> Iterator[ForeignAirflow]:
    """Its processes while the context is open.

    Args:
        python: of the environment.
        folder: to work in; it may be there. Modules in its `site` are found first.
        parts: some of `PARTS`.
        variables: of the environment of all processes.
    """
    port = unused_port()
    env = _environment(folder, port) | variables
    airflow = str(python.parent / "airflow")
    with (folder / "migrate.log").open("wb") as log:
        subprocess.run([airflow, "db", "migrate"], env=env, stdout=log, stderr=log, check=True)
    running = ForeignAirflow(folder, f"http://127.0.0.1:{port}")
    try:
        for part in parts:
            into = folder / "modules" / part
            into.mkdir(parents=True)
            given = [*PARTS[part], str(port)] if part == "api-server" else PARTS[part]
            with (folder / f"{part}.log").open("wb") as log:
                running.processes[part] = subprocess.Popen(
                    [airflow, *given],
                    env=env | {"MODULES_INTO": str(into)},
                    cwd=folder,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            if part == "api-server":  # a task that does not reach it fails
                running.wait_until(running.answers)
        yield running
    finally:
        for process in running.processes.values():
            process.terminate()
        for process in running.processes.values():
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask until it ends by itself: only then it writes down its modules."""
    for _ in range(4):
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
            break
        process.terminate()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment(folder: Path, port: int) -> dict[str, str]:
    """A stock Airflow on SQLite, whose Celery has its broker in a file."""
    for name, file, text in (("site", "sitecustomize.py", _WRITES), ("dags", "foreign.py", _DAG)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / file).write_text(text, encoding="utf-8")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AFSCHRIFT", "AIRFLOW", "PYTHON", "VIRTUAL_ENV"))
    }
    passwords = folder / "simple_auth_manager_passwords.json.generated"
    passwords.write_text(json.dumps({_LOG_IN["username"]: _LOG_IN["password"]}), encoding="utf-8")
    address = f"http://127.0.0.1:{port}"
    return kept | {
        "HOME": str(folder),
        "PYTHONPATH": str(folder / "site"),
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API_AUTH__JWT_SECRET": "of a test, and as long as SHA-512 wants it to be: 64 characters.",
        "AIRFLOW__CELERY__BROKER_URL": f"sqla+sqlite:///{folder}/broker.db",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+sqlite:///{folder}/results.db",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor,CeleryExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "1",
    }
