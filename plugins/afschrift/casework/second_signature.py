"""The second signature: the one way in which another person is asked, and says, whether something counts.

Four eyes are held in `Officer.answering`, as for every question to the role `second_signer`.
"""

from __future__ import annotations

from collections.abc import Sequence

from afschrift.casework.officer import Officer
from afschrift.law.roles import AGREE
from afschrift.questions.ask import put
from afschrift.questions.kind import Answered, GivenAnswer, OpenQuestion
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register
from afschrift.register.timelines import Make


def is_due(decision: DecisionRow) -> bool:
    """Whether a decision counts only once a second person signed it."""
    return decision.detail.get("second_signer") is True


def counts(decision: DecisionRow, signed: str | None) -> bool:
    """Whether a decision is in force: it takes no second signer, or one agreed.

    Args:
        decision: that may take one.
        signed: what the second signer said last; None: nothing yet.
    """
    return not is_due(decision) or signed == AGREE


def waits(register: Register, decision: DecisionRow, request_id: str, asked: OpenQuestion) -> Answered:
    """Put a decision before a second signer, and say that it waits for them."""
    row = put(register, request_id, asked)
    said = f"It counts once a second person signs: question {row.id}, role second_signer."
    return Answered(decision, request_id, signer=row.id, said=said)


def sign(
    officer: Officer,
    question: QuestionRow,
    given: GivenAnswer,
    *,
    rules: Sequence[str] = (),
    facts: Make | None = None,
) -> Answered:
    """Record what a second signer says.

    Args:
        officer: the second signer.
        question: to them.
        given: `agree` or `disagree`, with a reason in words.
        rules: ids of the rules that it rests on.
        facts: what follows where they agree, in the same transaction.

    Raises:
        TooLateError: answered already, or the request is closed.
    """
    decision = officer.register.questions.answer(
        question.id,
        given.choice,
        officer.by,
        None,
        given.text,
        authority=given.authority,
        rules=rules,
        facts=facts if given.choice == AGREE else None,
    )
    return Answered(decision, question.request)
