"""The decisions that people took on a request as a whole, and whether each is in force."""

from __future__ import annotations

from dataclasses import dataclass

from afschrift.casework.second_signature import counts, is_due
from afschrift.law.grounds import Outcome
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register

DECISION, SIGNATURE = "decision", "decision_signed"


@dataclass(frozen=True)
class RequestDecision:
    """One decision of a person on the request as a whole.

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
