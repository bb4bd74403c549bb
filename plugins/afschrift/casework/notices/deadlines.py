"""The check of deadlines: looks at every open request, raises each notice once, notifies each notifier once.

A notice is a fact of the request, with its event: `notice_raised` when a level is reached, and `notice_told`
for each notifier that took it. So a check that is repeated, or that was down for days, raises nothing twice,
and a notifier that failed is notified again next time whatever the others did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from afschrift.casework.intake.referral import referral_reminder
from afschrift.casework.notices.breaches import breach_reminder
from afschrift.casework.notices.questions import search_reminder
from afschrift.casework.notices.reminder import Message, Reminder, as_message
from afschrift.casework.notices.reviews import review_reminder
from afschrift.domain.event import NewEvent
from afschrift.law.clock.alarm import OVERDUE, AlarmDay, level, to_raise
from afschrift.law.clock.clock import Clock, Jurisdiction, clock
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline
from afschrift.law.manual_search import ChaseDays
from afschrift.register.register import Register
from afschrift.register.timelines import MakeFacts

COLUMNS = ("Request", "Right", "State", "Due", "Days", "Colour", "Notice", "Also")

Remarks = Mapping[str, Sequence[str]]
"""Request -> codes of what else officers should see, such as `run_failed` or `letter_unsent`."""


@dataclass(frozen=True)
class OpenRequest:
    """An open request as the check sees it.

    Attributes:
        level: how near the last day is; None for far away, and while the clock is suspended.
        raised: the notice of this level, where it was raised before this check.
        acknowledged: an officer said by name why it is overdue.
        remarks: codes of what else officers should see.
    """

    timeline: Timeline
    clock: Clock
    level: str | None
    raised: FactRow | None
    acknowledged: bool
    remarks: tuple[str, ...]

    @property
    def new(self) -> bool:
        """A level is reached of which there is no notice."""
        return self.level is not None and self.raised is None

    @property
    def unexplained(self) -> bool:
        """Overdue, and not acknowledged."""
        return self.level == OVERDUE and not self.acknowledged


@dataclass(frozen=True)
class DeadlineCheck:
    """A check of all open requests.

    Attributes:
        register: of the installation.
        place: where the controller must act.
        marks: levels before the last day.
        now: the present instant, aware.
        by: account that checks.
        chased: after how many working days owners of systems are chased.
    """

    register: Register
    place: Jurisdiction
    marks: Collection[AlarmDay]
    now: datetime
    by: str
    chased: ChaseDays = ChaseDays()  # noqa: RUF009 (frozen)

    def open_requests(self, remarks: Remarks | None = None) -> list[OpenRequest]:
        """Every open request, the most urgent first."""
        found = [
            self._status(timeline, (remarks or {}).get(timeline.request, ()))
            for timeline in self.register.facts.timelines()
        ]
        return sorted(found, key=lambda request: (request.clock.due or date.max, request.timeline.request))

    def raise_notices(self, checked: Iterable[OpenRequest]) -> int:
        """Record the notices of new levels, and that the check was made; returns how many are new."""
        checked = list(checked)
        new = {request.timeline.request: self._notice for request in checked if request.new}
        if new:
            self.register.facts.record_many(new, self.by)
        counts = {
            "open": len(checked),
            "raised": len(new),
            "suspended": sum(request.clock.suspended_since is not None for request in checked),
            "overdue": sum(request.level == OVERDUE for request in checked),
            "unacknowledged": sum(request.unexplained for request in checked),
        }
        self.register.trail.record(None, NewEvent("deadlines_checked", self.by, counts))
        return len(new)

    def _clock(self, timeline: Timeline) -> Clock:
        return clock(timeline, self.place, local_date(self.now, timeline.zone))

    def _notice(self, timeline: Timeline) -> list[NewFact]:
        """Looks again inside the transaction, so that two checks at once raise a notice once."""
        now = self._clock(timeline)
        new = to_raise(now, self.marks, _levels(timeline)) if timeline.state.open else None
        if new is None:
            return []
        detail = {"level": new, "due": str(now.due), "days_left": now.days_left}
        return [NewFact(FactKind.NOTICE_RAISED, local_date(self.now, timeline.zone), detail=detail)]

    def _status(self, timeline: Timeline, remarks: Sequence[str]) -> OpenRequest:
        now = self._clock(timeline)
        here = level(now, self.marks)
        notices = [n for n in _of_due(timeline, FactKind.NOTICE_RAISED, now) if n.detail["level"] == here]
        return OpenRequest(
            timeline,
            now,
            here,
            notices[-1] if notices else None,
            bool(_of_due(timeline, FactKind.OVERDUE_ACKNOWLEDGED, now)),
            (
                *(("answer_not_told",) if timeline.state.to_inform else ()),
                *(("letter_not_sent",) if timeline.unsent_letters else ()),
                *(breach.partition(":")[0] for breach in now.breaches if not breach.startswith(OVERDUE)),
                *remarks,
            ),
        )


def _levels(timeline: Timeline) -> list[tuple[date, str]]:
    return [
        (date.fromisoformat(fact.detail["due"]), fact.detail["level"])
        for fact in timeline.of(FactKind.NOTICE_RAISED)
    ]


def _of_due(timeline: Timeline, kind: FactKind, now: Clock) -> list[FactRow]:
    """Facts about the present last day; those about a day that has moved since do not count any more."""
    return [fact for fact in timeline.of(kind) if fact.detail["due"] == str(now.due)]


def cells(request: OpenRequest) -> tuple[str, ...]:
    """A row of the table, in the order of `COLUMNS`."""
    clock = request.clock
    days = "-" if clock.days_left is None else f"{clock.days_left} ({clock.working_days_left})"
    acknowledged = ("acknowledged",) if request.level == OVERDUE and request.acknowledged else ()
    return (
        request.timeline.request,
        request.timeline.right.value,
        request.timeline.state.value,
        str(clock.due) if clock.due else clock.suspension,
        days,
        clock.colour.value,
        f"{request.level} NEW" if request.new else request.level or "",
        ", ".join((*acknowledged, *request.remarks)),
    )


def deadline_reminder(check: DeadlineCheck, remarks: Remarks) -> Reminder[OpenRequest]:
    """Reminds every notifier of requests of which a notice of today's level was raised.

    Args:
        check: whose requests they are.
        remarks: what else the message should say of them.
    """

    def due(_roles: Collection[str]) -> list[OpenRequest]:
        return [request for request in check.open_requests(remarks) if request.raised is not None]

    def note(taken: Sequence[OpenRequest], notifier: str) -> None:
        """All in one transaction; there may be thousands."""
        facts = {row.timeline.request: _fact(row.raised.id, notifier) for row in taken if row.raised}
        check.register.facts.record_many(facts, check.by)

    return Reminder(due, _has_had, _message, note)


def _has_had(request: OpenRequest, notifier: str) -> bool:
    return request.raised is not None and _had(request.timeline, request.raised, notifier)


def _message(due: Sequence[OpenRequest]) -> Message:
    rows = [cells(request) for request in due]
    overdue = sum(request.level == OVERDUE for request in due)
    subject = f"Afschrift: {len(rows)} request{'s' * (len(rows) != 1)} near the last day"
    subject += f", {overdue} overdue" if overdue else ""
    lines = [
        f"{request}  {right}, {state}: due {day}, {days} days. {also}".strip()
        for request, right, state, day, days, _, _, also in rows
    ]
    what = "Days are calendar days, working days in brackets. More: afschrift request show REQUEST."
    return as_message(subject, COLUMNS, rows, lines, what)


def _fact(notice: str, notifier: str) -> MakeFacts:
    """Asks again inside the transaction, so that two checks at once note it once."""

    def make(timeline: Timeline) -> list[NewFact]:
        raised = next(fact for fact in timeline.facts if fact.id == notice)
        if _had(timeline, raised, notifier):
            return []
        return [NewFact(FactKind.NOTICE_SENT, about=notice, detail={"notifier": notifier})]

    return make


def _had(timeline: Timeline, notice: FactRow, notifier: str) -> bool:
    return any(
        fact.detail.get("notifier") == notifier for fact in timeline.about(notice, FactKind.NOTICE_SENT)
    )


def reminders(check: DeadlineCheck, remarks: Remarks) -> tuple[Reminder[Any], ...]:
    """All reminders that go out with a check, in order; `remarks`: as for `deadline_reminder`."""
    register, by, now = check.register, check.by, check.now
    return (
        deadline_reminder(check, remarks),
        search_reminder(register, by, check.place, now, check.chased),
        review_reminder(register, by, now),
        referral_reminder(register, by, now),
        breach_reminder(register, by, now),
    )
