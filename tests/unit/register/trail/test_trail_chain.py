"""What the trail records and gives back; `test_trail_tampering.py` has what is found of a changed one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.support.nightly import both_databases

from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register


@both_databases
def test_events_of_one_request_and_of_all(register: Register, open_one: Callable[..., Request]) -> None:
    request, other = open_one(), open_one()
    payload = {"rows": 3, "rate": 0.5, "b": [1, None, True], "a": {"é": "\u2028"}}
    register.trail.record(request.id, NewEvent("looked_up", "officer", payload))
    mine = register.trail.events(request.id)
    assert [header.type for header, _ in mine] == ["request_received", "looked_up"]
    assert (mine[1][0].actor, mine[1][1]) == ("officer", payload)
    assert {header.request for header, _ in register.trail.events()} == {None, request.id, other.id}


def test_erased_payload_is_gone_and_the_chain_verifies(
    register: Register, open_one: Callable[..., Request], url: str
) -> None:
    request, other = open_one(), open_one()
    register.trail.record(request.id, NewEvent("looked_up", payload={"secret_code": "needle-in-the-trail"}))
    heads = [(header.seq, header.digest()) for header, _ in register.trail.events()]
    assert register.data_keys.shred(request.id, "retention_register")
    assert register.trail.verify([(0, "0" * 64), *heads]) == []
    left = [header.type for header, payload in register.trail.events(request.id) if payload is not None]
    assert left == ["data_key_destroyed"]
    assert register.trail.events(other.id)[0][1] is not None
    assert "payloads_erased" in [header.type for header, _ in register.trail.events()]
    if url.startswith("sqlite"):
        files = Path(url.removeprefix("sqlite:///")).parent.glob("register.db*")
        assert not any(b"needle-in-the-trail" in file.read_bytes() for file in files)


def test_times_come_from_the_clock_alone(url: str, keys: KeyStore) -> None:
    register = Register(url, keys, lambda: datetime(2031, 3, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        register.trail.record(None, NewEvent("counted"))
    assert register.trail.events() == []
    zone = timezone(timedelta(hours=2))
    register = Register(url, keys, lambda: datetime(2031, 3, 2, 10, 0, 1, 500, zone))
    register.trail.record(None, NewEvent("counted"))
    assert register.trail.events()[0][0].at == "2031-03-02T08:00:01.000500Z"


def test_a_payload_that_has_no_canonical_form_writes_nothing(register: Register) -> None:
    with pytest.raises(ValueError):
        register.trail.record(None, NewEvent("counted"), NewEvent("counted", payload={"n": 2**60}))
    assert register.trail.head() == (0, "0" * 64)
