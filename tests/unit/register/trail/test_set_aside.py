"""What was forged is set aside by two people; what is left of forgotten requests and dropped years stays proven."""

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.deciding import ROLES
from tests.support.forging import append_forged
from tests.support.moves import moved
from tests.support.nightly import both_databases, on_sqlite
from tests.support.trail_matrix import TOOL
from tests.unit.conftest import Open, Sql

from afschrift.app.settings import Settings
from afschrift.casework.officer import Officer
from afschrift.casework.trail_acts import propose_aside, sign_aside
from afschrift.domain.errors import ConfigurationError, NotAllowedError, RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.domain.keys import Key
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.law.roles import Person, Role, Roles
from afschrift.register.database.database import Database
from afschrift.register.keys import document as keydocument
from afschrift.register.keys.store import KeyStore
from afschrift.register.open import upgrade_register
from afschrift.register.register import Register
from afschrift.register.trail.differences import ForgedError
from afschrift.register.trail.set_aside import Uncoded

DPO = Person("The DPO", frozenset({"cli:dpo"}), frozenset({Role.DPO}))
SIGNER = Person("Signer", frozenset({"cli:signer"}), frozenset({Role.SECOND_SIGNER}))
PEOPLE = Roles((*ROLES.people, DPO, SIGNER))


class Desk:
    """The people who set events of a register aside."""

    def __init__(self, register: Register, home: Path) -> None:
        self.register, self.settings = register, Settings.from_environment({"AFSCHRIFT_HOME": str(home)})

    def officer(self, by: str) -> Officer:
        return Officer(self.register, PEOPLE, by, settings=self.settings)

    def propose(self) -> Uncoded:
        return propose_aside(self.officer("cli:dpo"))

    def sign(self, **how: bool) -> Uncoded:
        return sign_aside(self.officer("cli:signer"), **how)

    def found(self, request: Request | None = None) -> set[tuple[str, int]]:
        evidence = self.register.evidence
        found = evidence.of_request(request.id) if request else evidence.differences()
        return {(difference.code, difference.seq) for difference in found}


@pytest.fixture
def desk(register: Register, tmp_path: Path) -> Desk:
    return Desk(register, tmp_path)


def forge(url: str, kind: str = "map_confirmed", **fields: object) -> int:
    with Database(url)._transaction(write=True) as tx:
        return append_forged(tx, kind, {"n": 1}, **fields)


def test_forged_events_and_rows_are_set_aside_and_named(
    register: Register, open_one: Open, url: str, desk: Desk, as_operator: Sql
) -> None:
    request, other = open_one(), open_one()
    seqs = [forge(url), forge(url, "decision_taken", request=request.id), forge(url, "set_aside_proposed")]
    as_operator(
        'INSERT INTO decision (request_id, kind, choice, "by", at, detail) '
        "VALUES (:request, 'identity', 'confirmed', 'cli:x', '2026', '{}')",
        'INSERT INTO fact (id, request_id, number, kind, at, "by", detail) '
        "VALUES ('fct-000000000000', :request, 99, 'released', '2026', 'cli:x', '{}')",
        request=request.id,
    )
    register.decisions.take(other.id, "identity", "confirmed", "officer")
    decided = register.decisions.of(other.id)

    with pytest.raises(NotAllowedError):
        propose_aside(desk.officer("cli:anna"))
    what = desk.propose()
    assert [seq for seq, _ in what.events] == seqs
    assert sorted(table for table, _, _ in what.rows) == ["decision", "fact"]
    with pytest.raises(TooLateError, match="proposed already"):
        desk.propose()
    with pytest.raises(NotAllowedError):
        sign_aside(desk.officer("cli:dpo"))
    assert desk.sign() == what

    assert desk.found() == desk.found(request) == set()
    assert register.decisions.of(request.id) == ()
    assert register.decisions.of(other.id) == decided
    assert register.evidence.of_types(None, "map_confirmed") == []
    named = register.evidence.aside()
    assert [line.split(" was ")[0] for line in named][:3] == [f"Event {seq}" for seq in seqs]
    assert all("cli:signer and cli:dpo" in line for line in named)
    assert register.trail.make_checkpoint().statement.seq >= seqs[-1]
    register.decisions.take(request.id, "identity", "confirmed", "officer")
    assert desk.found(request) == set()
    with pytest.raises(RefusedError, match="Every event and row has its code"):
        desk.propose()


def test_coded_events_are_not_aside(
    register: Register, opened: Request, desk: Desk, as_operator: Sql
) -> None:
    register.decisions.take(opened.id, "identity", "not_confirmed", "officer")
    as_operator(
        "UPDATE decision SET choice = 'confirmed'",
        "UPDATE event_payload SET payload = '{}' WHERE seq = (SELECT max(seq) FROM event)",
    )
    assert "payload_altered" in {code for code, _ in desk.found(opened)}

    with pytest.raises(RefusedError, match="Every event and row has its code"):
        desk.propose()


def test_forgery_after_the_proposal_is_not_set_aside(register: Register, url: str, desk: Desk) -> None:
    register.trail.record(None, NewEvent("counted"))
    first = forge(url)
    desk.propose()
    second = forge(url)
    with pytest.raises(TooLateError, match="not what was proposed"):
        desk.sign()
    desk.sign(agree=False)
    assert [seq for seq, _ in desk.propose().events] == [first, second]
    desk.sign()
    assert desk.found() == set()


def test_an_event_set_aside_counts_as_it_was_alone_and_is_exported(
    register: Register, url: str, desk: Desk, as_operator: Sql, tmp_path: Path
) -> None:
    register.trail.record(None, NewEvent("counted"))
    seq = forge(url)
    desk.propose()
    desk.sign()
    export = tmp_path / "export.jsonl"
    with export.open("wb") as into:
        register.trail.export(into)
    command = [sys.executable, "-I", str(TOOL), str(export)]
    verified = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert verified.startswith("whole: ")
    assert verified.endswith(f"set aside: {seq}\n")

    as_operator("UPDATE event SET actor = 'cli:other' WHERE seq = :seq", seq=seq)
    assert ("event_forged", seq) in desk.found()


def test_many_events_are_set_aside_at_once(register: Register, opened: Request, url: str, desk: Desk) -> None:
    for _ in range(60):
        forge(url)
    assert len(desk.found()) == 60
    assert desk.found(opened) == set()
    desk.propose()
    desk.sign()
    assert desk.found() == set()
    assert len(register.evidence.aside()) == 60


def test_revocation_without_its_code_cannot_be_set_aside(
    register: Register, opened: Request, as_operator: Sql, desk: Desk
) -> None:
    register.decisions.take(opened.id, "identity", "not_confirmed", "officer")
    last = register.trail.head()[0]
    as_operator("DELETE FROM event_code WHERE seq = :seq", seq=last)

    assert ("register_set_back", last) in desk.found(opened)
    with pytest.raises(RefusedError, match="was set back"):
        desk.propose()
    register.decisions.take(opened.id, "review", "approved", "officer")
    assert ("register_set_back", last) in desk.found(opened)


def test_uncoded_installation_event_is_found_and_never_signed(
    register: Register, opened: Request, url: str, desk: Desk
) -> None:
    seq = forge(url)

    assert desk.found() == {("event_forged", seq)}
    with pytest.raises(RefusedError, match=f"event {seq}"):
        register.trail.make_checkpoint()
    register.trail.record(None, NewEvent("counted"))
    assert desk.found() == {("event_forged", seq)}
    assert desk.found(opened) == set()
    register.decisions.take(opened.id, "identity", "confirmed", "officer")
    assert desk.found(opened) == set()


@both_databases
def test_forged_event_stops_only_its_request(
    register: Register, open_one: Open, url: str, desk: Desk
) -> None:
    request, other = open_one(), open_one()
    seq = forge(url, "decision_taken", request=request.id)

    for _ in range(2):
        assert desk.found(request) == {("event_forged", seq)}
        assert desk.found(other) == set()
        register.decisions.take(other.id, "identity", "confirmed", "officer")
        register.decisions.take(request.id, "identity", "confirmed", "officer")


def test_reading_a_type_stops_at_a_forged_event(register: Register, url: str) -> None:
    for kind in ("canary_signed", "map_confirmed", "canary_signed"):
        register.trail.record(None, NewEvent(kind))
    found = register.evidence.of_types(None, "map_confirmed", "canary_signed")
    assert [header.type for header, _ in found] == ["canary_signed", "map_confirmed", "canary_signed"]
    seq = forge(url)

    with pytest.raises(RefusedError, match=f"event {seq}"):
        register.evidence.of_types(None, "map_confirmed")
    assert len(register.evidence.of_types(None, "canary_signed")) == 2


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
