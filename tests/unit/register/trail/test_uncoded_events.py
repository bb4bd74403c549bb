"""Events inserted by SQL: each is found, and stops only what depends on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.support.forging import append_forged

from afschrift.domain.errors import RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request
from afschrift.register.database.database import Database
from afschrift.register.register import Register

Open = Callable[..., Request]


def forge(url: str, kind: str = "map_confirmed", **fields: object) -> int:
    with Database(url)._transaction(write=True) as tx:
        return append_forged(tx, kind, {"n": 1}, **fields)


def found(register: Register) -> set[tuple[str, int]]:
    return {(difference.code, difference.seq) for difference in register.evidence.differences()}


def test_uncoded_installation_event_is_found_and_never_signed(
    register: Register, open_one: Open, url: str
) -> None:
    open_one()
    seq = forge(url)

    assert found(register) == {("event_forged", seq)}
    with pytest.raises(RefusedError, match=f"event {seq}"):
        register.trail.make_checkpoint()
    register.trail.record(None, NewEvent("counted"))
    assert found(register) == {("event_forged", seq)}


def test_a_forged_event_stops_its_request_alone(register: Register, open_one: Open, url: str) -> None:
    request, other = open_one(), open_one()
    seq = forge(url, "decision_taken", request=request.id)

    for _ in range(2):
        assert {(d.code, d.seq) for d in register.evidence.of_request(request.id)} == {("event_forged", seq)}
        assert register.evidence.of_request(other.id) == ()
        register.decisions.take(other.id, "identity", "confirmed", "officer")
        register.decisions.take(request.id, "identity", "confirmed", "officer")


def test_a_forged_installation_event_stops_no_request(register: Register, opened: Request, url: str) -> None:
    forge(url)
    assert register.evidence.of_request(opened.id) == ()
    register.decisions.take(opened.id, "identity", "confirmed", "officer")
    assert register.evidence.of_request(opened.id) == ()


def test_reading_a_type_stops_at_a_forged_event(register: Register, url: str) -> None:
    register.trail.record(None, NewEvent("map_confirmed", payload={"n": 0}))
    register.trail.record(None, NewEvent("canary_signed"))
    seq = forge(url)

    with pytest.raises(RefusedError, match=f"event {seq}"):
        register.evidence.of_types(None, "map_confirmed")
    assert len(register.evidence.of_types(None, "canary_signed")) == 1


def test_events_of_several_types_come_in_their_order(register: Register) -> None:
    for kind in ("canary_signed", "map_confirmed", "canary_signed"):
        register.trail.record(None, NewEvent(kind))

    found = register.evidence.of_types(None, "map_confirmed", "canary_signed")

    assert [header.type for header, _ in found] == ["canary_signed", "map_confirmed", "canary_signed"]
