"""A real register for each test, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

import afschrift
from afschrift.core.keys import Key
from afschrift.core.request import Request
from afschrift.core.right import Right
from afschrift.ledger import schema
from afschrift.ledger.database import Database
from afschrift.ledger.keys import KeyStore
from afschrift.ledger.register import Ledger

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


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path}/register.db"
    else:
        address = request.getfixturevalue("postgres").url
    schema.upgrade(address)
    return address


@pytest.fixture
def ledger(url: str, keys: KeyStore, clock: Ticking) -> Ledger:
    return Ledger(url, keys, clock)


@pytest.fixture
def open_one(ledger: Ledger) -> Callable[..., Request]:
    def open_request(
        keys: tuple[Key, ...] = PERSON, received_at: str = RECEIVED, case: str | None = None, **more: object
    ) -> Request:
        if case is None:
            case = ledger.open_case(
                b"Graag al mijn gegevens. Anneke Jansen", "mail", received_at, received_at
            )
        return ledger.open_request(
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
def as_operator(url: str) -> Iterator[Callable[..., None]]:
    """Runs SQL as somebody who owns the database and has taken the guards away."""
    database = Database(url)
    with database.write() as tx:
        for name in ("event_no_replace", "event_payload_no_replace", "event_no_update", "event_no_delete"):
            if database.sqlite:
                tx.execute(text(f"DROP TRIGGER {name}"))
        if database.sqlite:
            tx.execute(text("DROP TRIGGER event_payload_no_delete"))
            tx.execute(text("DROP TRIGGER event_payload_only_erase"))
        else:
            tx.execute(text("ALTER TABLE event DISABLE TRIGGER ALL"))
            tx.execute(text("ALTER TABLE event_payload DISABLE TRIGGER ALL"))

    def run(*statements: str, **values: object) -> None:
        with database.write() as tx:
            if database.sqlite:
                tx.execute(text("PRAGMA defer_foreign_keys = ON"))
            for statement in statements:
                tx.execute(text(statement), values)

    yield run


@pytest.fixture
def at_once(url: str, keys: KeyStore, tmp_path: Path) -> Callable[[str, int], list[str]]:
    """Runs a script in several processes that start together; gives what each printed.

    The script finds `ledger` and `me` (0, 1, ...) ready.
    """
    package = str(Path(afschrift.__file__).parents[1])
    head = (
        "import sys, time, pathlib\n"
        "from afschrift.ledger.keys import KeyStore\n"
        "from afschrift.ledger.register import Ledger\n"
        f"ledger = Ledger({url!r}, KeyStore.open(pathlib.Path({str(tmp_path / 'keys' / 'keys.json')!r})))\n"
        "me = int(sys.argv[1])\n"
        f"pathlib.Path({str(tmp_path)!r}, f'ready{{me}}').touch()\n"
        f"while not pathlib.Path({str(tmp_path)!r}, 'go').exists(): time.sleep(0.005)\n"
    )

    def run(script: str, processes: int) -> list[str]:
        path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
        started = [
            subprocess.Popen(
                [sys.executable, "-c", head + script, str(me)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": path},
            )
            for me in range(processes)
        ]
        while not all((tmp_path / f"ready{me}").exists() for me in range(processes)):
            assert all(p.poll() is None for p in started), [p.communicate() for p in started]
        (tmp_path / "go").touch()
        results = [p.communicate(timeout=120) for p in started]
        assert [p.returncode for p in started] == [0] * processes, results
        return [out.strip() for out, _ in results]

    return run
