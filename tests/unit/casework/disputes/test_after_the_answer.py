"""Holds, complaints and restrictions after the answer, and a refusal whose letter came back."""

import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from testbed.running import run
from tests.support.days import local_today
from tests.support.deciding import Bureau, trigger_codes
from tests.support.restricted import FIRST, dispute_service, restrict, restricted

from afschrift.app.jurisdiction import jurisdiction_of
from afschrift.casework.decision.in_force import restriction
from afschrift.casework.disputes import follow_up, review_lines
from afschrift.casework.letters.make import make
from afschrift.casework.notices.reminder import Message
from afschrift.casework.notices.reviews import due_reviews, review_reminder
from afschrift.casework.run_findings import SweepLimits
from afschrift.domain.errors import GateError, NeedsPersonError, NotAllowedError, RefusedError, TooLateError
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.law.clock.clock import clock
from afschrift.law.clock.facts import FactKind
from afschrift.law.dispute import complaints, holds
from afschrift.law.letter import Bounce
from afschrift.operations.sweep import Sweep
from afschrift.staging.staged_requests import destroy, staged_requests
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import wipe
from afschrift.steps.extract import extract

pytestmark = pytest.mark.slow
WHY = "De kwikstaart heeft een klacht ingediend."


def test_what_is_staged_stays_while_a_request_is_held(bureau: Bureau, tmp_path: Path) -> None:
    staging = Path(bureau.settings.staging)
    request = bureau.store()
    dispute_service(bureau).hold(request, "claim", WHY)
    run(bureau.services, request)
    assert bureau.state(request) is State.DELIVERED
    assert [request.request for request in staged_requests(staging)] == [request]
    assert not wipe(bureau.services, request)

    def sweep(dry: bool) -> str:
        later, limits = utc_now() + timedelta(days=30), SweepLimits()
        empty = lambda staged: destroy(staging, staged)  # noqa: E731
        seen = lambda: staged_requests(staging)  # noqa: E731
        found = Sweep(bureau.register, seen, empty, lambda *_: "", later, limits, dry).run()
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
    # Late, and codes alone.
    [after] = dispute_service(bureau).complain(request, "court", "C/13/1", local_today())
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
    refused = [payload["kind"] for payload in bureau.events("answer_refused", request)]
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
    bureau.send(letter)
    assert bureau.state(request) is State.REFUSED
    once = bureau.register.facts.timeline(request)

    bureau.register.outbox.enter_bounce(letter, once.local(str(once.closed_at)), Bounce.REFUSED, "cli:anna")

    assert bureau.state(request) is State.NEEDS_PERSON
    for step in (assess, classify):
        with pytest.raises(NeedsPersonError, match=r"once its letter is sent.*R45"):
            step(bureau.services, request)
    given = {"ground": "manifestly_unfounded", "reasons": "Er is niets nieuws sinds vorige week."}
    again = make(bureau.officer(), request, "refusal", given).letter
    bureau.send(again.id)
    after = bureau.register.facts.timeline(request)
    assert after.state is State.REFUSED
    now = clock(after, jurisdiction_of(bureau.services.inventory.controller), local_today())
    assert (now.breaches, now.closed_on) == ((), after.of(FactKind.DECIDED)[0].sent_on)


def test_refusal_is_decided_anew_once_a_complaint_is_upheld(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    bureau.answer(question, "refuse", "manifestly_unfounded")
    bureau.send(bureau.sign(request).letter)
    disputes = dispute_service(bureau)
    disputes.complain(request, "authority", "z1", local_today())

    disputes.end_complaint(request, "z1", "upheld", reopen=True)

    assert bureau.state(request) is State.NEEDS_PERSON
    assert [asked.kind for asked in bureau.questions(request)] == ["decision"]


PLACES = ["shop.ticket", "shop.ticket_message", "shop.customer.score"]
NEXT = (FIRST + timedelta(days=100)).date()


def look(
    bureau: Bureau, request: str, restriction_id: str, outcome: str = "lifted", by: str = "cli:anna"
) -> None:
    """Looked at again and signed."""
    next_ = NEXT if outcome == "stays" else None
    dispute_service(bureau, by, FIRST).review(request, restriction_id, outcome, WHY, next_)
    dispute_service(bureau, "cli:sam", FIRST).sign_review(request, restriction_id)


def traces(bundle: Path) -> list[str]:
    """Files of the tables that are kept back, and what holds their values or the provision."""
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    words = (b"help", b",700\r\n", b"UAVG-41")
    return [n for n, content in files.items() if "ticket" in n or any(w in content for w in words)]


def test_a_kept_restriction_is_due_on_its_next_day_and_leaves_no_trace(bureau: Bureau) -> None:
    request, restriction_id = restricted(bureau, PLACES)
    assert traces(run(bureau.services, request)) == []
    assert [r.id for r in due_reviews(bureau.register, FIRST)] == [restriction_id]

    _, found = dispute_service(bureau, now=FIRST).review(request, restriction_id, "stays", WHY, NEXT)

    assert not found.lifted
    assert [r.id for r in due_reviews(bureau.register, FIRST)] == [restriction_id]  # not signed yet
    with pytest.raises(TooLateError, match=r"second signer.*--agree"):
        dispute_service(bureau, "cli:vera", FIRST).review(request, restriction_id, "lifted", WHY)
    with pytest.raises(NotAllowedError, match="four eyes"):
        # Another account, the same person.
        dispute_service(bureau, "airflow:anna", FIRST).sign_review(request, restriction_id)
    with pytest.raises(NotAllowedError, match="second_signer"):
        dispute_service(bureau, "cli:otto", FIRST).sign_review(request, restriction_id)
    _, found = dispute_service(bureau, "cli:sam", FIRST).sign_review(request, restriction_id)
    assert found.review_on == NEXT
    assert due_reviews(bureau.register, FIRST) == []
    [again] = due_reviews(bureau.register, FIRST + timedelta(days=100))
    assert (again.on, again.by) == (NEXT, "cli:anna")
    recorded = [p for h, p in bureau.register.trail.events(request) if h.type.startswith("fact_restriction")]
    assert [p["held"]["role"] for p in recorded if p] == ["officer", "second_signer"]
    assert "kwikstaart" not in repr(bureau.register.trail.events())


def test_lifted_on_an_open_request_is_drift_and_the_next_plan_holds_it(bureau: Bureau) -> None:
    request, restriction_id = restricted(bureau, PLACES)
    assess(bureau.services, request)
    frozen = classify(bureau.services, request)
    look(bureau, request, restriction_id)
    with pytest.raises(GateError, match=r"decisions.*changed"):
        extract(bureau.services, request, "shop")
    again = classify(bureau.services, request)
    assert again["plan"] != frozen["plan"]
    plan = bureau.register.plans.get(request, again["plan"])
    assert [table.table for table in plan.extracts if "1 = 0" in table.statement] == []
    before = bureau.register.plans.get(request, frozen["plan"])
    empty = [e.table for e in before.extracts if "1 = 0" in e.statement]
    assert empty == ["customer", "ticket", "ticket_message"]
    assert len(traces(run(bureau.services, request))) > 3


def test_lifted_after_the_answer_is_given_by_a_request_of_its_own(bureau: Bureau) -> None:
    request, restriction_id = restricted(bureau, PLACES)
    run(bureau.services, request)
    with pytest.raises(RefusedError, match="in force"):
        follow_up(dispute_service(bureau, now=FIRST), request, restriction_id)
    look(bureau, request, restriction_id)
    timeline = bureau.register.facts.timeline(request)
    [line] = review_lines(timeline, restriction(bureau.register, request, restriction_id))
    assert "request follow-up" in line
    assert "R54" in line
    opened = follow_up(dispute_service(bureau, now=FIRST), request, restriction_id)
    [linked] = bureau.register.facts.timeline(opened).of(FactKind.LINKED)
    assert (linked.other, linked.detail["as"]) == (request, "reminder")
    assert bureau.asked(opened).kind == "identity"  # it was not confirmed for this request
    with pytest.raises(RefusedError, match=opened):
        follow_up(dispute_service(bureau, now=FIRST), request, restriction_id)
    with pytest.raises(NotAllowedError):
        follow_up(dispute_service(bureau, "cli:dirk", FIRST), request, restriction_id)
    with pytest.raises(TooLateError, match="lifted already"):
        dispute_service(bureau, now=FIRST).review(request, restriction_id, "stays", WHY, NEXT)
    assert due_reviews(bureau.register, FIRST + timedelta(days=900)) == []


def test_what_was_kept_back_is_put_before_a_person_when_they_ask_again(bureau: Bureau) -> None:
    request, restriction_id = restricted(bureau, PLACES)
    run(bureau.services, request)
    question = bureau.asked(bureau.store(days=0))
    assert "restricted_before" in trigger_codes(question)
    [flag] = [f for f in question.detail["flags"] if f["flag"] == "restricted_before"]
    assert (flag["earlier"], flag["restriction"]) == (request, restriction_id)
    look(bureau, request, restriction_id)
    assert "restricted_before" not in trigger_codes(bureau.asked(bureau.store(days=0)))


def test_turned_down_it_is_due_again(bureau: Bureau) -> None:
    request, restriction_id = restricted(bureau, ["shop.ticket"], "open")
    dispute_service(bureau, now=FIRST).review(request, restriction_id, "lifted", WHY)
    timeline, found = dispute_service(bureau, "cli:sam", FIRST).sign_review(
        request, restriction_id, agree=False
    )
    assert not found.lifted
    assert "turned down" in " ".join(review_lines(timeline, found))
    assert [r.id for r in due_reviews(bureau.register, FIRST)] == [restriction_id]
    for outcome, next_, words in (
        ("stays", None, "--next"),
        ("stays", FIRST.date(), "--next"),
        ("lifted", NEXT, "leave --next out"),
        ("perhaps", None, "stays . lifted"),
    ):
        with pytest.raises(RefusedError, match=words):
            dispute_service(bureau, now=FIRST).review(request, restriction_id, outcome, WHY, next_)
    with pytest.raises(RefusedError, match=f"name one of {restriction_id}"):
        dispute_service(bureau, now=FIRST).review(request, "q-000000000000", "lifted", WHY)


def test_a_restriction_in_force_is_named_from_its_day(bureau: Bureau) -> None:
    request, question = bureau.flagged()
    restrict(bureau, request, question, ["shop.ticket"], sign=False)
    assert due_reviews(bureau.register, FIRST) == []  # not signed yet
    bureau.sign(request)
    run(bureau.services, request)
    assert due_reviews(bureau.register, FIRST - timedelta(days=1)) == []
    [review] = due_reviews(bureau.register, FIRST)
    assert (review.request, review.on) == (request, FIRST.date())
    sent: list[Message] = []
    reminder = review_reminder(bureau.register, "check", FIRST)
    assert [reminder.remind(notifier, sent.append) for notifier in ("mail", "mail", "another")] == [1, 0, 1]
    assert request in sent[0].text
    assert "shop.ticket" not in sent[0].text
