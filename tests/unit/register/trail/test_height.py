"""A register that is set back by SQL opens nothing, until two people say that it was restored."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from testbed import registers
from tests.support.moves import moved
from tests.support.nightly import both_databases
from tests.unit.conftest import Open, Sql

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request, new_id
from afschrift.domain.state import State
from afschrift.law import dispute
from afschrift.register.database.database import Database
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.differences import ForgedError
from afschrift.register.trail.height import Height

TABLES = ("event_code", "event_payload", "event")
DESTROYING: dict[str, Callable[[Register, str], object]] = {
    "a data key": lambda register, request: register.data_keys.shred(request, "retention_identity"),
    "stray data keys": lambda register, _: register.data_keys.shred_strays("restoration"),
    "older wrapping keys": lambda register, _: register.keys.retire_keks(),
    "an index key": lambda register, _: register.keys.forget_year(2026),
    "a year of the trail": lambda register, _: register.trail.drop_year(2026, "retention_trail"),
}


def cut(as_operator: Sql, after: int, *more: str, **values: object) -> None:
    as_operator(
        *(f"DELETE FROM {table} WHERE seq > :after" for table in TABLES), *more, after=after, **values
    )


def found(register: Register, request: str) -> list[tuple[str, int]]:
    return [(d.code, d.seq) for d in register.evidence.of_request(request)]


@both_databases
def test_events_since_a_decision_deleted(register: Register, opened: Request, as_operator: Sql) -> None:
    register.decisions.take(opened.id, "identity", "confirmed", "officer")
    before = register.trail.head()[0]
    register.decisions.take(opened.id, "identity", "not_confirmed", "officer")
    came_to = register.trail.head()[0]
    cut(as_operator, before, "DELETE FROM decision WHERE choice = 'not_confirmed'")

    for _ in range(3):  # what is written meanwhile makes it no better, also past that number
        assert found(register, opened.id) == [("register_set_back", came_to)]
        assert [d.code for d in register.evidence.differences()] == ["register_set_back"]
        register.trail.record(None, NewEvent("counted"))


@pytest.mark.parametrize("destroy", DESTROYING.values(), ids=DESTROYING)
def test_nothing_is_destroyed_in_a_register_whose_hold_was_cut_off(
    register: Register,
    open_one: Open,
    as_operator: Sql,
    keys: KeyStore,
    clock: Any,
    destroy: Callable[[Register, str], object],
) -> None:
    request = open_one()
    moved(register, request.id, State.WITHDRAWN)
    before = register.trail.head()[0]
    held = dispute.hold(register.disputes.timelines(request.id), date(2026, 3, 2), new_id("hold"), "court")
    register.disputes.record(request.id, lambda _: held, "officer")
    stray = open_one()
    came_to = register.trail.head()[0]
    rows = (
        *("DELETE FROM fact", "DELETE FROM request_identity WHERE request_id = :stray"),
        *("DELETE FROM message WHERE case_id = :case", "DELETE FROM request WHERE id = :stray"),
        "DELETE FROM case_file WHERE id = :case",
    )
    cut(as_operator, before, *rows, stray=stray.id, case=stray.case)
    keys.rotate()
    clock.now = clock.now.replace(year=2040)
    register.trail.make_checkpoint()

    def there() -> tuple[object, ...]:
        return register.keys.uses(), keys.listing(), register.data_keys.strays(), register.trail.head()

    kept = there()
    with pytest.raises(ForgedError, match=rf"lacks event {came_to}, .*set back.*register restored.*--sign"):
        destroy(register, request.id)
    assert there() == kept


def test_older_snapshot_is_not_taken_for_a_set_back_register(
    register: Register, opened: Request, url: str, tmp_path: Path
) -> None:
    other = Register(url, KeyStore.open(tmp_path / "keys" / "keys.json"))
    with register.read_snapshot():
        assert found(register, opened.id) == []
        other.trail.record(None, NewEvent("counted"))
        assert found(register, opened.id) == []


def test_register_works_where_no_height_can_be_kept(
    register: Register, opened: Request, tmp_path: Path, keys: KeyStore
) -> None:
    [file] = (tmp_path / "keys").glob(".keys.json.height-*")
    file.unlink()
    file.mkdir()  # as unwritable, also to root
    register.trail.record(None, NewEvent("counted"))
    with pytest.raises(ConfigurationError, match=r"height-.* cannot be read"):
        found(register, opened.id)
    file.rmdir()
    register.trail.record(None, NewEvent("counted"))
    assert found(register, opened.id) == []

    other = Register(registers.place(tmp_path / "other.db"), keys)  # has a height of its own
    other.trail.record(None, NewEvent("counted"))
    assert list(other.evidence.differences()) == []
    assert len(list((tmp_path / "keys").glob(".keys.json.height-*"))) == 2


def test_a_height_moves_on_and_never_back(register: Register, url: str) -> None:
    register.trail.record(None, NewEvent("counted"))
    with Database(url).read() as tx:
        kept = register.store.height_keeper.of(tx)
        assert tx.execute(text("SELECT count(*) FROM event")).scalar() == 1
    assert kept is not None
    seq, head = register.trail.head()
    assert kept.read() == Height(0, seq, head)
    assert kept.keep(Height(0, 0, "x"))
    assert kept.read() == Height(0, seq, head)
    assert kept.keep(Height(1, 0, "y" * 64))
    assert kept.read() == Height(1, 0, "y" * 64)
