"""Holds and complaints on closed requests, what they keep, and a refusal whose letter came back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from testbed.running import run
from tests.support.days import local_today
from tests.support.deciding import Bureau
from tests.support.restricted import dispute_service

from afschrift.app.jurisdiction import jurisdiction_of
from afschrift.casework.letters.make import make
from afschrift.casework.notices.reminder import Message
from afschrift.casework.notices.reviews import due_reviews, review_reminder
from afschrift.domain.errors import NeedsPersonError, NotAllowedError, RefusedError, TooLateError
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.law.clock.clock import clock
from afschrift.law.clock.facts import FactKind
from afschrift.law.dispute import complaints, holds
from afschrift.law.letter import Bounce
from afschrift.operations.findings import SweepLimits
from afschrift.operations.sweep import Sweep
from afschrift.staging.staged_requests import destroy, staged_requests
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import wipe

WHY = "De kwikstaart heeft een klacht ingediend."


def test_what_is_staged_stays_while_a_request_is_held(bureau: Bureau, tmp_path: Path) -> None:
    staging = Path(bureau.settings.staging)
    request = bureau.store()
    dispute_service(bureau).hold(request, "claim", WHY)
    run(bureau.services, request)
    assert bureau.register.requests.get(request).state is State.DELIVERED
    assert [request.request for request in staged_requests(staging)] == [request]
    assert not wipe(bureau.services, request)

    def sweep(dry: bool) -> str:
        later = utc_now() + timedelta(days=30)
        found = Sweep(
            bureau.register,
            lambda: staged_requests(staging),
            lambda staged: destroy(staging, staged),
            lambda *_: "",
            later,
            SweepLimits(),
            dry,
        ).run()
        return next(act.action for act in found if act.finding.request == request)

    for dry in (True, False):
        assert "under hold" in sweep(dry)
        assert "case release" in sweep(dry)
    assert staged_requests(staging)
    dispute_service(bureau).release(request, WHY)
    assert "destroyed" in sweep(False)
    assert not staged_requests(staging)


def test_a_complaint_holds_by_itself_and_its_outcome_leaves_the_hold(bureau: Bureau) -> None:
    request = bureau.store()
    run(bureau.services, request)
    case = bureau.register.requests.get(request).case
    [timeline] = dispute_service(bureau).complain(case, "authority", "z2026-01234", local_today(), WHY)
    assert [h.ground for h in holds(timeline)] == ["authority"]
    with pytest.raises(RefusedError, match=r"entered for .* already.*--outcome"):
        dispute_service(bureau).complain(request, "authority", "z2026-01234", local_today())
    with pytest.raises(RefusedError, match="is before the complaint"):
        dispute_service(bureau).end_complaint(
            request, "z2026-01234", "upheld", local_today() - timedelta(days=1)
        )
    [after] = dispute_service(bureau).end_complaint(case, "z2026-01234", "rejected")
    [complaint] = complaints(after)
    assert "rejected" in complaint.words
    with pytest.raises(TooLateError, match="rejected"):
        dispute_service(bureau).end_complaint(request, "z2026-01234", "upheld")
    with pytest.raises(RefusedError, match="under hold"):
        bureau.register.data_keys.shred(request, "retention_identity")
    dispute_service(bureau).release(case, WHY)
    assert bureau.register.data_keys.shred(request, "retention_identity")
    [after] = dispute_service(bureau).complain(
        request, "court", "C/13/1", local_today()
    )  # late, and codes alone
    assert [c.reference for c in complaints(after)] == ["z2026-01234", "C/13/1"]
    with pytest.raises(RefusedError, match="destroyed"):
        dispute_service(bureau).hold(request, "court", WHY)
    assert "kwikstaart" not in repr(bureau.register.trail.events())


def test_only_an_officer_holds_releases_and_enters_complaints(bureau: Bureau) -> None:
    request = bureau.store()
    for by in ("cli:dirk", "cli:sam", "cli:ivo", "cli:unknown"):
        for act in (
            lambda d: d.hold(request, "court", WHY),
            lambda d: d.release(request, WHY),
            lambda d: d.complain(request, "person", "R1", local_today()),
            lambda d: d.end_complaint(request, "R1", "upheld"),
        ):
            with pytest.raises(NotAllowedError):
                act(dispute_service(bureau, by))
    refused = [
        p["kind"] for h, p in bureau.register.trail.events(request) if h.type == "answer_refused" and p
    ]
    assert refused == ["hold", "release", "complaint", "complaint"] * 4
    assert bureau.register.facts.timeline(request).facts == ()


def test_a_hold_is_named_on_its_day_and_reminded_of_once(bureau: Bureau) -> None:
    request = bureau.store()
    [timeline] = dispute_service(bureau).hold(request, "court", WHY, local_today() + timedelta(days=90))
    [hold] = holds(timeline)
    assert due_reviews(bureau.register, utc_now() + timedelta(days=88)) == []
    later = utc_now() + timedelta(days=91)
    [review] = due_reviews(bureau.register, later)
    assert (review.what, review.id, review.request) == ("hold", hold.id, request)
    sent: list[Message] = []
    reminder = review_reminder(bureau.register, "check", later)
    assert [reminder.remind("mail", sent.append) for _ in range(2)] == [1, 0]
    assert sent[0].subject == "Afschrift: 1 hold to look at again"
    assert "case release" in sent[0].text
    dispute_service(bureau).release(request, WHY)
    assert due_reviews(bureau.register, later) == []


def test_a_refusal_whose_letter_bounced_is_open_until_sent_again(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    bureau.answer(question, "refuse", "manifestly_unfounded")
    letter = bureau.sign(request).letter
    assert letter is not None
    bureau.send(letter)
    assert bureau.register.requests.get(request).state is State.REFUSED
    once = bureau.register.facts.timeline(request)

    bureau.register.outbox.enter_bounce(letter, once.local(str(once.closed_at)), Bounce.REFUSED, "cli:anna")

    assert bureau.register.requests.get(request).state is State.NEEDS_PERSON
    for step in (assess, classify):
        with pytest.raises(NeedsPersonError, match=r"once its letter is sent.*R45"):
            step(bureau.services, request)
    given = {"ground": "manifestly_unfounded", "reasons": "Er is niets nieuws sinds vorige week."}
    again = make(bureau.officer("cli:anna"), request, "refusal", given).letter
    assert again is not None
    bureau.send(again.id)
    after = bureau.register.facts.timeline(request)
    assert after.state is State.REFUSED
    now = clock(after, jurisdiction_of(bureau.services.inventory.controller), local_today())
    assert (now.breaches, now.closed_on) == ((), after.of(FactKind.DECIDED)[0].sent_on)
