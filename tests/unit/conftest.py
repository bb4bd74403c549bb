"""A real register for each test, on SQLite and by night on PostgreSQL; an installation over the small shop."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from testbed import mini, registers, small
from testbed import postgres as pg
from testbed.running import installation
from tests.support.forging import unguarded
from tests.support.kept import Kept
from tests.support.nightly import DATABASES, nightly_after

from afschrift.domain.keys import Key
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.register import schema
from afschrift.register.database.database import Database
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.services import Services

Open = Callable[..., Request]
Sql = Callable[..., None]
AtOnce = Callable[[str, int], list[str]]
"""Types of the fixtures `open_one`, `as_operator` and `at_once`."""
RECEIVED = "2026-03-02T09:00:00+01:00"
PERSON = (Key("customer_id", "C-10042"), Key("email", "Anneke.Jansen@example.org"))


class Ticking:
    """A clock that gains a second each time it is asked, so that order is certain."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def keys(tmp_path: Path, clock: Ticking) -> KeyStore:
    return KeyStore.create(tmp_path / "keys" / "keys.json", clock)


@pytest.fixture
def key_file(keys: KeyStore, tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.json"


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: pg.Server) -> pg.Database:
    """A register without rows, to be copied: migrations cost more than most tests."""
    database = postgres_server.create()
    schema.upgrade(database.url)
    return database


@pytest.fixture(params=nightly_after(1, DATABASES))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a register without rows, of this test's own."""
    if request.param == "sqlite":
        yield registers.place(tmp_path / "register.db")
        return
    server: pg.Server = request.getfixturevalue("postgres_server")
    database = server.copy(request.getfixturevalue("migrated_postgres"))
    yield database.url
    server.drop(database)


@pytest.fixture(params=nightly_after(1, DATABASES))
def next_register(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Give the next home that is opened a register of its own; on SQLite it has one anyway."""
    if request.param == "sqlite":
        yield lambda: None
        return
    server: pg.Server = request.getfixturevalue("postgres_server")
    migrated, made = request.getfixturevalue("migrated_postgres"), list[pg.Database]()

    def give() -> None:
        made.append(server.copy(migrated))
        monkeypatch.setenv("AFSCHRIFT_REGISTER", made[-1].url)

    yield give
    for database in made:
        server.drop(database)


@pytest.fixture
def register(url: str, keys: KeyStore, clock: Ticking) -> Register:
    return Register(url, keys, clock)


@pytest.fixture
def open_one(register: Register) -> Open:
    def open_request(
        keys: tuple[Key, ...] = PERSON, received_at: str = RECEIVED, case: str | None = None, **more: object
    ) -> Request:
        if case is None:
            case = register.cases.open(
                b"Graag al mijn gegevens. Anneke Jansen", "mail", received_at, received_at
            )
        return register.requests.open(
            case,
            Right.ACCESS,
            received_at,
            "Europe/Amsterdam",
            "nl",
            ("csv", "json"),
            "outbox",
            keys,
            {"email"},
            **more,  # type: ignore[arg-type]
        )

    return open_request


@pytest.fixture
def opened(open_one: Open) -> Request:
    """A request of `PERSON`."""
    return open_one()


@pytest.fixture
def as_operator(url: str) -> Iterator[Sql]:
    """Run SQL as the owner of the database, who has removed the guards."""
    database = Database(url)

    def run(*statements: str, **values: object) -> None:
        with database.write() as tx, unguarded(tx):
            if database.sqlite:
                tx.execute(text("PRAGMA defer_foreign_keys = ON"))
            for statement in statements:
                tx.execute(text(statement), values)

    yield run


@pytest.fixture
def at_once(url: str, keys: KeyStore, tmp_path: Path) -> AtOnce:
    """Runs a script in several processes that start together; gives what each printed.

    The script finds `register`, `me` (0, 1, ...) and the module `time` ready.
    """
    fork = multiprocessing.get_context("fork")

    def work(script: str, me: int, together: Any, pipe: Connection) -> None:
        register = Register(url, KeyStore.open(tmp_path / "keys" / "keys.json"))
        together.wait()
        with redirect_stdout(StringIO()) as printed:
            exec(script, {"register": register, "me": me, "time": time})
        pipe.send(printed.getvalue().strip())

    def run(script: str, processes: int) -> list[str]:
        together = fork.Barrier(processes)
        pipes = [fork.Pipe(duplex=False) for _ in range(processes)]
        started = [
            fork.Process(target=work, args=(script, me, together, pipe)) for me, (_, pipe) in enumerate(pipes)
        ]
        for process in started:
            process.start()
        for process in started:
            process.join(120)
        assert [process.exitcode for process in started] == [0] * processes
        return [heard.recv() for heard, _ in pipes]

    return run


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setenv("MINI_SHOP", str(small.write_database(tmp_path / small.FILE)))
    yield installation(tmp_path / "home", small.write_inventory(tmp_path / "inventory"))


@pytest.fixture
def mini_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """An installation over the mini shop in a SQLite file, for what the small shop has no table for."""
    monkeypatch.setenv("MINI_SHOP", str(mini.write_database(tmp_path / small.FILE)))
    return installation(tmp_path / "home", mini.write_inventory(tmp_path / "inventory", mini.SQLITE_SHOP))
