"""Reminders of open questions and of systems to search: each role is reminded of each once.

It is reminded again when a question is assigned, and when the day or the person of a search changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from afschrift.casework.notices.reminder import Message, Reminder, as_message, request_reminder
from afschrift.inventory.model import Inventory
from afschrift.law.clock.clock import Jurisdiction, clock
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import Timeline
from afschrift.law.manual_search import KIND, Chase, ChaseDays, chase, due
from afschrift.law.roles import Role, Roles
from afschrift.questions.ask import assigned_to
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

_QUESTION_COLUMNS = ("Question", "Request", "Kind", "Role", "For", "Asked")
_SEARCH_COLUMNS = ("Question", "Request", "System", "Role", "For", "Due")


@dataclass(frozen=True)
class PendingQuestion:
    """An open question; `to`: name of the person that it is assigned to."""

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

    return request_reminder(
        register,
        by,
        due,
        _questions_message,
        lambda pending: pending.timeline,
        lambda pending, notifier: {"question": pending.question.id, "notifier": notifier, "to": pending.to},
    )


def _questions_message(due: Sequence[PendingQuestion]) -> Message:
    asked = [(pending.question, pending.to or "") for pending in due]
    cells = [(q.id, q.request, q.kind, q.role, to, q.asked_at[:16]) for q, to in asked]
    roles = ", ".join(sorted({question.role for question, _ in asked}))
    subject = f"Afschrift: {len(due)} question{'s' * (len(due) != 1)} open for {roles}"
    lines = [
        f"{question}  {request}  {kind}  role {role}{to and ' for ' + to}"
        for question, request, kind, role, to, _ in cells
    ]
    what = "Runs do not wait, people do: afschrift questions, then afschrift answer QUESTION."
    return as_message(subject, _QUESTION_COLUMNS, cells, lines, what)


@dataclass(frozen=True)
class Search:
    """A question to the owner of a system that people search.

    Attributes:
        to: name of the person that it is assigned to; None: all who hold its role.
        due: local date, five working days before the request's target; None while its clock is suspended.
        level: how far its owner is to be chased; None: not yet, or it is answered.
    """

    question: QuestionRow
    timeline: Timeline
    to: str | None
    due: date | None
    level: Chase | None

    @property
    def source(self) -> str:
        """Name of the system in the inventory."""
        return str(self.question.detail["source"])


def searches(
    register: Register,
    place: Jurisdiction,
    now: datetime,
    *,
    days: ChaseDays = ChaseDays(),  # noqa: B008 (frozen)
    open_only: bool = True,
    request_id: str | None = None,
) -> list[Search]:
    """The questions about such systems, oldest first; `days`: after how many their owners are chased."""
    timelines: dict[str, Timeline] = {}
    found = []
    for question in register.questions.all(open_only=open_only, request_id=request_id):
        if question.kind != KIND:
            continue
        if question.request not in timelines:
            timelines[question.request] = register.facts.timeline(question.request)
        found.append(_search(question, timelines[question.request], place, now, days))
    return found


def _search(
    question: QuestionRow, timeline: Timeline, place: Jurisdiction, now: datetime, days: ChaseDays
) -> Search:
    today = local_date(now, timeline.zone)
    status = clock(timeline, place, today)
    on = due(status.target, place.calendar) if status.due is not None else None
    level = None
    if on is not None and question.answered_at is None and timeline.state.open:
        far = chase(timeline.local(question.asked_at), on, today, place.calendar, days)
        level = None if far is Chase.ASKED else far
    return Search(question, timeline, assigned_to(timeline, question.id), on, level)


def search_reminder(
    register: Register,
    by: str,
    place: Jurisdiction,
    now: datetime,
    days: ChaseDays = ChaseDays(),  # noqa: B008
) -> Reminder[Search]:
    """Chases the owners of systems: reminds them, and from the next level on officers too.

    Args:
        register: of the installation.
        by: account that reminds.
        place: where the controller must act.
        now: the present instant, aware.
        days: after how many working days they are chased.
    """

    def due(roles: Collection[str]) -> Iterator[Search]:
        for search in searches(register, place, now, days=days):
            meant = {search.question.role}
            if search.level in (Chase.ESCALATE, Chase.OVERDUE):
                meant.add(Role.OFFICER)
            if search.level is not None and (not roles or meant & {*roles}):
                yield search

    return request_reminder(register, by, due, _searches_message, lambda search: search.timeline, _detail)


def _detail(search: Search, notifier: str) -> Mapping[str, Any]:
    """With a new day or another person it is another reminder."""
    of = {"question": search.question.id, "notifier": notifier, "to": search.to}
    return {**of, "level": search.level, "due": str(search.due)}


def _searches_message(due: Sequence[Search]) -> Message:
    asked = [(search.question, search) for search in due]
    cells = [(q.id, q.request, s.source, q.role, s.to or "", str(s.due)) for q, s in asked]
    late = sum(search.level is Chase.OVERDUE for search in due)
    subject = f"Afschrift: {len(due)} system{'s' * (len(due) != 1)} to search"
    subject += f", {late} late" if late else ""
    lines = [
        f"{request}  {system}: due {on}, role {role}{to and ' for ' + to}"
        for _, request, system, role, to, on in cells
    ]
    what = "More: afschrift manual list, then afschrift answer QUESTION."
    return as_message(subject, _SEARCH_COLUMNS, cells, lines, what)


def unknown_owners(inventory: Inventory, roles: Roles) -> Iterator[str]:
    """A line for each system whose owner lacks the role: its questions wait until they are assigned."""
    for name, source in inventory.manual.items():
        person = roles.named(source.person) if source.person is not None else None
        if source.person is not None and (person is None or roles.acting(person, source.role) is None):
            yield f"{name}: its owner holds no role keeper in {roles.location}"
