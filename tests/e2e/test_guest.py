"""The installed wheel in another team's Airflow: its five processes, beside the same Airflow without it.

Needs Celery (`make .venv/.celery`), which CI installs.
"""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from testbed.fleet.servers import unused_port
from tests.e2e.test_installed_wheel import UV, python_with_wheel, without_ours

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
        try:
            return httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5).is_success
        except httpx.HTTPError:
            return False

    def run(self) -> None:
        self.wait_until(lambda: self._state() in ("success", "failed"))
        assert self._state() == "success", f"see {self.folder}"

    def _state(self) -> str | None:
        with sqlite3.connect(self.folder / "airflow.db") as connection:
            row = connection.execute("SELECT state FROM dag_run WHERE dag_id = 'foreign'").fetchone()
        return row[0] if row else None

    def get(self, path: str, *, logged_in: bool = True) -> httpx.Response:
        headers = {}
        if logged_in:
            answer = httpx.post(f"{self.url}/auth/token", json=_LOG_IN, timeout=60)
            headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=60)

    def log(self, part: str) -> str:
        return (self.folder / f"{part}.log").read_text(encoding="utf-8")

    def modules(self) -> dict[str, set[str]]:
        """What each process and its forks have loaded; complete once it has ended."""
        return {part: _loaded(self.folder / "modules" / part) for part in self.processes}


def _loaded(folder: Path) -> set[str]:
    files = list(folder.iterdir())
    assert files, f"nothing was written in {folder}"
    names = set().union(*(file.read_text(encoding="utf-8").splitlines() for file in files))
    return {name for name in names if not name.startswith("unusual_prefix_")}  # DAG files, by their folder


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
    passwords = folder / "simple_auth_manager_passwords.json.generated"
    passwords.write_text(json.dumps({_LOG_IN["username"]: _LOG_IN["password"]}), encoding="utf-8")
    address = f"http://127.0.0.1:{port}"
    return without_ours() | {
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


pytestmark = [
    pytest.mark.airflow,
    pytest.mark.nightly,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(
        find_spec("celery") is None and os.environ.get("CI") != "true",
        reason="make .venv/.celery installs Celery",
    ),
]

ONE_MODULE = {"afschrift", "afschrift.entry_points"}
"""It, and the package that it lies in."""
RUN = "/api/v2/dags/foreign/dagRuns/scheduled__2026-01-01T00:00:00+00:00"
PAGES = (
    *("/", "/docs", "/openapi.json", "/api/v2/plugins", "/api/v2/connections", "/ui/connections/hook_meta"),
    f"{RUN}/taskInstances/in_a_fork_of_the_worker/links",
)
"""Of Airflow's own, those that ask plugins and providers for something among them."""


class Beside(NamedTuple):
    """Modules of each process of an Airflow with the wheel, or one without it, and statuses of its pages."""

    modules: dict[str, set[str]]
    statuses: dict[str, int]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Path:
    providers = [f"apache-airflow-providers-{name}" for name in ("celery", "openlineage")]
    return python_with_wheel(tmp_path_factory.mktemp("guest"), project_root, "celery<5.7", *providers)


def lived_through(python: Path, folder: Path) -> Beside:
    """An Airflow whose DAG runs on both executors, and whose pages are looked at."""
    with foreign_airflow(python, folder) as airflow:
        airflow.run()
        statuses = {page: airflow.get(page).status_code for page in PAGES}
    return Beside(airflow.modules(), statuses)


@pytest.fixture(scope="module")
def with_the_wheel(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Beside:
    return lived_through(python, tmp_path_factory.mktemp("with"))


@pytest.fixture
def broken(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForeignAirflow]:
    """An Airflow that is warmed, beside a library of ours that does not fit."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "site").mkdir()
    (folder / "site" / "rfc8785.py").write_text("raise ImportError('made for another Python')\n")
    home = folder / "home"
    home.mkdir()
    with foreign_airflow(python, folder, AFSCHRIFT_WARM="1", AFSCHRIFT_HOME=str(home)) as airflow:
        airflow.run()
        yield airflow


def test_a_broken_library_is_reported_once_and_other_pages_go_on(broken: ForeignAirflow) -> None:
    page, answer = (broken.get(f"/afschrift{path}") for path in ("/", "/api/questions"))

    assert (page.status_code, answer.status_code) == (500, 500)
    assert "The log of the API server says why" in page.text
    assert answer.json()["detail"].startswith("Afschrift cannot be loaded")
    assert "made for another" not in page.text + answer.text
    assert broken.log("api-server").count("cannot be imported, and answer 500") == 1
    assert {broken.get(path).status_code for path in PAGES} == {200}
    for part in ("scheduler", "worker"):
        [line] = [line for line in broken.log(part).splitlines() if "made for another" in line]
        assert "import" in line


def test_each_process_imports_one_module_of_ours(
    with_the_wheel: Beside, python: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    subprocess.run([UV, "pip", "uninstall", "-q", "--python", str(python), "afschrift"], check=True)
    without = lived_through(python, tmp_path_factory.mktemp("without"))

    more = {part: with_the_wheel.modules[part] - without.modules[part] for part in PARTS}
    assert more == dict.fromkeys(PARTS, ONE_MODULE)
    assert with_the_wheel.statuses == without.statuses == dict.fromkeys(PAGES, 200)
