"""The one connection that a process keeps to a register on SQLite, and that a fork does not touch."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from testbed import registers
from testbed.registers import set_up

from afschrift.app.settings import Settings
from afschrift.domain.event import NewEvent
from afschrift.register.keys.store import KeyStore
from afschrift.register.open import open_register
from afschrift.register.register import Register


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
