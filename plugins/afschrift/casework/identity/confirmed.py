"""Who a request is about, and whether an officer confirmed that the requester is that person (R10-R12)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from afschrift.casework.identity.question import IDENTITY_KIND, MANDATE, MINOR, WITH_REPRESENTATIVE
from afschrift.domain.keys import Key, keys_text
from afschrift.law.person import Level, Risk, level_of
from afschrift.questions.ask import Answers
from afschrift.questions.kind import OpenQuestion
from afschrift.register.records import DecisionRow
from afschrift.register.register import Register

NO_KEY = "The message gives no key by which the systems know people: ask the person for one (R10)."
_ASKED = OpenQuestion(IDENTITY_KIND, IDENTITY_KIND.options, "Nobody has confirmed who the requester is.")


def fingerprint(register: Register, request_id: str, keys: Iterable[Key]) -> str:
    """HMAC of keys under the request's own key, whatever their order."""
    return register.data_keys.fingerprint(request_id, keys_text(keys))


def person_digest(register: Register, request_id: str) -> str:
    """HMAC of the keys that the request has now, under its own key: which person it is about."""
    return fingerprint(register, request_id, register.identities.of(request_id))


def identity_question(register: Register, request_id: str, risk: Risk | None = None) -> OpenQuestion:
    """The question who the requester is; its answer holds for the keys that the request has now.

    Args:
        register: of the installation.
        request_id: the request.
        risk: how sure the answer must be (R12).
    """
    keys = register.identities.of(request_id)
    detail: dict[str, Any] = {} if keys else {"keys": []}
    words = _ASKED.words if keys else f"{_ASKED.words} {NO_KEY}"
    if risk is not None:
        detail |= {"risk": risk.level.value, "factors": [one.value for one in risk.factors]}
        words = f"{words} The check takes level {risk.level} (R12)."
    return replace(_ASKED, bound=fingerprint(register, request_id, keys), detail=detail, words=words)


def identity_decision(register: Register, request_id: str) -> DecisionRow | None:
    """The decision that the requester is who they say, taken about the keys of the request, or None.

    The last one counts: a later `not_confirmed` takes a confirmation back. One that is less sure than the
    question asked for since does not count (R12), and nobody is known by no key.
    """
    decision = Answers(register.decisions.of(request_id)).of_kind(IDENTITY_KIND.name)
    if decision is None or decision.choice != "confirmed" or not register.identities.of(request_id):
        return None
    if decision.about != identity_question(register, request_id).about:
        return None
    asked = register.questions.all(open_only=False, request_id=request_id)
    risks = [q.detail["risk"] for q in asked if q.kind == IDENTITY_KIND.name and "risk" in q.detail]
    sure = not risks or level_of(decision.detail.get("level")).covers(Level(risks[-1]))
    return decision if sure else None


def mandate_decision(register: Register, request_id: str) -> DecisionRow | None:
    """The last decision on the authority of somebody who receives the answer for the person; None: no one."""
    taken = [one for one in register.decisions.of(request_id) if one.kind == MANDATE]
    return taken[-1] if taken else None


def lacks_mandate(register: Register, request_id: str, today: date) -> bool:
    """Whether somebody asks for the person, or must, whose authority is not proven or is over (R15, R16)."""
    if mandate_decision(register, request_id) is not None:
        return mandate_is_over(register, request_id, today)
    child = [one.choice for one in register.decisions.of(request_id) if one.kind == MINOR]
    return register.requests.made_by(request_id) != "self" or child[-1:] == [WITH_REPRESENTATIVE]


def mandate_is_over(register: Register, request_id: str, today: date) -> bool:
    """Whether a mandate was found to be proven and does not hold any more: taken back, or ran out (R15)."""
    last = mandate_decision(register, request_id)
    if last is None:
        return False
    until = last.detail.get("valid_until")
    return last.choice != "proven" or (until is not None and date.fromisoformat(until) < today)
