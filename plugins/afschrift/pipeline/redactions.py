"""The redactions of a request that count: reviewers decided them, two signed where two must, none is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from afschrift.core.ports import DecisionRow, Register
from afschrift.core.redaction import Redaction, together

REVIEW, REVIEW_SIGNED = "review", "review_signed"
OPTIONS = APPROVED, REDACT, HOLD_BACK = "approved", "redact", "hold_back"
AGREE = "agree"
LOST = "redaction_lost"
"""Kind of the question where a text was changed since it was looked at."""


class Kept(msgspec.Struct, frozen=True):
    """The words of an answer `redact`, as the case file keeps them.

    Attributes:
        lines: as the reviewer wrote them.
        forms: ground -> its form, the three answers of R32 among them.
        redactions: what the lines came to.
    """

    lines: list[str]
    forms: dict[str, dict[str, object]]
    redactions: list[Redaction]


def in_force(decisions: Sequence[DecisionRow]) -> Iterator[DecisionRow]:
    """The answers `redact` that count: no second signer is due, or one agreed."""
    waiting: DecisionRow | None = None
    for one in decisions:
        if one.kind == REVIEW:
            waiting = None
            if one.choice == REDACT and one.detail.get("second_signer") is True:
                waiting = one
            elif one.choice == REDACT:
                yield one
        elif one.kind == REVIEW_SIGNED and waiting is not None:
            if one.choice == AGREE:
                yield waiting
            waiting = None


def unsigned(decisions: Sequence[DecisionRow], about: str) -> DecisionRow | None:
    """The last review of a bundle, where it redacts and waits for its second signer."""
    last = next((d for d in reversed(decisions) if d.kind in (REVIEW, REVIEW_SIGNED)), None)
    if last is None or last.kind != REVIEW or last.about != about:
        return None
    return last if last.detail.get("second_signer") is True else None


def redactions_of(register: Register, request_id: str) -> tuple[Redaction, ...]:
    """All that count, decrypted."""
    decisions = register.decisions(request_id)
    found: tuple[Redaction, ...] = ()
    for one in in_force(decisions):
        words = register.decision_text(request_id, one.text) if one.text else None
        if words is not None:
            found = together(found, msgspec.json.decode(words, type=Kept).redactions)
    answered = {d.question for d in decisions if d.kind == LOST}
    if not found or not answered:
        return found
    asked = register.questions(open_only=False, request_id=request_id)
    lost = {id_ for q in asked if q.id in answered for id_ in q.detail["redactions"]}
    return tuple(one for one in found if one.id not in lost)
