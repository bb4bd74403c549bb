"""The redactions of a request that count: reviewers decided them, two signed where two must, none is lost."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from afschrift.casework.second_signature import is_due
from afschrift.domain.errors import RefusedError
from afschrift.domain.event import digest
from afschrift.domain.plan import Plan
from afschrift.domain.redaction import LOST, Redaction, together
from afschrift.law.roles import AGREE
from afschrift.register.records import DecisionRow
from afschrift.register.register import Register

REVIEW, REVIEW_SIGNED = "review", "review_signed"
OPTIONS = APPROVED, REDACT, HOLD_BACK = "approved", "redact", "hold_back"
REDACTIONS = "redactions"
"""Field of an answer `redact`: a line for each place that is masked."""


class RedactionWords(msgspec.Struct, frozen=True):
    """The words of an answer `redact`, as the case file keeps them.

    Attributes:
        lines: as the reviewer wrote them.
        forms: ground -> its form, the three answers of R32 among them.
        redactions: what the lines came to.
    """

    lines: list[str]
    forms: dict[str, dict[str, object]]
    redactions: list[Redaction]


def waits(decision: DecisionRow) -> bool:
    """It redacts on a ground that takes a second signer; only their signature ends the waiting."""
    return decision.kind == REVIEW and decision.choice == REDACT and is_due(decision)


def to_sign(decision: DecisionRow) -> dict[str, Any]:
    """What the second signer is asked about: this one answer, whatever bundle was packed since."""
    detail = {name: value for name, value in decision.detail.items() if name != "second_signer"}
    return {**detail, "question": decision.question, "words": decision.text}


def in_force(decisions: Sequence[DecisionRow]) -> Iterator[DecisionRow]:
    """The answers `redact` that count: no second signer is due, or one agreed."""
    unsigned_answers: dict[str | None, DecisionRow] = {}
    for one in decisions:
        if waits(one):
            unsigned_answers[_signed_about(one)] = one
        elif one.kind == REVIEW and one.choice == REDACT:
            yield one
        elif one.kind == REVIEW_SIGNED:
            signed = unsigned_answers.pop(one.about, None)
            if signed is not None and one.choice == AGREE:
                yield signed


def unsigned(decisions: Sequence[DecisionRow]) -> tuple[DecisionRow, ...]:
    """The answers `redact` that wait for their second signer, oldest first; another bundle ends none."""
    signed = {one.about for one in decisions if one.kind == REVIEW_SIGNED}
    return tuple(one for one in decisions if waits(one) and _signed_about(one) not in signed)


def _signed_about(decision: DecisionRow) -> str:
    return digest({"kind": REVIEW_SIGNED, "detail": to_sign(decision)})


def decided(decisions: Sequence[DecisionRow], over: Collection[str] = ()) -> str:
    """Digest of the decisions that a plan rests on. A review is about it; only what it masks is under it.

    `over`: ids of restrictions that were lifted (R84).
    """
    under = [d for d in decisions if d.kind not in (REVIEW, REVIEW_SIGNED)]
    counted: list[Any] = [[d.kind, d.choice, d.about] for d in under]
    counted += [[d.kind, d.choice, d.about, d.question] for d in in_force(decisions)]
    return digest([*counted, sorted(over)] if over else counted)


def redactions_of(register: Register, plan: Plan) -> tuple[Redaction, ...]:
    """All that count for the request of a plan, decrypted.

    Raises:
        RefusedError: the words of one cannot be read any more, so nobody knows what to mask.
    """
    request_id = plan.request
    decisions = register.decisions.of(request_id)
    found: tuple[Redaction, ...] = ()
    for one in in_force(decisions):
        words = register.decisions.text(request_id, one.text) if one.text else None
        if words is None:
            raise RefusedError(
                f"What was redacted for request {request_id} cannot be read any more: its key was destroyed.",
                remedy="nothing leaves without it. Where the key went by mistake, restore it with the "
                "register (docs/keys.md); else close the request, and the person asks anew.",
            )
        found = together(found, msgspec.json.decode(words, type=RedactionWords).redactions)
    answered = {d.question for d in decisions if d.kind == LOST}
    if not found or not answered:
        return found
    asked = register.questions.all(open_only=False, request_id=request_id)
    lost = {id_ for q in asked if q.id in answered for id_ in q.detail["redactions"]}
    return tuple(one for one in found if one.id not in lost)
