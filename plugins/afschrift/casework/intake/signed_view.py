"""What is shown to a second signer of a message that counts as not received: why, and what ends."""

from __future__ import annotations

from afschrift.casework.decision.view import request_line
from afschrift.casework.intake.question import NOT_RECEIVED
from afschrift.casework.officer import Officer
from afschrift.casework.second_signature import form_sections
from afschrift.questions.view import Section
from afschrift.register.records import QuestionRow


def not_received(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The finding with its day, channel and words, and the requests that would end."""
    requests = tuple(request_line(officer, one, "Request") for one in question.detail["requests"])
    decided = form_sections(officer, question, NOT_RECEIVED)
    return (*decided, Section("What would end with it", requests))
