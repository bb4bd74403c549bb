"""Within a snapshot nothing changes, so nothing is read twice; writes are seen after it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from tests.support.moves import moved
from tests.support.nightly import both_databases
from tests.unit.conftest import Open

from afschrift.domain.errors import AfschriftError
from afschrift.domain.event import NewEvent
from afschrift.domain.keys import Key
from afschrift.domain.state import State
from afschrift.register.register import Register


@contextmanager
def asked(register: Register) -> Iterator[list[str]]:
    """The tables that are read from, a name a statement."""
    found: list[str] = []

    def note(*of: Any) -> None:
        if "FROM" in of[2]:
            found.append(of[2].split("FROM")[1].split()[0].strip('"'))

    engine = register.store.database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def look(register: Register, request: str) -> tuple[Any, ...]:
    return (
        register.requests.get(request).state,
        register.facts.timeline(request).state,
        register.identities.of(request),
        register.decisions.of(request),
        register.steps.latest(request, "classify"),
    )


def test_snapshot_reads_each_answer_once(register: Register, open_one: Open) -> None:
    request = open_one().id
    plain = look(register, request)
    with register.read_snapshot(), asked(register) as first:
        assert look(register, request) == plain
        with register.read_snapshot(), asked(register) as again:
            assert look(register, request) == plain
    assert {"request", "data_key", "request_identity", "decision", "step", "fact"} <= {*first}
    assert len(again) <= 1, again
    with asked(register) as after:
        look(register, request)
    assert len(after) >= 8


@both_databases
def test_writes_are_seen_after_the_snapshot(register: Register, open_one: Open) -> None:
    request, other = open_one().id, open_one().id
    with register.read_snapshot():
        before = look(register, request)
        register.decisions.take(request, "identity", "confirmed", "officer")
        assert moved(register, request, State.ACCEPTED).state is State.ACCEPTED  # a write reads what is now
        to_ready = NewEvent("fact_answer_ready")
        assert register.requests.move(request, State.READY, to_ready).state is State.READY
        assert look(register, request) == before
        assert register.requests.get(other).id == other  # another row is not taken for the one before
    after = look(register, request)
    assert (before[0], after[0]) == (State.RECEIVED, State.READY)
    assert (len(before[3]), len(after[3])) == (0, 1)
    with register.read_snapshot():
        assert look(register, request) == after


def test_within_a_moment_each_answer_is_of_its_own_row_and_kind(register: Register, open_one: Open) -> None:
    requests = [open_one(keys=(Key("customer_id", number),)).id for number in ("1", "2")]
    moved(register, requests[0], State.ACCEPTED)
    register.decisions.take(requests[0], "identity", "confirmed", "officer")
    for number, request in enumerate(requests):
        for name in ("classify", "deliver"):
            register.steps.finish(request, name, "inputs", {"of": f"{name} {number}"})

    def seen() -> list[tuple[Any, ...]]:
        return [(*look(register, name), register.steps.latest(name, "deliver")) for name in requests]

    plain = seen()
    assert all(mine != other for mine, other in zip(*plain, strict=True))
    with register.read_snapshot():
        assert [seen(), seen()] == [plain, plain]


@pytest.mark.parametrize(
    "error",
    [
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "of a staged file"),
        json.JSONDecodeError("of a source", "{", 0),
        OperationalError("of a source", None, Exception()),
    ],
)
def test_error_of_the_work_passes_unchanged(register: Register, open_one: Open, error: Exception) -> None:
    request = open_one().id
    with pytest.raises(type(error)) as raised, register.read_snapshot(), register.read_snapshot():
        register.requests.get(request)
        raise error
    assert raised.value is error
    register.decisions.take(request, "identity", "confirmed", "officer")  # the moment is over
    assert len(register.decisions.of(request)) == 1


def test_one_write_is_all_there_or_nothing(register: Register, open_one: Open) -> None:
    request = open_one().id
    with pytest.raises(AfschriftError, match="on purpose"), register.write_together():
        register.decisions.take(request, "identity", "confirmed", "officer")
        assert len(register.decisions.of(request)) == 1  # what is written is read inside
        raise AfschriftError("on purpose")
    assert register.decisions.of(request) == ()
    with register.write_together():
        register.decisions.take(request, "identity", "confirmed", "officer")
        register.steps.finish(request, "assess", "inputs", {"of": "assess"})
    assert len(register.decisions.of(request)) == 1
    assert register.steps.result(request, "assess", "inputs") == {"of": "assess"}
    assert register.evidence.of_request(request) == ()
