"""An officer confirms that the requester is who they say, before a run asks or as the answer (R10-R12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afschrift.casework.answer import answer_question
from afschrift.casework.identity.question import IDENTITY_FORM, IDENTITY_KIND, must_have_keys
from afschrift.casework.officer import Officer
from afschrift.law.person import Risk, must_cover
from afschrift.questions.forms import check
from afschrift.register.records import DecisionRow


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
    must_have_keys(officer, request_id)
    check(IDENTITY_FORM, kind.options, "confirmed", detail)
    if needed is not None:
        must_cover(detail.get("level"), needed)
    return register.decisions.take(
        request_id, kind.name, "confirmed", officer.by, detail=detail, text=text, authority=authority
    )
