"""Whether the requester is who they say: the answer, or an officer's word before anybody asks (R10-R12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afschrift.casework.answer import answer_question, recorded
from afschrift.casework.identity.question import IDENTITY_FORM, IDENTITY_KIND
from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError
from afschrift.law.person.assurance import Factor, Level, Risk, must_cover
from afschrift.questions.forms import check
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.register.records import DecisionRow, QuestionRow


def answer_identity(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer; a check must do for the risk that the question names (R12).

    Raises:
        RefusedError: it was checked less surely than that, or the request has no key.
    """
    if given.choice == "confirmed":
        _must_have_keys(officer, question.request)
    if given.choice == "confirmed" and "risk" in question.detail:
        factors = tuple(Factor(one) for one in question.detail.get("factors", ()))
        must_cover(given.detail.get("level"), Risk(Level(question.detail["risk"]), factors))
    return recorded(officer, question, given)


def confirm_identity(
    officer: Officer,
    request_id: str,
    *,
    detail: Mapping[str, Any],
    text: str | None = None,
    needed: Risk | None = None,
) -> DecisionRow:
    """Record that the requester is who they say: the answer to that question, or before it is asked (R10).

    `needed`: the risk class, where nothing was asked yet.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError, TooLateError, FormError, RefusedError: as for `answer_question`.
    """
    register, kind = officer.register, IDENTITY_KIND
    asked = [q for q in register.questions.all(request_id=request_id) if q.kind == kind.name]
    if asked:
        return answer_question(officer, asked[-1].id, "confirmed", detail=detail, text=text).decision
    request = register.requests.get(request_id)
    authority = officer.deciding(request.id, kind.name)
    _must_have_keys(officer, request_id)
    check(IDENTITY_FORM, kind.options, "confirmed", detail)
    if needed is not None:
        must_cover(detail.get("level"), needed)
    return register.decisions.take(
        request_id, kind.name, "confirmed", officer.by, detail=detail, text=text, authority=authority
    )


def _must_have_keys(officer: Officer, request_id: str) -> None:
    if not officer.register.identities.of(request_id):
        raise RefusedError(
            f"Request {request_id} has no key, so nobody can be known by one.",
            remedy="ask the person for one (`afschrift letter make ... identity_request`), then enter it: "
            "`afschrift request keys`. Nothing was recorded.",
        )
