"""What all tests share: the project's root, sample databases and Debian programs that may be absent."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import URL, Engine
from sqlalchemy.util import LRUCache
from testbed import postgres as pg
from tests import airflow_support
from tests.support import mariadb
from tests.support.command_line import programs_made_once
from tests.support.demo_warehouse import small_demo
from tests.support.installed import Installation, installed
from tests.support.open_zips import BY_DECISION, OpenZips, open_zips
from tests.support.properties import register_profiles
from tests.support.running_tests import CpuSeconds, LostWorkers

pytest_plugins = ["afschrift.testing"]

ROOT = Path(__file__).parents[1]
COLLECTED = pytest.StashKey[list[str]]()

STARTED = {
    *("postgres_server", "mariadb_server", "browser", "airflow_env"),  # fixtures
    *(
        "postgresql",
        "postgres",
        "mysql",
        "mariadb",
        "sqlalchemy",
    ),  # parameters of those that start one by name
}

register_profiles()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs_program(name): skipped where the program is absent; in CI its absence is a failure"
    )
    config.addinivalue_line("markers", f"{BY_DECISION}: leaves a bundle open at a destination, by decision")
    config.pluginmanager.register(OpenZips())
    config.pluginmanager.register(CpuSeconds())
    config.pluginmanager.register(LostWorkers())


@pytest.fixture(scope="session", autouse=True)
def _nothing_lies_open(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    yield
    assert open_zips(tmp_path_factory.getbasetemp()) == [], (
        "left open at a destination by tests that share it"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what `make test-quick` leaves out, by the fixtures and parameters of a test."""
    config.stash[COLLECTED] = [item.nodeid for item in items]
    for item in items:
        wanted = {*getattr(item, "fixturenames", ())}
        if call := getattr(item, "callspec", None):
            wanted |= {parameter for parameter in call.params.values() if isinstance(parameter, str)}
        if wanted & STARTED or item.get_closest_marker("airflow"):
            item.add_marker("server")
        if item.nodeid.startswith(("tests/e2e/", "tests/privacy/")):
            item.add_marker("slow")


def pytest_collection_finish() -> None:
    """What collecting made stays to the end: half a million objects that no later collection need walk.

    What tests leave lies in few cycles, so it is looked for a thirtieth as often as Python does by itself.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs_program"):
        for name in marker.args:
            _require(name)


def _require(program: str, path: str | None = None) -> None:
    if shutil.which(program, path=path):
        return
    reason = f"the program {program} is not installed (.ci/run installs it)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def _made_once() -> Iterator[None]:
    """What a process makes once outside tests, and would make for each of them here.

    The product keeps compiled statements by the address of a register, of which a process has one. A test
    process has thousands, and compiling takes as long as a small test does: what was compiled for the first
    register on a kind of database serves all. A dialect is shared once it learned of its server what it
    compiles by, with the first connection.
    """
    from afschrift.register.database import database

    by_address = database._compiling.__wrapped__
    first: dict[str, tuple[Engine, LRUCache[Any, Any]]] = {}

    @lru_cache(maxsize=8)
    def compiling(url: URL) -> tuple[Engine, LRUCache[Any, Any]]:
        own = by_address(url)
        known, statements = first.setdefault(url.drivername, own)
        if known is own[0] or getattr(known.dialect, "server_version_info", None) is None:
            return own
        return Engine(own[0].pool, known.dialect, url, hide_parameters=True), statements

    with programs_made_once(), patch.object(database, "_compiling", compiling):
        yield


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder of this clone."""
    return ROOT


@pytest.fixture(scope="session")
def collected_ids(pytestconfig: pytest.Config) -> list[str]:
    """Ids of all tests, with those that `-m` and `-k` leave out; empty where some files alone are collected."""
    whole = [ROOT / path for path in pytestconfig.args] == [ROOT / "tests"]
    return pytestconfig.stash[COLLECTED] if whole else []


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Sample databases beside the clone. No clone has to have them, so CI skips without them too."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no sample databases in ../shared/data beside this clone")
    return folder


@pytest.fixture(scope="session")
def demo_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo warehouse; copy it before changing it."""
    return small_demo(tmp_path_factory)


@pytest.fixture
def installation(demo_warehouse: Path, tmp_path: Path) -> Iterator[Installation]:
    """Keys, an empty register and a copy of the demo's warehouse."""
    with installed(demo_warehouse, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def airflow_env(tmp_path_factory: pytest.TempPathFactory) -> airflow_support.AirflowEnv:
    """Airflow on a private home with fresh tables, for all tests of this process."""
    return airflow_support.load(tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium. While it is there an event loop runs in this thread, so it does not outlive a module."""
    _require("chromium")
    with sync_playwright() as playwright:
        found = shutil.which("chromium")
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[pg.Server]:
    """A PostgreSQL server of this test process."""
    with pg.running(durable=False) as server:
        yield server


@pytest.fixture
def new_postgres(postgres_server: pg.Server) -> Iterator[Callable[..., pg.Database]]:
    """Makes databases that are dropped after the test."""
    made: list[pg.Database] = []

    def make(options: str = "") -> pg.Database:
        made.append(postgres_server.create(options))
        return made[-1]

    yield make
    for database in made:
        postgres_server.drop(database)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[mariadb.Server]:
    """A MariaDB server of this test process, where the program is installed."""
    _require("mariadbd", mariadb.PATH)
    with mariadb.running(str(mariadb.program())) as server:
        yield server


@pytest.fixture
def postgres(new_postgres: Callable[..., pg.Database]) -> pg.Database:
    """A PostgreSQL database of this test's own."""
    return new_postgres()
