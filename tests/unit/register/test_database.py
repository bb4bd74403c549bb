"""The connection of a process, what a write remembers of its rows, and who follows events once they are committed."""

import multiprocessing
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from testbed import registers
from testbed.registers import set_up
from testbed.running import drive, hand_over, store

from afschrift.app.settings import Settings
from afschrift.domain.event import Header, NewEvent
from afschrift.register.database.tables import request
from afschrift.register.database.written import listening, written
from afschrift.register.keys.store import KeyStore
from afschrift.register.open import open_register
from afschrift.register.register import Register
from afschrift.register.trail import trail
from afschrift.register.trail.attested_rows import ATTESTED_TABLES
from afschrift.services import Services


@pytest.fixture
def register(tmp_path: Path, keys: KeyStore) -> Register:
    return Register(registers.place(tmp_path / "register.db"), keys)


def connection(register: Register) -> int:
    with register.store.database.read() as tx:
        return id(tx.connection.driver_connection)


def test_reading_the_version_takes_no_second_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each task opens the register, and on PostgreSQL a connection costs more than what is asked by it."""
    settings = Settings.from_environment({"AFSCHRIFT_HOME": str(tmp_path)})
    set_up(settings)
    opened: list[str] = []
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3.dbapi2, "connect", lambda *where, **how: opened.append(where[0]) or connect(*where, **how)
    )
    open_register(settings).trail.head()
    assert len(opened) == 1


def test_compiled_statements_are_shared_by_steps(
    register: Register, keys: KeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step of a task has a register of its own; a fork finds what its parent compiled."""
    for _ in range(2):  # a connection that is taken again is tried first, with a statement too
        register.trail.record(None, NewEvent("counted"))
    another = Register(registers.place(tmp_path / "register.db"), keys)

    def compiled(*_: object, **__: object) -> None:
        pytest.fail("a statement was compiled anew")

    monkeypatch.setattr(SQLiteCompiler, "__init__", compiled)
    another.trail.record(None, NewEvent("counted"))
    assert connection(another) != connection(register)


def test_a_fork_makes_its_own_and_leaves_its_parents_alone(register: Register, tmp_path: Path) -> None:
    mine = connection(register)
    register.trail.record(None, NewEvent("counted"))
    assert connection(register) == mine

    def in_the_fork() -> None:
        results.put(connection(register) != mine)
        register.trail.record(None, NewEvent("counted"))

    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()
    for _ in range(3):
        child = fork.Process(target=in_the_fork)
        child.start()
        assert results.get() is True
        child.join()
        assert child.exitcode == 0
        register.trail.record(None, NewEvent("counted"))
    assert connection(register) == mine
    assert register.trail.head()[0] == 7
    assert register.trail.verify() == []
    with closing(sqlite3.connect(tmp_path / "register.db")) as other:
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_cached_rows_equal_the_database_at_each_commit(services: Services) -> None:
    compared: Counter[str] = Counter()
    database = services.register.requests._db  # the one that all parts of the register share
    enter = database.before_commit
    assert enter is not None

    def compare(tx: Connection) -> Callable[[], object]:
        for (name, of), remembered in written(tx).known.items():
            table = ATTESTED_TABLES[name]
            owner = table.c.id if table is request else table.c.request_id
            there = [row._asdict() for row in tx.execute(select(table).where(owner == of))]
            rows = [row._asdict() for row in ([remembered] if table is request else remembered)]
            by = lambda row: repr(sorted(row.items()))  # noqa: E731
            assert sorted(rows, key=by) == sorted(there, key=by), name
            compared[name] += len(there)
        return enter(tx)

    database.before_commit = compare
    asked = store(services, {"customer_id": "1"})
    drive(services, asked)
    hand_over(services, asked)

    assert {"request", "step", "fact", "delivery"} <= set(+compared)


def test_a_write_that_reads_the_trail_sees_what_it_appended(services: Services) -> None:
    asked = store(services, {"customer_id": "1"})
    with services.register.requests._db.write() as tx:
        trail.append(tx, "2026-06-01T10:00:00Z", [(asked, NewEvent("note"))])
        assert [header.type for header, _ in trail.each(tx, asked)][-1] == "note"


class Heard(list[tuple[int, str, dict[str, Any]]]):
    def __call__(self, header: Header, payload: dict[str, Any]) -> None:
        self.append((header.seq, header.type, payload))


def test_listener_gets_each_event_as_it_is_read_later(register: Register) -> None:
    heard = Heard()
    register.trail.record(None, NewEvent("before"))

    with listening(heard):
        register.trail.record(None, NewEvent("counted", payload={"n": 1, "of": ("a", "b"), "s": 2.0}))
        register.trail.record(None, NewEvent("one"), NewEvent("two"))
    register.trail.record(None, NewEvent("after"))

    assert heard == [(2, "counted", {"n": 1, "of": ["a", "b"], "s": 2}), (3, "one", {}), (4, "two", {})]
    read = [(header.seq, header.type, payload) for header, payload in register.trail.events()]
    assert heard == read[1:4]


def test_nothing_is_heard_of_before_its_commit_nor_after_a_failure(register: Register) -> None:
    heard = Heard()
    database = register.store.database

    with listening(heard), pytest.raises(ZeroDivisionError), database.write() as tx:
        register.trail._append(tx, None, NewEvent("lost"))
        assert heard == []
        raise ZeroDivisionError
    with listening(heard), database.write() as tx:
        register.trail._append(tx, None, NewEvent("kept"))
        register.trail._append(tx, None, NewEvent("kept_too"))
        assert heard == []

    assert [type_ for _, type_, _ in heard] == ["kept", "kept_too"]


def test_every_register_that_is_opened_meanwhile_is_followed(register: Register) -> None:
    heard = Heard()
    url = str(register.store.database.url)

    with listening(heard):
        Register(url, register.store.keys).trail.record(None, NewEvent("elsewhere"))

    assert heard == [(1, "elsewhere", {})]
