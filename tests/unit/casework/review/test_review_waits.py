"""What waits for a second signer waits whatever is packed meanwhile; an older review is overtaken."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from testbed.running import members
from tests.support.deciding import unchanged
from tests.support.reviewing import LINE, NEIGHBOUR, Reviewers

from afschrift.casework.answer import still_open
from afschrift.casework.question_kinds import KINDS
from afschrift.casework.review.question import in_force, signature, to_sign, unsigned
from afschrift.domain.errors import NeedsPersonError, TooLateError
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.steps.deliver import deliver

pytestmark = pytest.mark.slow

SECRET = LINE.replace("rights_of_others", "trade_secret")
TEXTS = {"redactions": [SECRET], "effect": "Recept.", "mitigation": "Weg.", "prevails": "Het recept."}


def redacted(reviewers: Reviewers) -> tuple[str, QuestionRow]:
    """A request whose redaction waits for its second signer, and the question to them."""
    request = reviewers.store(formats=["csv"])
    question = reviewers.asked(request)
    reviewers.answer(question, "redact", detail={"secret_owner": "of_another"}, texts=TEXTS)
    return request, reviewers.open(request, "review_signed")


def other_formats(reviewers: Reviewers, request: str) -> None:
    reviewers.bureau.register.requests.change_options(request, formats=["json"])


def other_rows(reviewers: Reviewers, request: str) -> None:
    """What was staged is gone, as after the sweep, and the source has changed meanwhile."""
    reviewers.services.staging(request).wipe()
    reviewers.sql("UPDATE customer SET score = 701 WHERE customer_id = 1")


def test_what_was_redacted_waits_though_another_bundle_is_packed(reviewers: Reviewers) -> None:
    request, asked = redacted(reviewers)
    register = reviewers.bureau.register
    before = register.steps.latest(request, "package")
    other_rows(reviewers, request)

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


def test_only_the_second_signer_turns_it_down(reviewers: Reviewers) -> None:
    request, asked = redacted(reviewers)
    other_formats(reviewers, request)
    reviewers.asked(request, "review_signed")
    reviewers.answer(asked, "disagree", by="cli:sam")

    question = reviewers.asked(request)

    assert "redacted" in question.detail["why"]
    assert "redacted" not in question.detail
    assert unsigned(reviewers.bureau.register.decisions.of(request)) == ()


def test_while_another_question_waits_no_review_ends_and_no_bundle_leaves(reviewers: Reviewers) -> None:
    request, asked = redacted(reviewers)
    other_formats(reviewers, request)
    reviewers.asked(request, "review_signed")
    register = reviewers.bureau.register
    packed = register.steps.latest(request, "package")
    assert packed
    detail = {"plan": packed["plan"], "why": ["policy"]}
    other = register.questions.ask(
        request, "review", options=KINDS["review"].options, detail=detail, about=packed["bundle"]
    )

    for choice, words in (("approved", None), ("hold_back", "Later.")):
        error = unchanged(
            reviewers.bureau,
            other,
            lambda c=choice, w=words: reviewers.answer(other, c, text=w),  # type: ignore[misc]
            TooLateError,
        )
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
        return DecisionRow(
            "review", "redact", "cli:anna", "2026-03-05", "ab" * 32, detail, question, "text-1"
        )

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
    other_formats(reviewers, request)
    newer = reviewers.asked(request)
    register = reviewers.bureau.register

    assert still_open(register, request) == (newer.id,)
    recorded = [
        payload for header, payload in register.trail.events(request) if header.type == "question_overtaken"
    ]
    assert recorded == [{"question": older.id, "overtaken_by": newer.id}]
    with pytest.raises(TooLateError, match="overtaken"):
        reviewers.answer(older, "approved")
    reviewers.answer(newer, "approved")
    assert still_open(register, request) == ()
    assert [s.open_questions for s in register.oversight.progress() if s.request == request] == [
        0
    ]  # no sweep waits
    assert hashlib.sha256(reviewers.deliver(request).read_bytes()).hexdigest() == newer.about


def test_a_review_is_overtaken_by_whatever_is_asked_before_the_next(
    reviewers: Reviewers, tmp_path: Path
) -> None:
    request, older = reviewers.at_review()
    shop = tmp_path / "inventory" / "shop.yml"
    unsaid = shop.read_text(encoding="utf-8").replace("name: {origin: provided}", "name: {}")
    shop.write_text(unsaid, encoding="utf-8")
    reviewers.decide_policy("always")

    reviewers.answer(reviewers.asked(request, "unclassified"), "exclude")

    assert still_open(reviewers.bureau.register, request) == ()
    assert reviewers.asked(request).id != older.id


def test_a_person_who_says_that_all_accounts_are_theirs_has_it_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewers = Reviewers.set_up(tmp_path, monkeypatch, "flagged", all_tables=True)
    reviewers.sql("UPDATE ticket_message SET body = 'help'")  # nothing is pointed out
    request = reviewers.bureau.store("access", {"customer_id": "1", "email": "bob@example.org"})
    reviewers.answer(reviewers.asked(request, "several_persons"), "all_accounts")
    reviewers.answer(reviewers.asked(request, "shared_key"), "exclude")
    reviewers.answer(reviewers.open(request, "unknown_origin"), "leave_out")

    assert reviewers.asked(request).detail["why"] == ["answered"]


def test_a_column_of_each_case_that_leaves_by_decision_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewers = Reviewers.set_up(tmp_path, monkeypatch, "flagged")
    reviewers.sql("UPDATE ticket_message SET body = 'help'")
    shop = tmp_path / "inventory" / "shop.yml"
    case = shop.read_text(encoding="utf-8").replace("  ticket:\n", "  ticket:\n    review: case\n", 1)
    shop.write_text(case, encoding="utf-8")
    reviewers.decide_policy("flagged")
    request = reviewers.store()
    reviewers.answer(reviewers.asked(request, "decision"), "fulfil")

    assert reviewers.asked(request).detail["why"] == ["answered"]
