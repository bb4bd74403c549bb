"""Answers to the questions about children and representatives, held against the rules (R15, R16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afschrift.casework.answer import form_of
from afschrift.casework.identity.mandate_forms import MANDATE, MANDATE_SIGNED, MINOR
from afschrift.casework.identity.mandates import ANSWER_CHILD, NOT_PROVEN, PROVEN, signature
from afschrift.casework.officer import Officer
from afschrift.domain.errors import FormError, TooLateError
from afschrift.law.person.age import Minor
from afschrift.law.person.mandate import NotEnough, Proven, check_mandate
from afschrift.law.roles import Act
from afschrift.questions.forms import check
from afschrift.questions.kinds import ask
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register

KINDS_HERE = (MANDATE, MANDATE_SIGNED, MINOR)
OPEN = "Nothing was recorded; the question is open."
SAY = (
    "Tell whoever asked what is still needed: `afschrift letter make {request} mandate_request`. No clock "
    "stands still meanwhile. The next run asks again."
)


@dataclass(frozen=True)
class Represented:
    """An answer that was recorded.

    Attributes:
        signer: the question to the second signer, where one is due.
        said: what is left to do, in words; empty: nothing beside the next run.
    """

    decision: DecisionRow
    signer: QuestionRow | None = None
    said: str = ""


def answer_represented(
    officer: Officer,
    question: QuestionRow,
    choice: str,
    *,
    detail: Mapping[str, Any],
    text: str | None,
) -> Represented:
    """Answer `minor`, `mandate` or `mandate_signed`.

    Args:
        officer: whoever answers.
        question: one of these kinds.
        choice: one of its options.
        detail: codes and days of the form.
        text: what is best for the person and why; kept encrypted, the trail holds its HMAC.

    Raises:
        NotAllowedError: they lack the role, it is assigned to somebody else, or four eyes are due.
        TooLateError: answered already, closed, or asked anew since.
        FormError: the form is not filled in right, or does not carry it; names the rule and the way out.
    """
    register, by = officer.register, officer.by
    held = officer.answering(question)
    if question.answered_at is not None:  # the register says who was first
        return Represented(register.questions.answer(question.id, choice, by, held=held))
    check(form_of(question), question.options, choice, detail)
    officer.still_asked(question, "Nothing was recorded.")
    told = dict(detail)
    rules: tuple[str, ...] = ("R16",)
    if question.kind == MANDATE and choice == PROVEN:
        proven = _held_against(officer, question, detail, note=bool(text))
        rules = proven.rules
        if proven.second_signer:
            told["second_signer"] = True
    elif question.kind == MANDATE:
        rules = ("R15",)
    elif question.kind == MINOR and choice == ANSWER_CHILD and not text:
        raise _fault("text", "R16", "the child's interest leads, and nothing is said of it", _NOTE)
    decided = register.questions.answer(question.id, choice, by, told, text, held=held, rules=rules)
    if told.get("second_signer"):
        asked = ask_signer(register, question.request, decided)
        said = f"It counts once a second person signs: question {asked.id}, role second_signer."
        return Represented(decided, asked, said)
    if choice == NOT_PROVEN:
        return Represented(decided, said=SAY.format(request=question.request))
    return Represented(decided)


def ask_signer(register: Register, request_id: str, decision: DecisionRow) -> QuestionRow:
    """Put the decision before a second signer."""
    ask(register, request_id, [signature(decision)])
    return next(
        q
        for q in register.questions.all(request_id=request_id)
        if q.kind == MANDATE_SIGNED and q.about == decision.about
    )


def take_back(officer: Officer, request_id: str, text: str | None = None) -> DecisionRow:
    """Record that the person took a mandate back: nothing is delivered on it any more (R15).

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they lack the role.
        TooLateError: the request is closed, or no mandate was found to be proven.
    """
    register = officer.register
    role = officer.roles.require(officer.by, Act.DECIDE)
    taken = [one for one in register.decisions.of(request_id) if one.kind == MANDATE]
    if not taken or taken[-1].choice != PROVEN:
        raise TooLateError(
            "No mandate of this request counts as proven, so none can be taken back (R15).",
            way_out="`afschrift request show` says how it stands. Nothing was recorded.",
        )
    return register.decisions.take(
        request_id,
        MANDATE,
        NOT_PROVEN,
        officer.by,
        about=taken[-1].about,
        detail={"lacking": "withdrawn"},
        text=text,
        held=officer.held(role),
    )


def _held_against(
    officer: Officer, question: QuestionRow, detail: Mapping[str, Any], *, note: bool
) -> Proven:
    request = officer.register.requests.get(question.request)
    verdict = check_mandate(
        detail, request.right, officer.today(request.zone), Minor(question.detail["minor"]), note=note
    )
    if isinstance(verdict, NotEnough):
        raise _fault(verdict.field, verdict.rule, verdict.because, verdict.instead)
    return verdict


_NOTE = "write into the text what is best for the child and why; it is kept encrypted"


def _fault(field: str, rule: str, because: str, instead: str) -> FormError:
    return FormError(
        f"This is turned down ({rule}): {because}.",
        {field: f"{because} ({rule})"},
        way_out=f"{instead}. {OPEN}",
    )
