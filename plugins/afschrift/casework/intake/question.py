"""The question whether a second person signs that a message counts as not received (R03)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afschrift.law.roles import Role
from afschrift.questions.kind import Answered, GivenAnswer, QuestionKind
from afschrift.register.records import QuestionRow

if TYPE_CHECKING:
    from afschrift.casework.officer import Officer


NOT_RECEIVED = "not_received"


def _not_received(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    from afschrift.casework.intake.not_received import sign

    return sign(officer, question, given)


NOT_RECEIVED_KIND = QuestionKind(
    "not_received",
    "Second signature: not received",
    "An officer finds that a message to an address not meant for it counts as not received (R03). "
    "Do you sign that?",
    {
        "agree": "It counts as not received. Nothing is deleted.",
        "disagree": "It counts as received on the day on which it came.",
    },
    Role.SECOND_SIGNER,
    note="With `agree` the requests of the case end.",
    take=_not_received,
)

KINDS = (NOT_RECEIVED_KIND,)
