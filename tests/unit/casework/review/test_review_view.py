"""What a reviewer is shown, by role, and what waits for a second signer."""

import hashlib
import json
from functools import partial

import msgspec
import pytest
from testbed.running import members
from tests.support.deciding import unchanged
from tests.support.reviewing import BODY, LINE, NEIGHBOUR, SPAN, Reviewers

from afschrift.casework.answer import still_open
from afschrift.casework.question_kinds import KINDS
from afschrift.casework.review.look import begin
from afschrift.casework.review.question import in_force, signature, to_sign, unsigned
from afschrift.casework.review.review_overview import overview
from afschrift.casework.review.table_page import TablePage, table_page
from afschrift.casework.review.view import ReviewTable, ReviewView
from afschrift.domain.errors import FormError, NeedsPersonError, NotAllowedError, RefusedError, TooLateError
from afschrift.domain.redaction import Pointer, TablePointers
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.steps.deliver import deliver

pytestmark = pytest.mark.slow
TICKETS = "shop.ticket_message"


def seen(reviewers: Reviewers, request: str, by: str = "cli:anna") -> ReviewView:
    return overview(begin(reviewers.bureau.officer(by), request, None)).view


def page(reviewers: Reviewers, request: str, by: str = "cli:anna", table: str = TICKETS) -> TablePage:
    return table_page(reviewers.bureau.officer(by), request, table)


def point(reviewers: Reviewers, request: str) -> None:
    """As the finder leaves it in staging."""
    found = {"ticket_message": TablePointers((Pointer(1, "body", *SPAN, "name"),), {"name": 1})}
    with reviewers.services.staging(request).writer("pointers/shop.json") as sink:
        sink.write(msgspec.json.encode(found))


def of(view: ReviewView, name: str) -> ReviewTable:
    return next(table for table in view.tables if table.name == name)


def test_an_officer_sees_what_leaves_why_and_what_was_pointed_out(reviewers: Reviewers) -> None:
    request, question = reviewers.at_review()
    point(reviewers, request)

    view = seen(reviewers, request)

    assert (view.question, view.bundle, view.why) == (question.id, question.about, ("policy",))
    table = of(view, TICKETS)
    assert (table.rows, table.pointed_counts) == (3, {"name": 1})
    author = next(column for column in table.columns if column.name == "author")
    assert (author.action, author.masked, "masked" in author.words) == ("mask", 1, True)
    shown = page(reviewers, request)
    [card] = shown.cards
    [cell] = card.cells
    [place] = cell.places
    assert f"{place.before}{place.text}{cell.after}" == BODY
    assert place.text == NEIGHBOUR
    assert sorted(row.rest["id"] or "" for row in (card, *shown.others)) == ["1", "2", "3"]
    assert view.grounds["rights_of_others"] == ("right_of_others", "effect", "mitigation", "prevails")
    assert NEIGHBOUR not in repr(view) + repr(shown)
    with pytest.raises(RefusedError):
        page(reviewers, request, table="shop.nothing")
    reviewers.redact(question, f"{place.line} rights_of_others")  # the line does as it is
    assert seen(reviewers, request).question is None


def test_each_look_is_an_event_with_its_role_and_no_value(reviewers: Reviewers) -> None:
    request, _ = reviewers.at_review()
    point(reviewers, request)
    for by in ("cli:anna", "cli:sam", "cli:dirk"):
        assert page(reviewers, request, by).others
    shown = page(reviewers, request, "cli:ada")
    [card] = shown.cards
    assert (card.rest, shown.others, card.cells[0].places[0].line.split()[1]) == ({}, (), "#1")
    assert NEIGHBOUR not in card.cells[0].places[0].text
    for by in ("cli:ivo", "cli:unknown"):
        with pytest.raises(NotAllowedError):
            seen(reviewers, request, by)

    events = reviewers.bureau.register.trail.events(request)
    looks = [payload for header, payload in events if header.type == "bundle_viewed" and payload]
    roles = {"officer": True, "second_signer": True, "dpo": True, "auditor": False}
    assert [(look["role"], look["values"]) for look in looks] == list(roles.items())
    assert all(look["bundle"] and NEIGHBOUR not in json.dumps(look) for look in looks)
    assert [h.type for h, _ in events].count("answer_refused") == 2


def test_nothing_is_shown_before_a_plan_and_rows_only_while_they_are_staged(reviewers: Reviewers) -> None:
    request = reviewers.store()
    with pytest.raises(RefusedError, match="Nothing is planned"):
        seen(reviewers, request)
    question = reviewers.asked(request)
    reviewers.services.staging(request).wipe()

    assert of(seen(reviewers, request), TICKETS).rows is None
    error = unchanged(reviewers.bureau, question, lambda: reviewers.redact(question, LINE), FormError)
    assert "no row of this table" in str(error)
    reviewers.answer(question, "approved")
    reviewers.deliver(request)  # read again, and the same bundle came of it


SECRET = LINE.replace("rights_of_others", "trade_secret")
TEXTS = {"redactions": [SECRET], "effect": "Recept.", "mitigation": "Weg.", "prevails": "Het recept."}


def redacted(reviewers: Reviewers) -> tuple[str, QuestionRow]:
    """A request whose redaction waits for its second signer, and the question to them."""
    request = reviewers.store(formats=["csv"])
    question = reviewers.asked(request)
    reviewers.answer(question, "redact", detail={"secret_owner": "of_another"}, texts=TEXTS)
    return request, reviewers.open(request, "review_signed")


def test_what_was_redacted_waits_though_another_bundle_is_packed(reviewers: Reviewers) -> None:
    request, asked = redacted(reviewers)
    register = reviewers.bureau.register
    before = register.steps.latest(request, "package")
    reviewers.services.staging(request).wipe()  # as after the sweep, and the source has changed meanwhile
    reviewers.bureau.execute("UPDATE customer SET score = 701 WHERE customer_id = 1")

    assert reviewers.asked(request, "review_signed").id == asked.id
    after = register.steps.latest(request, "package")
    assert before and after and before["bundle"] != after["bundle"]
    assert still_open(register, request) == (asked.id,)
    reviewers.answer(asked, "agree", by="cli:sam")
    question = reviewers.asked(request)
    assert question.detail["redacted"] == {"shop.ticket_message.body": 1}
    reviewers.answer(question, "approved")
    files = members(reviewers.deliver(request))

    assert [path for path, content in files.items() if NEIGHBOUR.encode() in content] == []


def test_while_another_question_waits_no_review_ends_and_no_bundle_leaves(reviewers: Reviewers) -> None:
    request, asked = redacted(reviewers)
    register = reviewers.bureau.register
    register.requests.change_options(request, formats=["json"])
    reviewers.asked(request, "review_signed")
    packed = register.steps.latest(request, "package")
    assert packed
    detail = {"plan": packed["plan"], "why": ["policy"]}
    other = register.questions.ask(
        request, "review", options=KINDS["review"].options, detail=detail, about=packed["bundle"]
    )

    for choice, words in (("approved", None), ("hold_back", "Later.")):
        answer = partial(reviewers.answer, other, choice, text=words)
        error = unchanged(reviewers.bureau, other, answer, TooLateError)
        assert "second signer" in str(error)
        assert asked.id in error.remedy

    register.decisions.take(request, "review", "approved", "cli:anna", about=packed["bundle"])
    with pytest.raises(NeedsPersonError) as caught:
        reviewers.deliver(request)
    assert caught.value.question == "review_signed"
    with pytest.raises(Exception, match="needs_person"):
        deliver(reviewers.services, request)


def test_each_that_waits_has_a_signature_of_its_own() -> None:
    def redaction(question: str) -> DecisionRow:
        detail = {"grounds": {"trade_secret": {}}, "second_signer": True}
        about = "ab" * 32
        return DecisionRow("review", "redact", "cli:anna", "2026-03-05", about, detail, question, "text-1")

    def signed(of: DecisionRow, choice: str) -> DecisionRow:
        question = signature(of)
        assert question.detail == to_sign(of)
        return DecisionRow("review_signed", choice, "cli:sam", "2026-03-06", question.about, {}, "q-9", None)

    first, second = redaction("q-1"), redaction("q-2")
    approved = DecisionRow("review", "approved", "cli:otto", "2026-03-05", "cd" * 32, {}, "q-3", None)
    taken = [first, approved, second]

    assert (list(in_force(taken)), unsigned(taken)) == ([], (first, second))
    taken.append(signed(first, "agree"))
    assert (list(in_force(taken)), unsigned(taken)) == ([first], (second,))
    taken.append(signed(second, "disagree"))
    assert (list(in_force(taken)), unsigned(taken)) == ([first], ())


def test_an_older_review_is_overtaken_by_the_next(reviewers: Reviewers) -> None:
    request = reviewers.store(formats=["csv"])
    older = reviewers.asked(request)
    register = reviewers.bureau.register
    register.requests.change_options(request, formats=["json"])
    newer = reviewers.asked(request)

    assert still_open(register, request) == (newer.id,)
    events = register.trail.events(request)
    recorded = [payload for header, payload in events if header.type == "question_overtaken"]
    assert recorded == [{"question": older.id, "overtaken_by": newer.id}]
    for choice in ("approved", "redact", "hold_back"):
        with pytest.raises(TooLateError, match="overtaken"):
            reviewers.answer(older, choice)
    assert register.trail.events(request) == events
    reviewers.answer(newer, "approved")
    assert still_open(register, request) == ()
    [progress] = [row for row in register.oversight.progress() if row.request == request]
    assert progress.open_questions == 0  # no sweep waits

    register.requests.change_options(request, language="en")
    again = reviewers.asked(request)
    assert again.about != newer.about
    assert "changed" in again.detail["why"]
    reviewers.answer(again, "approved")
    assert hashlib.sha256(reviewers.deliver(request).read_bytes()).hexdigest() == again.about


def test_a_review_is_overtaken_by_whatever_is_asked_before_the_next(reviewers: Reviewers) -> None:
    request, older = reviewers.at_review()
    reviewers.describe("name: {origin: provided}", "name: {}")

    reviewers.answer(reviewers.asked(request, "unclassified"), "exclude")

    assert still_open(reviewers.bureau.register, request) == ()
    assert reviewers.asked(request).id != older.id
