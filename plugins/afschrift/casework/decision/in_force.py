"""The decisions that people took on a request as a whole, its restrictions (R84), and which are in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from afschrift.casework.second_signature import counts, is_due
from afschrift.domain.errors import RefusedError
from afschrift.law.grounds import Outcome
from afschrift.law.restriction import last_review, lifted
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register

DECISION, SIGNATURE = "decision", "decision_signed"


@dataclass(frozen=True)
class RequestDecision:
    """A person's decision on the request as a whole.

    Attributes:
        question: that it answers.
        signed: what the second signer said; None: nothing yet.
    """

    decision: DecisionRow
    question: QuestionRow
    signed: str | None

    @property
    def outcome(self) -> Outcome:
        """What was decided."""
        return Outcome(self.decision.choice)

    @property
    def waits(self) -> bool:
        """A second signer has not said anything yet."""
        return is_due(self.decision) and self.signed is None

    @property
    def in_force(self) -> bool:
        """It counts: no second signer is due, or one agreed."""
        return counts(self.decision, self.signed)


def request_decisions(register: Register, request_id: str) -> tuple[RequestDecision, ...]:
    """All decisions on a request as a whole, oldest first."""
    decisions = register.decisions.of(request_id)
    taken = [d for d in decisions if d.kind == DECISION and d.question]
    if not taken:
        return ()
    asked = {q.id: q for q in register.questions.all(open_only=False, request_id=request_id)}
    signed = {d.about: d.choice for d in decisions if d.kind == SIGNATURE}
    return tuple(RequestDecision(d, asked[d.question or ""], signed.get(d.about)) for d in taken)


@dataclass(frozen=True)
class Restriction:
    """A restriction that a person decided on and, where due, another one signed.

    Attributes:
        id: of the question whose answer it was.
        by: who decided, or looked at it last.
        review_on: the day to look again.
        hidden: the person may not know of it.
        lifted: it is over.
    """

    id: str
    request: str
    decision: RequestDecision
    by: str
    review_on: date
    lifted: bool

    @property
    def hidden(self) -> bool:
        """Whether the person may not know of it."""
        return self.decision.decision.detail.get("existence") == "hidden"

    @property
    def provision(self) -> str:
        """Code of the provision that allows it."""
        return str(self.decision.decision.detail.get("provision"))


def restrictions(register: Register, request_id: str) -> tuple[Restriction, ...]:
    """All that ever were in force, the oldest first."""
    timeline = register.facts.timeline(request_id)
    over, found = lifted(timeline), []
    for ruling in request_decisions(register, request_id):
        if ruling.in_force and ruling.outcome is Outcome.RESTRICT:
            reviewed = last_review(timeline, ruling.question.id)
            first = date.fromisoformat(ruling.decision.detail["review_on"])
            found.append(
                Restriction(
                    ruling.question.id,
                    request_id,
                    ruling,
                    reviewed.fact.by if reviewed else ruling.decision.by,
                    (reviewed.next if reviewed else None) or first,
                    ruling.question.id in over,
                )
            )
    return tuple(found)


def restriction(register: Register, request_id: str, id_: str) -> Restriction:
    """The restriction with an id.

    Raises:
        RefusedError: the request has none with this id.
    """
    found = restrictions(register, request_id)
    for row in found:
        if row.id == id_:
            return row
    listing = ", ".join(row.id for row in found)
    raise RefusedError(
        f"Request {request_id} has no restriction in force with this id.",
        remedy=f"name one of {listing}." if listing else "it has none: look at `afschrift request show`.",
    )


def keeping_back(register: Register, request_id: str) -> Iterator[Mapping[str, Any]]:
    """The forms of the decisions in force that keep a part back, the oldest first."""
    over = lifted(register.facts.timeline(request_id))
    for decided in request_decisions(register, request_id):
        part = decided.outcome in (Outcome.REFUSE_PART, Outcome.RESTRICT)
        if part and decided.in_force and decided.question.id not in over:
            yield decided.decision.detail
