"""Airflow in tests: a private home with its tables, a demo warehouse, an installation of Afschrift.

To use it, import the fixtures into a conftest.py or a test module:

    from tests.airflow_support import airflow_env, demo_warehouse, installation, once  # noqa: F401

    def test_something(airflow_env, installation):
        request = installation.submit(HEAVY.number, "portability")
        outcome = airflow_env.run({"request": request})
        assert outcome.state == "success"

Airflow reads its home when it is imported, once a process: a module that uses these fixtures imports
airflow, and what imports airflow, inside its functions.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]

ONCE = (
    *("acknowledged", "assessed", "accepted", "plan_frozen", "extracted app", "extracted shop"),
    *("validated", "sealed", "packed", "bundle_delivered", "closed"),
)
"""Events of the demo's requests that stand once in the trail, however often a task ran."""

Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes a folder once, for all processes of a parallel test run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder = shared / name
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                unfinished = shared / f"{name}.unfinished"
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                fill(unfinished)
                unfinished.rename(folder)
        return folder

    return make


@dataclass
class AirflowEnv:
    """Airflow loaded in this process.

    Attributes:
        home: its AIRFLOW_HOME.
        lines: progress of the last run.
    """

    home: Path
    lines: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        """All that Airflow and the tasks logged in this process so far."""
        return (self.home / "logs" / "run.log").read_text(encoding="utf-8")

    def dag(self) -> Any:
        """`fulfil_request`, read anew; retries come at once."""
        from afschrift.airflow_ext.local import load_dag

        dag = load_dag()
        for task in dag.task_dict.values():
            task.retry_delay = timedelta(0)
            task.retry_exponential_backoff = 0
        return dag

    def run(self, conf: Mapping[str, Any], on_line: Callable[[str], None] = lambda line: None) -> Any:
        """Run the real DAG to its end; the `Outcome`."""
        from afschrift.airflow_ext.local import run_dag

        self.lines = []

        def heard(line: str) -> None:
            self.lines.append(line)
            on_line(line)

        return run_dag(self.dag(), conf, heard)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of Airflow's own database."""
        import sqlite3

        with sqlite3.connect(self.home / "airflow.db") as connection:
            return connection.execute(statement, values).fetchall()


@pytest.fixture(scope="session")
def airflow_env(tmp_path_factory: pytest.TempPathFactory) -> AirflowEnv:
    """Airflow on a private home with fresh tables (about a second), for all tests of this process."""
    if not _loaded:
        _loaded.append(_load(tmp_path_factory.mktemp("airflow")))
    return _loaded[0]


_loaded: list[AirflowEnv] = []
"""At most one: several conftest files may import the fixture, and Airflow is loaded once a process."""


def _load(home: Path) -> AirflowEnv:
    if "airflow" in sys.modules:
        pytest.fail("a test module imports airflow at its top: see tests/airflow_support.py", pytrace=False)
    (home / "logs").mkdir()
    os.environ.update(_environment(home))
    from afschrift.airflow_ext.local import log_to

    log_to(home / "logs" / "run.log")
    from airflow.utils.db import initdb

    initdb()
    return AirflowEnv(home)


def _environment(home: Path) -> dict[str, str]:
    from afschrift.airflow_ext.environment import environment
    from afschrift.app.settings import Settings

    ours = environment(Settings.from_environment(), home)
    return {name: value for name, value in ours.items() if name.startswith("AIRFLOW")}


@pytest.fixture(scope="session")
def demo_warehouse(once: Once) -> Path:
    """A small demo warehouse; copy it before changing it."""

    def build(into: Path) -> None:
        command = [sys.executable, "-m", "demo.build", "--into", str(into), "--scale", "0.02"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    return once("demo-warehouse", build)


CUSTOMERS = tuple(n for n in range(100_006, 100_030) if n != 100_017)
"""Ordinary customers of the small demo, of whom no question is asked: one for each request that stays open."""


@dataclass
class Installation:
    """An empty installation on a warehouse of its own.

    Attributes:
        home: AFSCHRIFT_HOME.
        warehouse: the demo's sources, to be broken at will.
    """

    home: Path
    warehouse: Path

    @property
    def services(self) -> Any:
        """The use cases' services."""
        from afschrift.wiring.services import build

        return build(lambda line: None)

    def submit(self, customer: int | str, right: str, *, authenticated: bool = True, **more: Any) -> str:
        """Store a request of a customer; its id."""
        from afschrift.casework.intake.store import Intake, submit

        content = {
            "message": "Please send me my data.",
            "channel": "portal",
            "received_at": "2026-06-10T09:30:00+02:00",
            "right": right,
            "keys": {"customer_id": str(customer)},
        } | more
        if authenticated:
            content["authenticated"] = {
                "by": "login",
                "level": "substantial",
                "at": "2026-06-10T09:29:00+02:00",
            }
        [request] = submit(self.services, Intake.model_validate_json(json.dumps(content)), "test")
        return request

    def state(self, request: str) -> str:
        """Of a request."""
        return str(self.services.register.requests.get(request).state)

    def events(self, request: str) -> list[tuple[str, dict[str, Any]]]:
        """Type and payload of each event of a request."""
        return [
            (header.type, payload or {}) for header, payload in self.services.register.trail.events(request)
        ]

    def counted(self, request: str) -> Counter[str]:
        """How often each event of a step stands, whatever the number of runs; an extract counts by source."""
        return Counter(
            f"{kind} {payload['source']}" if kind == "extracted" else kind
            for kind, payload in self.events(request)
            if kind not in ("state_changed", "run_started", "run_ended")
        )

    def packed(self, request: str) -> str:
        """Digest of the one bundle that was packed."""
        [digest] = [payload["bundle"] for kind, payload in self.events(request) if kind == "packed"]
        return str(digest)

    @property
    def bundles(self) -> list[Path]:
        """What was delivered."""
        return sorted((self.home / "outbox").glob("*.zip"))


@contextmanager
def installed(warehouse: Path, folder: Path) -> Iterator[Installation]:
    """An installation in a folder, on a copy of a warehouse; the environment names it while it is open."""
    from afschrift.app.settings import Settings
    from afschrift.register.open import initialise

    copy = folder / "warehouse"
    shutil.copytree(warehouse, copy)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AFSCHRIFT_")]:
            patch.delenv(name)
        patch.setenv("AFSCHRIFT_HOME", str(folder / "home"))
        patch.setenv("AFSCHRIFT_DEMO_DATA", str(copy))
        initialise(Settings.from_environment())
        yield Installation(folder / "home", copy)


@pytest.fixture
def installation(demo_warehouse: Path, tmp_path: Path) -> Iterator[Installation]:
    """Keys, an empty register and a copy of the demo's warehouse."""
    with installed(demo_warehouse, tmp_path) as made:
        yield made


@contextmanager
def api_server() -> Iterator[Any]:
    """What Airflow's API server runs, with the DAG `fulfil_request` in its database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")  # its import sets it; other tests are no server
        from airflow.api_fastapi.main import app
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
        from airflow.utils.session import create_session
        from sqlalchemy import text

        from afschrift.airflow_ext.environment import DAGS

        with create_session() as session:
            session.execute(text("INSERT OR IGNORE INTO dag_bundle (name) VALUES ('dags-folder')"))
        sync_bag_to_db(DagBag(dag_folder=str(DAGS / "fulfil_request.py")), "dags-folder", None)
        yield app


def log_in(user: str, role: str = "user") -> str:
    """The token of somebody who is logged in to Airflow."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return str(get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=user, role=role)))
