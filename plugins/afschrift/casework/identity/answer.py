"""Answers to the questions who asks and for whom, held against the rules (R10-R12, R15, R16)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from afschrift.casework.identity.mandates import NOT_PROVEN, PROVEN
from afschrift.casework.identity.question import ANSWER_CHILD, MANDATE
from afschrift.casework.officer import Officer
from afschrift.casework.second_signature import sign
from afschrift.domain.errors import FormError, RefusedError, TooLateError
from afschrift.law.person import Factor, Level, Minor, NotEnough, Proven, Risk, check_mandate, must_cover
from afschrift.law.roles import Act
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.register.records import DecisionRow, QuestionRow

OPEN = "Nothing was recorded; the question is open."
SAY = (
    "Tell whoever asked what is still needed: `afschrift letter make {request} mandate_request`. No clock "
    "stands still meanwhile. The next run asks again."
)


def answer_identity(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer; a check must do for the risk that the question names (R12).

    Raises:
        RefusedError: it was checked less surely than that, or the request has no key.
    """
    if given.choice == "confirmed":
        must_have_keys(officer, question.request)
    if given.choice == "confirmed" and "risk" in question.detail:
        factors = tuple(Factor(one) for one in question.detail.get("factors", ()))
        must_cover(given.detail.get("level"), Risk(Level(question.detail["risk"]), factors))
    return officer.record_answer(question, given)


def must_have_keys(officer: Officer, request_id: str) -> None:
    """Refuse a request without a key: nobody can be known by none."""
    if not officer.register.identities.of(request_id):
        raise RefusedError(
            f"Request {request_id} has no key, so nobody can be known by one.",
            remedy="ask the person for one (`afschrift letter make ... identity_request`), then enter it: "
            "`afschrift request keys`. Nothing was recorded.",
        )


def answer_minor(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer to what is done with a child that asks alone (R16).

    Raises:
        TooLateError: asked anew since.
        FormError: it is answered itself, and nothing is said of its interest.
    """
    officer.still_asked(question, "Nothing was recorded.")
    if given.choice == ANSWER_CHILD and not given.text:
        raise _fault("text", "R16", "the child's interest leads, and nothing is said of it", _NOTE)
    return officer.record_answer(question, given, ("R16",))


def answer_mandate(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer whether a representative's authority is proven (R15, R16).

    Raises:
        TooLateError: asked anew since.
        FormError: what was found does not carry it; names the rule and the remedy.
    """
    officer.still_asked(question, "Nothing was recorded.")
    if given.choice != PROVEN:
        said = SAY.format(request=question.request)
        return replace(officer.record_answer(question, given, ("R15",)), said=said)
    proven = _held_against(officer, question, given.detail, note=bool(given.text))
    if proven.second_signer:
        given = replace(given, detail={**given.detail, "second_signer": True})
    return officer.record_answer(question, given, proven.rules)


def sign_mandate(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the second signer's word on a mandate.

    Raises:
        TooLateError: asked anew since.
    """
    officer.still_asked(question, "Nothing was recorded.")
    return sign(officer, question, given, rules=("R16",))


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
            remedy="`afschrift request show` says how it stands. Nothing was recorded.",
        )
    return register.decisions.take(
        request_id,
        MANDATE,
        NOT_PROVEN,
        officer.by,
        about=taken[-1].about,
        detail={"lacking": "withdrawn"},
        text=text,
        authority=officer.authority(role),
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
        remedy=f"{instead}. {OPEN}",
    )
