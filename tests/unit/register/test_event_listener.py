"""Who follows hears of each event once it is committed, and of nothing that was rolled back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from afschrift.domain.event import Header, NewEvent
from afschrift.register import schema
from afschrift.register.database.written import listening
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register


@pytest.fixture
def register(tmp_path: Path) -> Register:
    address = f"sqlite:///{tmp_path}/register.db"
    schema.upgrade(address)
    return Register(address, KeyStore.create(tmp_path / "keys.json"))


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
