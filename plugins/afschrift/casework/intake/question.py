"""The question whether a second person signs that a message counts as not received (R03)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from afschrift.law.roles import Role
from afschrift.questions.kind import Answered, GivenAnswer, QuestionKind
from afschrift.questions.view import Section
from afschrift.register.records import QuestionRow

if TYPE_CHECKING:
    from afschrift.casework.officer import Officer


NOT_RECEIVED = "not_received"


def _not_received(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    from afschrift.casework.intake.not_received import sign

    return sign(officer, question, given)


def _view(officer: Officer, question: QuestionRow) -> Sequence[Section]:
    from afschrift.casework.intake.signed_view import not_received

    return not_received(officer, question)


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
    note="With `agree` the requests of the case end. It shows who found it and when, what they wrote, and "
    "these requests.",
    view=_view,
    take=_not_received,
)

KINDS = (NOT_RECEIVED_KIND,)
