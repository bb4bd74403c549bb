"""What all tests share: the project's root, sample databases and Debian programs that may be absent."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.support import mariadb
from tests.support import postgres as pg

ROOT = Path(__file__).parents[1]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs_program(name): skipped where the program is absent; in CI its absence is a failure"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs_program"):
        for name in marker.args:
            _require(name)


def _require(program: str) -> None:
    if shutil.which(program):
        return
    reason = f"the program {program} is not installed (.ci/run installs it)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder of this clone."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Sample databases beside the clone. No clone has to have them, so CI skips without them too."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no sample databases in ../shared/data beside this clone")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
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
    program = mariadb.program()
    if program is None:
        reason = "the program mariadbd is not installed (.ci/run installs it)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with mariadb.running(program) as server:
        yield server


@pytest.fixture
def postgres(new_postgres: Callable[..., pg.Database]) -> pg.Database:
    """A PostgreSQL database of this test's own."""
    return new_postgres()
