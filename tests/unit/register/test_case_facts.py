"""Facts of cases: appended with their events in one transaction, never altered; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import text
from testbed import register_reader
from tests.support.nightly import both_databases

from afschrift.domain.errors import RefusedError, UnknownRequestError
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.law.case_facts import CaseFactKind, Matter, NewCaseFact, hand_over, referrals
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.register.database.database import Database
from afschrift.register.register import Register

RECEIVED = "2026-03-02T09:00:00+01:00"
ERASURE = NewCaseFact(
    CaseFactKind.MATTER_RECORDED,
    detail={"matter": "erasure", "term": "A17", "desk": None, "due": "2026-04-02"},
)
WHO = b'{"name": "Merel Zangvogel"}'


@pytest.fixture
def case(register: Register) -> str:
    return register.cases.open(b"Wis alles.", "mail", RECEIVED, RECEIVED, by="cli:ivo", facts=[ERASURE])


@both_databases
def test_case_facts_are_stored_with_events(register: Register, case: str, url: str) -> None:
    [referral] = referrals(register.case_facts.of(case))
    assert (referral.case, referral.matter) == (case, Matter.ERASURE)
    assert (referral.due, referral.handed_over) == (date(2026, 4, 2), None)
    types = [header.type for header, _ in register.trail.events()]
    assert types == ["case_opened", "case_fact_matter_recorded"]
    assert register_reader.faults(url) == []


def test_error_while_making_facts_writes_nothing(register: Register, case: str, url: str) -> None:
    make = lambda known: [hand_over(known, Matter.ERASURE, "desk", "T-1")]  # noqa: E731
    register.case_facts.record(case, make, "cli:anna")
    before = register.trail.events()
    with pytest.raises(RefusedError, match="already"):
        register.case_facts.record(case, make, "cli:anna")
    with pytest.raises(UnknownRequestError):
        register.case_facts.record("case-000000000000", lambda _: [ERASURE], "cli:anna")
    with pytest.raises(UnknownRequestError):
        register.case_facts.of("case-000000000000")
    assert register.trail.events() == before
    assert register_reader.faults(url) == []


@both_databases
def test_concurrent_hand_overs_record_one(
    register: Register, case: str, at_once: Callable[[str, int], list[str]], url: str
) -> None:
    script = f"""
from afschrift.law.case_facts import hand_over
from afschrift.domain.errors import RefusedError
from afschrift.law.case_facts import Matter
try:
    make = lambda known: [hand_over(known, Matter.ERASURE, "desk", f"T-{{me}}")]
    register.case_facts.record({case!r}, make, f"cli:officer{{me}}")
    print("handed")
except RefusedError:
    print("refused")
"""
    assert sorted(at_once(script, 3)) == ["handed", "refused", "refused"]
    assert [fact.number for fact in register.case_facts.of(case)] == [1, 2]
    assert register_reader.faults(url) == []


def test_a_representative_is_encrypted_under_the_key_of_the_case(register: Register, url: str) -> None:
    parent = {"representative": WHO, "made_by": "parent"}
    case = register.cases.open(b"Voor mijn kind.", "mail", RECEIVED, RECEIVED, **parent)
    with Database(url).read() as tx:
        sealed = tx.execute(text("SELECT ciphertext FROM message")).scalars().all()
    assert not any(b"Zangvogel" in bytes(text) for text in sealed)
    assert [t.text for t in register.cases.texts(case, "x") if t.kind == "representative"] == [WHO]
    assert "Zangvogel" not in repr(register.trail.events())
    assert register_reader.faults(url) == []


def test_a_reading_changes_the_right_with_its_fact_or_not_at_all(
    register: Register, opened: Request, url: str
) -> None:
    def read_as(make: Callable[[object], list[NewFact]], **more: str) -> None:
        register.requests.read_right(opened.id, Right.PORTABILITY, make, "cli:anna", **more)

    def refuse(_: object) -> list[NewFact]:
        raise RefusedError("no")

    with pytest.raises(RefusedError):
        read_as(refuse)
    assert register.requests.get(opened.id).right is Right.ACCESS
    read = NewFact(FactKind.RIGHT_READ, detail={"right": "portability"})
    read_as(lambda _: [read], text="Anneke wil het meenemen.")
    rights = (register.requests.get(opened.id).right, register.facts.timeline(opened.id).right)
    assert rights == (Right.PORTABILITY, Right.PORTABILITY)
    assert "Anneke" not in repr(register.trail.events())
    assert register_reader.faults(url) == []
