"""With the data key of a request goes whatever number, size or digest of its data the register keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text
from tests.support.moves import moved
from tests.support.nightly import both_databases

from afschrift.domain.errors import AfschriftError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.files import Receipt
from afschrift.domain.plan import Plan
from afschrift.domain.request import Request, new_id
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.law import dispute
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.law.letter import NewLetter
from afschrift.register.database.database import Database
from afschrift.register.keys.data_keys import codes_of
from afschrift.register.register import Register

Open = Callable[..., Request]
Row = dict[str, Any]
BUNDLE, FILE, PLAN = "b0" * 32, "f1" * 32, "ab" * 32
ROWS = {"shop.orders": 8231}
PART = {"bundle": BUNDLE, "plan": PLAN, "rows": ROWS, "decisions": FILE, "later": [{"source": "club"}]}
RULE = "retention_identity"


def filled(register: Register, request: Request) -> str:
    """A request that left something in every table."""
    register.steps.finish(
        request.id, "extract", FILE, {"rows": 8231, "digest": FILE}, NewEvent("extracted", payload=ROWS)
    )
    register.plans.save(
        Plan(request.id, Right.ACCESS, "nl", ("csv",), (), (), "a", "b", "0.1.0", "2026-03-02T10:00:00Z")
    )
    asked = register.questions.ask(
        request.id, "review", options=["approved"], detail={"tables": ROWS, "plan": PLAN}, about=BUNDLE
    )
    register.questions.answer(asked.id, "approved", "officer", {"cells": 3, "ground": "others"})
    register.facts.record(
        request.id, lambda _: [NewFact(FactKind.PARTLY_DELIVERED, date(2026, 3, 2), detail=PART)], "system"
    )
    register.documents.add(
        request.id, [b"x" * 5000, b"y" * 77], "officer", name="a.pdf", media_type="text/plain"
    )
    letter = NewLetter(
        new_id("let"), request.id, "delivery", "nl", b"Beste", b"same", "a@example.org", {"n": 1}
    )
    register.letters.produce(letter, "officer")
    register.deliveries.record(request.id, "outbox", Receipt("file:///outbox/a.zip", 48123, BUNDLE))
    moved(register, request.id, State.WITHDRAWN)
    return request.id


def rows(url: str, table: str, column: str, value: str) -> list[Row]:
    with Database(url).read() as tx:
        found = tx.execute(text(f'SELECT * FROM "{table}" WHERE {column} = :value'), {"value": value})
        return [dict(row) for row in found.mappings()]


@both_databases
def test_rows_left_of_a_destroyed_request_keep_its_decisions(
    register: Register, open_one: Open, url: str
) -> None:
    request = filled(register, open_one(limits={"tables": ["orders"]}))
    heads = [(header.seq, header.digest()) for header, _ in register.trail.events()]
    [question] = register.questions.all(open_only=False, request_id=request)
    [decision] = register.decisions.of(request)

    assert register.data_keys.shred(request, RULE, "officer")

    assert [rows(url, table, "request_id", request) for table in ("step", "plan")] == [[], []]
    [case] = [row["case_id"] for row in rows(url, "request", "id", request)]
    texts = rows(url, "message", "case_id", case)
    assert {(bytes(row["ciphertext"]), bytes(row["label"] or b"")) for row in texts} == {(b"", b"")}
    assert [part for row in texts for part in rows(url, "message_part", "message_id", row["id"])] == []
    for table, of, column in (
        ("request", "id", "limits"),
        ("request_identity", "request_id", "ciphertext"),
        ("letter", "request_id", "recipient"),
    ):
        assert {bytes(row[column]) for row in rows(url, table, of, request)} == {b""}

    [delivery] = register.deliveries.of(request)
    assert (delivery.bytes, delivery.sha256, delivery.kind) == (0, BUNDLE, "full")
    [asked] = register.questions.all(open_only=False, request_id=request)
    assert asked == replace(question, detail={"tables": {}}, about=None)
    assert [row["fingerprint"] for row in rows(url, "question", "request_id", request)] == [asked.id]
    [taken] = register.decisions.of(request)
    assert taken == replace(decision, detail={"ground": "others"}, about=None)
    [part] = register.facts.timeline(request).of(FactKind.PARTLY_DELIVERED)
    assert part.day == date(2026, 3, 2)
    assert part.detail == {"bundle": BUNDLE, "rows": {}, "later": [{"source": "club"}]}
    [letter] = register.letters.all(request_id=request)
    assert (letter.kind, letter.mailed, letter.detail) == ("delivery", True, {})
    assert register.requests.get(request).limits == {}
    assert register.facts.timeline(request).limited
    assert register.trail.verify(heads) == []


def test_payloads_are_erased_and_the_bundle_s_proof_stays(register: Register, opened: Request) -> None:
    filled(register, opened)
    before = [header.seq for header, _ in register.trail.events(opened.id)]
    of_case = [header.seq for header, payload in register.trail.events() if (payload or {}).get("case")]

    register.data_keys.shred(opened.id, RULE, "officer")

    payloads = {
        header.type: payload for header, payload in register.trail.events(opened.id) if payload is not None
    }
    [delivery] = register.deliveries.of(opened.id)
    assert payloads == {
        "bundle_arrived": {"delivery": delivery.id, "bundle": BUNDLE},
        "data_key_destroyed": {"rule": RULE, "case": opened.case},
    }
    erasures = [(h, p["erasure"]) for h, p in register.trail.events() if p and h.type == "payloads_erased"]
    left = [header.seq for header, payload in register.trail.events() if payload is not None]
    gone = [seq for seq in before if seq not in left]
    assert {(h.actor, h.request, erasure["rule"]) for h, erasure in erasures} == {("officer", None, RULE)}
    assert [(e["request"], e["count"]) for _, e in erasures] == [(opened.id, len(gone)), (None, 1)]
    assert set(of_case) & set(left) == set()
    assert register.trail.verify() == []
    assert list(register.evidence.differences()) == []


def test_another_request_of_the_case_and_the_message_stay(register: Register, open_one: Open) -> None:
    request = open_one()
    other = open_one(case=request.case)
    filled(register, request)
    filled(register, other)
    kept = register.trail.events(other.id)

    register.data_keys.shred(request.id, RULE)

    assert register.trail.events(other.id) == kept
    assert list(register.evidence.differences()) == []
    assert register.steps.latest(other.id, "extract") == {"rows": 8231, "digest": FILE}
    assert [payload for header, payload in register.trail.events() if header.type == "case_opened"] != [None]
    assert register.cases.texts(request.case, "auditor")[0].text
    register.data_keys.shred(other.id, RULE)
    assert register.cases.texts(request.case, "auditor")[0].text is None


def test_a_hold_keeps_all_of_it(register: Register, open_one: Open, url: str) -> None:
    request = filled(register, open_one())
    register.disputes.record(
        request, lambda t: dispute.hold(t, date(2026, 3, 2), new_id("hold"), "court"), "anna"
    )
    before = register.trail.events(request), rows(url, "step", "request_id", request)
    with pytest.raises(RefusedError, match="court"):
        register.data_keys.shred(request, RULE)
    assert (register.trail.events(request), rows(url, "step", "request_id", request)) == before


@both_databases
def test_facts_can_be_shortened_only_after_their_key(register: Register, open_one: Open, url: str) -> None:
    request = filled(register, open_one())
    shorten = "UPDATE fact SET detail = '{}' WHERE request_id = :one"
    others = ("kind = 'decided'", "day = NULL", "\"at\" = ''", "text = 'txt-x'", "number = 99")

    def refused(statement: str) -> None:
        with pytest.raises(AfschriftError, match="append-only"), Database(url).write() as tx:
            tx.execute(text(statement), {"one": request})

    refused(shorten)
    register.data_keys.shred(request, RULE)
    for change in others:
        refused(f"UPDATE fact SET {change} WHERE request_id = :one")
    refused("DELETE FROM fact WHERE request_id = :one")
    with Database(url).write() as tx:
        tx.execute(text(shorten), {"one": request})


def test_rows_restored_without_their_key_are_destroyed_again(
    register: Register, open_one: Open, url: str
) -> None:
    request = filled(register, open_one())
    with Database(url).write() as tx:  # as a restored register: everything but the key
        tx.execute(text("DELETE FROM data_key WHERE owner = :one"), {"one": request})
    filled(register, open_one())
    assert register.data_keys.half_forgotten() == (request,)
    assert register.data_keys.shred(request, "restoration", "officer")
    assert register.data_keys.half_forgotten() == ()
    assert not register.data_keys.left(request)
    assert rows(url, "step", "request_id", request) == []
    assert not register.data_keys.shred(request, "restoration", "officer")


@pytest.mark.parametrize(
    ("detail", "kept"),
    [
        ({"rows": 3, "share": 0.5, "whole": True, "none": None}, {"whole": True}),
        ({"why": ["choice", 4], "on": "2026-03-02"}, {"why": ["choice"], "on": "2026-03-02"}),
        ({"plan": PLAN, "bundle": BUNDLE, "keys": [PLAN]}, {"bundle": BUNDLE, "keys": []}),
        ({"tables": {"shop.orders": 3}, "at": "2026-03-02T10:00:00.000000Z"}, {"tables": {}, "at": "2026-03-02T10:00:00.000000Z"}),
    ],
)  # fmt: skip
def test_codes_and_days_stay_and_numbers_and_digests_go(detail: Row, kept: Row) -> None:
    assert codes_of(detail) == kept
