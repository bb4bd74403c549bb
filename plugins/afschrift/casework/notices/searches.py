"""Systems that people search: whose turn it is, by when, and the reminders of the check of deadlines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from afschrift.casework.notices.notified import note_told, was_told
from afschrift.casework.notices.report import Message, as_message
from afschrift.inventory.model import Inventory
from afschrift.law.clock.clock import Place, clock
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import Timeline
from afschrift.law.manual import KIND, due
from afschrift.law.roles import Roles
from afschrift.questions.assignment import assigned_to
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

SOON, LATE = "due_soon", "late"
REMIND_BEFORE = 2
"""Working days before a search is due, from which its owner is reminded."""

_COLUMNS = ("Question", "Request", "System", "Role", "For", "Due")


@dataclass(frozen=True)
class Search:
    """A question to whoever searches a system.

    Attributes:
        to: name of the person that it is assigned to; None: everybody with its role.
        due: local date, five working days before the request's target; None while its clock stands still.
        level: `due_soon`, `late`, or None for neither; always None once it is answered.
    """

    question: QuestionRow
    timeline: Timeline
    to: str | None
    due: date | None
    level: str | None

    @property
    def source(self) -> str:
        """Name of the system in the inventory."""
        return str(self.question.detail["source"])


def searches(
    register: Register, place: Place, now: datetime, *, open_only: bool = True, request_id: str | None = None
) -> list[Search]:
    """The questions about such systems, oldest first."""
    timelines: dict[str, Timeline] = {}
    found = []
    for question in register.questions.all(open_only=open_only, request_id=request_id):
        if question.kind != KIND:
            continue
        if question.request not in timelines:
            timelines[question.request] = register.facts.timeline(question.request)
        found.append(_search(question, timelines[question.request], place, now))
    return found


def _search(question: QuestionRow, timeline: Timeline, place: Place, now: datetime) -> Search:
    today = local_date(now, timeline.zone)
    stands = clock(timeline, place, today)
    on = due(stands.target, place.calendar) if stands.due is not None else None
    level = None
    if on is not None and question.answered_at is None and timeline.state.open:
        if today > on:
            level = LATE
        elif place.calendar.working_days(today, on) <= REMIND_BEFORE:
            level = SOON
    return Search(question, timeline, assigned_to(timeline, question.id), on, level)


def remind(
    register: Register,
    place: Place,
    now: datetime,
    notifier: str,
    send: Callable[[Message], None],
    by: str,
    roles: Collection[str] = (),
) -> int:
    """Remind a notifier of searches that are due soon or late, each once a level; how many there were.

    What `send` raises passes; then nothing was recorded, and the next check reminds again.

    Args:
        register: of the installation.
        place: where the controller must act.
        now: the present moment, aware.
        notifier: its name.
        send: gives it one message.
        by: account that checks.
        roles: whose questions it tells of; empty: of all.
    """
    untold = [
        one
        for one in searches(register, place, now)
        if one.level is not None
        and (not roles or one.question.role in roles)
        and not was_told(one.timeline, _told(one, notifier))
    ]
    if not untold:
        return 0
    send(message(untold))
    for one in untold:
        note_told(register, one.question.request, _told(one, notifier), by)
    return len(untold)


def _told(one: Search, notifier: str) -> dict[str, str | None]:
    """What a reminder is known by: with a new day or another person it is another one."""
    told = {"question": one.question.id, "notifier": notifier, "to": one.to}
    return {**told, "level": one.level, "due": str(one.due)}


def message(found: Sequence[Search]) -> Message:
    """Ids, systems, roles and dates; nothing of the person."""
    rows = tuple(dict(zip(_COLUMNS, _cells(one), strict=True)) for one in found)
    late = sum(one.level == LATE for one in found)
    subject = f"Afschrift: {len(rows)} system{'s' * (len(rows) != 1)} to search"
    subject += f", {late} late" if late else ""
    lines = [
        f"{r['Request']}  {r['System']}: due {r['Due']}, role {r['Role']}{r['For'] and ' for ' + r['For']}"
        for r in rows
    ]
    what = "More: afschrift manual list, then afschrift manual answer REQUEST SOURCE."
    return as_message(subject, _COLUMNS, [tuple(r.values()) for r in rows], lines, what)


def _cells(one: Search) -> tuple[str, ...]:
    question = one.question
    return (question.id, question.request, one.source, question.role, one.to or "", str(one.due))


def unknown_owners(inventory: Inventory, roles: Roles) -> Iterator[str]:
    """Systems whose owner nobody knows: their questions would wait until somebody assigns them."""
    for name, source in inventory.manual.items():
        person = roles.named(source.person) if source.person is not None else None
        if source.person is not None and (person is None or roles.acting(person, source.role) is None):
            yield f"{name}: its owner holds no role keeper in {roles.place}"
