"""What all reminders share: a notifier gets in one message what is due and what it was not notified of yet.

That a notifier took something is a fact of the request, identified by its detail: with another notifier,
person or day it is another fact, and another reminder.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Generic, TypeVar

from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.register.register import Register


@dataclass(frozen=True)
class Message:
    """What a notifier's templates may use, as `notices`: ids, codes, dates and counts.

    Attributes:
        subject: one line.
        text: plain text.
        html: the same as HTML.
        rows: name of a column -> text, one mapping each.
    """

    subject: str
    text: str
    html: str
    rows: tuple[Mapping[str, str], ...]


def as_message(
    subject: str, columns: Sequence[str], cells: Sequence[Sequence[str]], lines: Sequence[str], what: str
) -> Message:
    """A message of some rows.

    Args:
        subject: one line.
        columns: names of the cells.
        cells: a row each.
        lines: the same rows in plain text.
        what: how to read them and where there is more.
    """
    head = "".join(f'<th align="left">{escape(name)}</th>' for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in cells)
    html = f'<p>{subject}.</p><table cellpadding="4"><tr>{head}</tr>{body}</table><p>{what}</p>'
    rows = tuple(dict(zip(columns, row, strict=True)) for row in cells)
    return Message(subject, "\n".join([f"{subject}.", *lines, what]), html, rows)


T = TypeVar("T")
Send = Callable[[Message], None]


@dataclass(frozen=True)
class Reminder(Generic[T]):
    """Notifies each notifier once of each thing of one sort.

    Attributes:
        due: the roles that a notifier is for (none: all) -> what is due for them now.
        has_had: whether a notifier, by its name, took just this before.
        message: about some of it; ids, codes and dates, nothing of the person.
        note: records what a notifier took.
    """

    due: Callable[[Collection[str]], Iterable[T]]
    has_had: Callable[[T, str], bool]
    message: Callable[[Sequence[T]], Message]
    note: Callable[[Sequence[T], str], None]

    def remind(self, notifier: str, send: Send, roles: Collection[str] = ()) -> int:
        """Notify of what is due and was not sent before, in one message; returns how many things it names.

        An error of `send` is passed on; then nothing was recorded, and the next check sends it again. So it
        does after a process was killed in between: a notice twice is better than none.
        """
        pending = [item for item in self.due(roles) if not self.has_had(item, notifier)]
        if pending:
            send(self.message(pending))
            self.note(pending, notifier)
        return len(pending)


def request_reminder(
    register: Register,
    by: str,
    due: Callable[[Collection[str]], Iterable[T]],
    message: Callable[[Sequence[T]], Message],
    timeline: Callable[[T], Timeline],
    detail: Callable[[T, str], Mapping[str, Any]],
) -> Reminder[T]:
    """A reminder of something about a request; a fact `question_told` of it records what a notifier took.

    Args:
        register: of the installation.
        by: account that reminds.
        due: as of `Reminder`.
        message: as of `Reminder`.
        timeline: of the request that an item is about.
        detail: what identifies the reminder of an item to a notifier.
    """

    def has_had(item: T, notifier: str) -> bool:
        wanted = dict(detail(item, notifier))
        return any(dict(fact.detail) == wanted for fact in timeline(item).of(FactKind.QUESTION_NOTIFIED))

    def note(taken: Sequence[T], notifier: str) -> None:
        for item in taken:
            fact = NewFact(FactKind.QUESTION_NOTIFIED, detail=dict(detail(item, notifier)))
            register.facts.record(timeline(item).request, lambda _, fact=fact: [fact], by)  # type: ignore[misc]

    return Reminder(due, has_had, message, note)
