"""Reminds roles of open questions: each once, and again where it is assigned."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.casework.notices.message import Message, as_message
from afschrift.casework.notices.reminder import Reminder, request_reminder
from afschrift.law.clock.facts import Timeline
from afschrift.questions.assignment import assigned_to
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

_COLUMNS = ("Question", "Request", "Kind", "Role", "For", "Asked")


@dataclass(frozen=True)
class PendingQuestion:
    """A question that nobody answered; `to`: name of the person that it is assigned to."""

    question: QuestionRow
    timeline: Timeline
    to: str | None


def question_reminder(register: Register, by: str) -> Reminder[PendingQuestion]:
    """Reminds of every open question of a notifier's roles; `by`: account that reminds."""

    def due(roles: Collection[str]) -> Iterator[PendingQuestion]:
        for question in register.questions.all():
            if not roles or question.role in roles:
                timeline = register.facts.timeline(question.request)
                yield PendingQuestion(question, timeline, assigned_to(timeline, question.id))

    return request_reminder(register, by, due, _message, lambda one: one.timeline, _detail)


def _detail(one: PendingQuestion, notifier: str) -> Mapping[str, Any]:
    return {"question": one.question.id, "notifier": notifier, "to": one.to}


def _message(due: Sequence[PendingQuestion]) -> Message:
    cells = [_cells(one) for one in due]
    roles = ", ".join(sorted({one.question.role for one in due}))
    subject = f"Afschrift: {len(due)} question{'s' * (len(due) != 1)} open for {roles}"
    lines = [
        f"{question}  {request}  {kind}  role {role}{to and ' for ' + to}"
        for question, request, kind, role, to, _ in cells
    ]
    what = "Runs do not wait, people do: afschrift questions, then afschrift answer QUESTION."
    return as_message(subject, _COLUMNS, cells, lines, what)


def _cells(one: PendingQuestion) -> tuple[str, ...]:
    question = one.question
    return (question.id, question.request, question.kind, question.role, one.to or "", question.asked_at[:16])
