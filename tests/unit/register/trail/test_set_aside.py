"""What was forged is set aside by two people: it stays in the chain, and stops nothing any more."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.deciding import ROLES
from tests.support.forging import append_forged
from tests.support.nightly import nightly_after
from tests.support.trail_matrix import TOOL

from afschrift.app.settings import Settings
from afschrift.casework.officer import Officer
from afschrift.casework.trail_acts import propose_aside, sign_aside
from afschrift.domain.errors import NotAllowedError, RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Request
from afschrift.law.roles import Person, Role, Roles
from afschrift.register.database.database import Database
from afschrift.register.register import Register

Open = Callable[..., Request]
PEOPLE = Roles(
    (
        *ROLES.people,
        Person("The DPO", frozenset({"cli:dpo"}), frozenset({Role.DPO})),
        Person("Signer", frozenset({"cli:signer"}), frozenset({Role.SECOND_SIGNER})),
    )
)


@pytest.fixture
def at_work(register: Register, tmp_path: Path) -> Callable[[str], Officer]:
    settings = Settings.from_environment({"AFSCHRIFT_HOME": str(tmp_path)})
    return lambda by: Officer(register, PEOPLE, by, settings=settings)


def forge(url: str, kind: str = "map_confirmed", **fields: object) -> int:
    with Database(url)._transaction(write=True) as tx:
        return append_forged(tx, kind, {"n": 1}, **fields)


def test_forged_events_and_rows_are_set_aside_and_named(
    register: Register,
    open_one: Open,
    url: str,
    at_work: Callable[[str], Officer],
    as_operator: Callable[..., None],
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
        propose_aside(at_work("cli:anna"))
    what = propose_aside(at_work("cli:dpo"))
    assert [seq for seq, _ in what.events] == seqs
    assert sorted(table for table, _, _ in what.rows) == ["decision", "fact"]
    with pytest.raises(TooLateError, match="proposed already"):
        propose_aside(at_work("cli:dpo"))
    with pytest.raises(NotAllowedError):
        sign_aside(at_work("cli:dpo"))
    assert sign_aside(at_work("cli:signer")) == what

    assert list(register.evidence.differences()) == []
    assert register.evidence.of_request(request.id) == ()
    assert register.decisions.of(request.id) == ()
    assert register.decisions.of(other.id) == decided
    assert register.evidence.of_types(None, "map_confirmed") == []
    named = register.evidence.aside()
    assert [line.split(" was ")[0] for line in named][:3] == [f"Event {seq}" for seq in seqs]
    assert all("cli:signer and cli:dpo" in line for line in named)
    assert register.trail.make_checkpoint().statement.seq >= seqs[-1]
    register.decisions.take(request.id, "identity", "confirmed", "officer")
    assert register.evidence.of_request(request.id) == ()
    with pytest.raises(RefusedError, match="Every event and row has its code"):
        propose_aside(at_work("cli:dpo"))


def test_coded_events_are_never_set_aside(
    register: Register, opened: Request, at_work: Callable[[str], Officer], as_operator: Callable[..., None]
) -> None:
    register.decisions.take(opened.id, "identity", "not_confirmed", "officer")
    as_operator(
        "UPDATE decision SET choice = 'confirmed'",
        "UPDATE event_payload SET payload = '{}' WHERE seq = (SELECT max(seq) FROM event)",
    )
    assert {d.code for d in register.evidence.of_request(opened.id)} >= {"payload_altered"}

    with pytest.raises(RefusedError, match="Every event and row has its code"):
        propose_aside(at_work("cli:dpo"))


def test_forgery_after_the_proposal_is_not_set_aside(
    register: Register, url: str, at_work: Callable[[str], Officer]
) -> None:
    register.trail.record(None, NewEvent("counted"))
    first = forge(url)
    propose_aside(at_work("cli:dpo"))
    second = forge(url)
    with pytest.raises(TooLateError, match="not what was proposed"):
        sign_aside(at_work("cli:signer"))
    sign_aside(at_work("cli:signer"), agree=False)
    assert [seq for seq, _ in propose_aside(at_work("cli:dpo")).events] == [first, second]
    sign_aside(at_work("cli:signer"))
    assert list(register.evidence.differences()) == []


def test_an_event_set_aside_counts_as_it_was_alone(
    register: Register, url: str, at_work: Callable[[str], Officer], as_operator: Callable[..., None]
) -> None:
    register.trail.record(None, NewEvent("counted"))
    seq = forge(url)
    propose_aside(at_work("cli:dpo"))
    sign_aside(at_work("cli:signer"))
    as_operator("UPDATE event SET actor = 'cli:other' WHERE seq = :seq", seq=seq)

    assert ("event_forged", seq) in {
        (difference.code, difference.seq) for difference in register.evidence.differences()
    }


@pytest.mark.parametrize("url", nightly_after(1, ["sqlite", "postgresql"]), indirect=True)
def test_one_forged_event_a_day_for_a_year_is_set_aside_in_one_go(
    register: Register, opened: Request, url: str, at_work: Callable[[str], Officer]
) -> None:
    for _ in range(365):
        forge(url)
    assert len(list(register.evidence.differences())) == 365
    assert register.evidence.of_request(opened.id) == ()
    propose_aside(at_work("cli:dpo"))
    sign_aside(at_work("cli:signer"))
    assert list(register.evidence.differences()) == []
    assert len(register.evidence.aside()) == 365


def test_revocation_without_its_code_cannot_be_set_aside(
    register: Register, opened: Request, as_operator: Callable[..., None], at_work: Callable[[str], Officer]
) -> None:
    register.decisions.take(opened.id, "identity", "not_confirmed", "officer")
    last = register.trail.head()[0]
    as_operator("DELETE FROM event_code WHERE seq = :seq", seq=last)

    assert ("register_set_back", last) in {(d.code, d.seq) for d in register.evidence.of_request(opened.id)}
    with pytest.raises(RefusedError, match="was set back"):
        propose_aside(at_work("cli:dpo"))
    register.decisions.take(opened.id, "review", "approved", "officer")
    assert ("register_set_back", last) in {(d.code, d.seq) for d in register.evidence.of_request(opened.id)}


def test_export_names_what_was_set_aside(
    register: Register, url: str, at_work: Callable[[str], Officer], tmp_path: Path
) -> None:
    register.trail.record(None, NewEvent("counted"))
    seq = forge(url)
    propose_aside(at_work("cli:dpo"))
    sign_aside(at_work("cli:signer"))
    export = tmp_path / "export.jsonl"
    with export.open("wb") as into:
        register.trail.export(into)

    verified = subprocess.run(
        [sys.executable, "-I", str(TOOL), str(export)], capture_output=True, text=True, check=True
    )
    assert verified.stdout.startswith("whole: ")
    assert verified.stdout.endswith(f"set aside: {seq}\n")
