"""What a write remembers of the rows of a request is what the database holds, whatever it wrote meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from testbed import registers
from testbed.running import drive, hand_over, store

from afschrift.domain.event import Header, NewEvent
from afschrift.register.database.tables import request
from afschrift.register.database.written import listening, written
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail import trail
from afschrift.register.trail.attested_rows import ATTESTED_TABLES
from afschrift.services import Services


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


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register(registers.place(tmp_path / "register.db"), KeyStore.create(tmp_path / "keys.json"))


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
