"""What was forged is set aside by two people: it stays in the chain, and stops nothing any more."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.deciding import ROLES
from tests.support.forging import append_forged
from tests.support.nightly import both_databases
from tests.support.trail_matrix import TOOL
from tests.unit.conftest import Open, Sql

from afschrift.app.settings import Settings
from afschrift.casework.officer import Officer
from afschrift.casework.trail_acts import propose_aside, sign_aside
from afschrift.domain.errors import NotAllowedError, RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request
from afschrift.law.roles import Person, Role, Roles
from afschrift.register.database.database import Database
from afschrift.register.register import Register
from afschrift.register.trail.set_aside import Uncoded

PEOPLE = Roles(
    (
        *ROLES.people,
        Person("The DPO", frozenset({"cli:dpo"}), frozenset({Role.DPO})),
        Person("Signer", frozenset({"cli:signer"}), frozenset({Role.SECOND_SIGNER})),
    )
)


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
