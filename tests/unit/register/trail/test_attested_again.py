"""What is left of a request stays proven when payloads or a year go; a register from before codes is adopted."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.forging import append_forged
from tests.support.moves import moved
from tests.support.nightly import on_sqlite
from tests.unit.conftest import Open, Sql

from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.keys import Key
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.register.keys import document as keydocument
from afschrift.register.keys.store import KeyStore
from afschrift.register.open import upgrade_register
from afschrift.register.register import Register
from afschrift.register.trail.differences import ForgedError

RULE = "retention_identity"


def found(register: Register) -> list[str]:
    return [f"{d.code} {d.table} {d.field}".strip() for d in register.evidence.differences()]


def decided_and_closed(register: Register, request: Request) -> str:
    register.decisions.take(request.id, "identity", "confirmed", "officer")
    register.steps.finish(request.id, "assess", "ab" * 32, {"n": 1}, NewEvent("assessed"))
    moved(register, request.id, State.WITHDRAWN)
    return request.id


def test_a_row_that_is_left_of_a_forgotten_request_is_proven(
    register: Register, opened: Request, as_operator: Sql
) -> None:
    request = decided_and_closed(register, opened)
    assert register.data_keys.shred(request, RULE)
    assert found(register) == []

    as_operator("UPDATE decision SET choice = 'refuse'")
    assert found(register) == ["row_changed decision choice"]
    as_operator("DELETE FROM decision")
    assert found(register) == ["row_missing decision"]


def test_shredding_leaves_another_request_of_the_case_attested(
    register: Register, open_one: Open, as_operator: Sql
) -> None:
    request = open_one()
    other = decided_and_closed(register, open_one(case=request.case))
    decided_and_closed(register, request)
    register.cases.add_text(request.case, "note", b"of both", "officer")

    for gone in (request.id, other):
        assert register.data_keys.shred(gone, RULE)
        assert found(register) == []
    as_operator("UPDATE request SET state = 'delivered' WHERE id = :other", other=other)
    assert found(register) == ["row_changed request state"]


def test_forged_change_prevents_shredding(register: Register, opened: Request, as_operator: Sql) -> None:
    request = decided_and_closed(register, opened)
    as_operator("UPDATE decision SET choice = 'refuse'")
    events = register.trail.events()

    with pytest.raises(ForgedError, match=r"row_changed, decision \d+ choice.*audit verify"):
        register.data_keys.shred(request, RULE)

    assert register.trail.events() == events
    assert register.data_keys.has(request)


def test_rows_of_a_dropped_year_stay(
    register: Register, open_one: Open, clock: Any, as_operator: Sql
) -> None:
    whole = decided_and_closed(register, open_one())
    request = open_one()
    clock.now = datetime(2027, 1, 2, tzinfo=UTC)
    half = decided_and_closed(register, request)
    clock.now = datetime(2040, 1, 2, tzinfo=UTC)
    register.trail.make_checkpoint()
    forge = "UPDATE decision SET choice = :choice WHERE request_id = :whole"
    as_operator(forge, choice="refuse", whole=whole)
    with pytest.raises(ForgedError, match="row_changed, decision"):
        register.trail.drop_year(2026, RULE)
    as_operator(forge, choice="confirmed", whole=whole)

    register.trail.drop_year(2026, RULE)

    assert found(register) == [] == register.trail.verify()
    for state in ("received", "withdrawn"):
        as_operator("UPDATE request SET state = :state", state=state)
        assert found(register) == (["row_changed request state"] * 2 if state == "received" else [])
    assert register.data_keys.shred(half, RULE)
    assert register.trail.drop_year(2027, RULE).year == 2027
    assert found(register) == [] == register.trail.verify()


@on_sqlite  # PostgreSQL refuses it
def test_a_row_of_no_known_request_is_found(register: Register, opened: Request, url: str) -> None:
    register.questions.ask(opened.id, "identity", options=["confirmed"], detail={})
    with sqlite3.connect(url.removeprefix("sqlite:///")) as stranger:
        stranger.execute("UPDATE question SET request_id = 'req-000000000000'")
    assert sorted(found(register)) == ["row_added question", "row_missing question"]


def test_numbers_with_one_more_digit_are_in_their_order(register: Register, open_one: Open) -> None:
    for first in range(0, 12, 3):  # the rows 9 and 10 come with one event
        keys = tuple(Key("customer_id", f"C-{first + n}") for n in range(3))
        assert register.evidence.of_request(open_one(keys=keys).id) == ()


@pytest.fixture
def settings(url: str, tmp_path: Path, keys: KeyStore) -> Settings:
    env = {"AFSCHRIFT_REGISTER": url, "AFSCHRIFT_KEYS": str(tmp_path / "keys" / "keys.json")}
    return Settings.from_environment(env | {"AFSCHRIFT_HOME": str(tmp_path)})


def without_trail_key(settings: Settings) -> None:
    keys = keydocument.decode(settings.keys.read_bytes(), "test")
    settings.keys.write_bytes(keydocument.encode(keydocument.replace(keys, trail_keys=())))


def codes(register: Register, request: Request) -> set[str]:
    return {difference.code for difference in register.evidence.of_request(request.id)}


def test_register_before_codes_is_adopted_with_its_new_key(
    register: Register, open_one: Open, settings: Settings, as_operator: Sql
) -> None:
    request = open_one()
    moved(register, request.id, State.REFUSED)
    register.data_keys.shred(request.id, "retention")
    other = open_one()
    events = len(register.trail.events())
    as_operator("DELETE FROM event_code")
    without_trail_key(settings)
    with pytest.raises(ConfigurationError, match=r"no trail key.*register upgrade"):
        register.trail.record(None, NewEvent("counted"))

    assert upgrade_register(settings, adopt=False) == events

    assert register.evidence.of_request(request.id) == register.evidence.of_request(other.id) == ()
    assert tuple(register.evidence.differences()) == ()
    assert register.trail.verify() == []
    assert upgrade_register(settings, adopt=True) == 0, "once"
    register.decisions.take(other.id, "identity", "confirmed", "officer")
    assert register.evidence.of_request(other.id) == ()


def test_register_with_a_key_is_adopted_only_on_demand(
    register: Register, opened: Request, settings: Settings, as_operator: Sql
) -> None:
    as_operator("DELETE FROM event_code")

    assert upgrade_register(settings, adopt=False) == 0
    assert "event_forged" in codes(register, opened)
    assert upgrade_register(settings, adopt=True) > 0
    assert register.evidence.of_request(opened.id) == ()


def test_an_event_in_between_without_a_code_is_never_taken(
    register: Register, opened: Request, settings: Settings
) -> None:
    with register.store.database._transaction(write=True) as tx:
        append_forged(tx, "decision_taken", {}, request=opened.id)

    with pytest.raises(RefusedError, match="1 events of the trail have no code"):
        upgrade_register(settings, adopt=True)
    assert "event_forged" in codes(register, opened)


def test_with_another_trail_key_nothing_is_the_service_s_own(
    register: Register, opened: Request, settings: Settings
) -> None:
    without_trail_key(settings)
    register.store.keys.make_trail_key()

    assert codes(register, opened) >= {"event_key_unknown"}
