"""Possible breaches and the 72 hours of Art. 33: the check of deadlines names them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from afschrift.casework.identity.breach import BREACH_KIND, HOURS
from afschrift.casework.notices.reminder import Message, Reminder, as_message, request_reminder
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

_COLUMNS = ("Question", "Request", "Hours left")
_HOURS_BEFORE = (24, 8, 0)
"""Hours left at which every notifier is reminded again; the first time is at once."""


@dataclass(frozen=True)
class OpenBreach:
    """A possible breach that no officer judged.

    Attributes:
        left: full hours until the authority must be notified; negative: they are over.
    """

    question: QuestionRow
    left: int

    @property
    def level(self) -> str:
        """The last mark that was passed."""
        return next((str(mark) for mark in reversed(_HOURS_BEFORE) if self.left < mark), "known")

    @property
    def words(self) -> str:
        """For the log."""
        over = f"{self.left} hours left" if self.left >= 0 else "the 72 hours are over"
        return (
            f"{self.question.request}: a possible breach, {over} (Art. 33): "
            f"afschrift answer {self.question.id}."
        )


def open_breaches(register: Register, now: datetime) -> Iterator[OpenBreach]:
    """Those that no officer judged, also of closed requests; `now`: the present instant, aware."""
    for question in register.questions.all():
        if question.kind == BREACH_KIND.name:
            known = datetime.fromisoformat(question.detail.get("known_at", question.asked_at))
            yield OpenBreach(question, (known + timedelta(hours=HOURS) - now) // timedelta(hours=1))


def breach_reminder(register: Register, by: str, now: datetime) -> Reminder[OpenBreach]:
    """Reminds every notifier at once, and as the hours pass."""
    return request_reminder(
        register,
        by,
        lambda _roles: open_breaches(register, now),
        _message,
        lambda breach: register.facts.timeline(breach.question.request),
        lambda breach, notifier: {
            "question": breach.question.id,
            "notifier": notifier,
            "level": breach.level,
        },
    )


def _message(due: Sequence[OpenBreach]) -> Message:
    subject = f"Afschrift: {len(due)} possible breach{'es' * (len(due) != 1)} to judge"
    cells = [(breach.question.id, breach.question.request, str(breach.left)) for breach in due]
    what = "The authority is notified within 72 hours, unless a risk to the person is unlikely (Art. 33)."
    return as_message(subject, _COLUMNS, cells, [breach.words for breach in due], what)
