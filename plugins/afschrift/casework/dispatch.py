"""Answers to every kind of question, for the terminal and for REST; the letter that a decision calls for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.casework.answer import answer
from afschrift.casework.decision.answer import DecisionService, Taken
from afschrift.casework.decision.letter import make_due
from afschrift.casework.decision.require import DECISION, SIGNATURE
from afschrift.casework.identity.representation import KINDS_HERE, answer_represented
from afschrift.casework.intake.not_received import sign
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.answer import PartialResponseService
from afschrift.casework.review.redactions import REVIEW, REVIEW_SIGNED
from afschrift.domain.errors import AfschriftError, FormError
from afschrift.law.manual import NewFile
from afschrift.law.partial_response import KIND as SOURCE_DOWN
from afschrift.law.partial_response import PARTIAL
from afschrift.questions.kinds import NOT_RECEIVED
from afschrift.register.records import DecisionRow, QuestionRow


@dataclass(frozen=True)
class Answered:
    """What came of an answer.

    Attributes:
        letter: id of the letter that was made and must be sent.
        signer: id of the question to the second signer.
        said: what is left to do, in words; empty: nothing beside the next run.
    """

    decision: DecisionRow
    request: str
    letter: str | None = None
    signer: str | None = None
    said: str = ""


def answer_question(
    officer: Officer,
    question_id: str,
    choice: str,
    *,
    detail: Mapping[str, Any] | None = None,
    texts: Mapping[str, Any] | None = None,
    text: str | None = None,
    files: Sequence[NewFile] = (),
) -> Answered:
    """Answer a question of any kind; where a decision calls for a letter, make it.

    Args:
        officer: whoever answers.
        question_id: the question.
        choice: one of its options.
        detail: codes of its form, and of a decision its `ground`.
        texts: words of a decision's form, by field; kept encrypted.
        text: a reason in words for the other kinds; kept encrypted.
        files: what was found in a system that no query reaches.

    Raises:
        UnknownQuestionError, NotAllowedError, TooLateError, FormError, RefusedError: nothing was changed.
    """
    question = officer.register.questions.get(question_id)
    if question.kind in KINDS_HERE:
        _no_texts(texts)
        represented = answer_represented(officer, question, choice, detail=detail or {}, text=text)
        signer = represented.signer.id if represented.signer else None
        return Answered(represented.decision, question.request, signer=signer, said=represented.said)
    if question.kind == NOT_RECEIVED:
        _no_texts(texts)
        decided, said = sign(officer, question, choice, text)
        return Answered(decided, question.request, said=said)
    if question.kind == SOURCE_DOWN:
        _no_texts(texts)
        parts = PartialResponseService(officer, officer.inventory, officer.place)
        decided = parts.answer(question_id, choice, detail or {}, text)
        return Answered(decided, question.request, said=_part_letter(choice))
    if question.kind in (REVIEW, REVIEW_SIGNED):
        return _reviewed(officer, question, choice, detail or {}, texts or {}, text)
    if question.kind not in (DECISION, SIGNATURE):
        _no_texts(texts)
        decided = answer(officer, question_id, choice, detail=detail, text=text, files=files)
        return Answered(decided, question.request)
    decisions = DecisionService(officer)
    if question.kind == SIGNATURE:
        _no_texts(texts)
        return _followed(officer, question, decisions.sign(question_id, choice, text))
    if text:
        raise FormError(
            "The words of a decision have fields of their own.",
            {"text": "put them into `texts`"},
            way_out="`afschrift grounds show CODE` names them; nothing was changed.",
        )
    return _followed(officer, question, decisions.decide(question_id, choice, detail or {}, texts or {}))


def _reviewed(
    officer: Officer,
    question: QuestionRow,
    choice: str,
    detail: Mapping[str, Any],
    texts: Mapping[str, Any],
    text: str | None,
) -> Answered:
    """A review, or its second signature."""
    from afschrift.casework.review.answer import ReviewService  # reads staged files: heavier than the rest
    from afschrift.formats.registry import FORMATS

    reviews = ReviewService(officer, FORMATS)
    if question.kind == REVIEW_SIGNED:
        _no_texts(texts)
        return Answered(reviews.sign(question.id, choice, text).decision, question.request)
    done = reviews.answer(question.id, choice, detail, texts, text)
    if done.asked is None:
        return Answered(done.decision, question.request)
    said = f"It counts once a second person signs: question {done.asked.id}, role second_signer."
    return Answered(done.decision, question.request, signer=done.asked.id, said=said)


def _part_letter(choice: str) -> str:
    """What is left to do after a source was left for later."""
    if choice != PARTIAL:
        return ""
    return (
        "The next run delivers what there is. Then tell the person: `afschrift letter make REQUEST "
        "partial_delivery`."
    )


def _no_texts(texts: Mapping[str, Any] | None) -> None:
    if texts:
        fault = {"texts": "this question has no fields for words; put a reason into `text`"}
        raise FormError(
            "The answer does not fit its question.", fault, way_out="nothing was changed; answer again."
        )


def _followed(officer: Officer, question: QuestionRow, taken: Taken) -> Answered:
    """Make the letter. It is recorded that it is due, so one that cannot be made now is made by a person."""
    told = Answered(taken.decision, question.request)
    if taken.asked is not None:
        said = f"It counts once a second person signs: question {taken.asked.id}, role second_signer."
        return Answered(taken.decision, question.request, signer=taken.asked.id, said=said)
    if taken.letter is None:
        return told
    kind, elements = taken.letter
    try:
        letter = make_due(officer, question.request, kind, elements)
    except AfschriftError as error:
        said = f"The letter '{kind}' could not be made: {error} Then `afschrift letter make`; it must go out."
        return Answered(taken.decision, question.request, said=said)
    assert letter is not None  # kept
    said = f"Letter {letter.id} ({kind}) is made and must be sent: `afschrift letter send {letter.id}`."
    return Answered(taken.decision, question.request, letter=letter.id, said=said)
