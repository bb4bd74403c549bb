"""All requests of which something is left to do, with their next actions.

They are kept in the process, for a day. What an event of the trail says has changed since is read again, so
a look takes few statements, however many requests are open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import Lock

from afschrift.app.settings import Settings
from afschrift.casework.desk.next_action import (
    ActionKind,
    DeskPolicy,
    NextAction,
    RequestRecord,
    next_actions,
    sources_down,
)
from afschrift.casework.desk.owner import owner
from afschrift.casework.letters.due_letters import letters_due
from afschrift.casework.notices.reviews import due_restrictions
from afschrift.casework.officer import Officer
from afschrift.casework.run_findings import SweepLimits
from afschrift.domain.state import State
from afschrift.law.case_facts import Referral, referrals
from afschrift.law.clock.clock import Clock, Jurisdiction, clock
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import Timeline
from afschrift.law.manual_search import ChaseDays
from afschrift.register.register import Register

_AT_ONCE = 1_000
"""Requests that are read together: few statements, and little memory."""
_LIVELY = timedelta(minutes=1)
"""After this time a request whose run may have stopped is looked at again: no event says so."""


@dataclass(frozen=True)
class DeskRow:
    """A request as the desk shows it.

    Attributes:
        today: local date.
        clock: on that day.
        owner: name of the officer who sees to it.
        entered_by: account that took it in.
        down: sources that could not be reached.
        actions: the most pressing first; none: nothing is left to do.
        going: its run goes, or is to come.
    """

    request: str
    case: str
    right: str
    state: State
    today: date
    clock: Clock
    owner: str | None
    entered_by: str
    down: tuple[str, ...]
    actions: tuple[NextAction, ...]
    going: bool


@dataclass
class _Kept:
    """What a process keeps: rows by request, as of an event and of the days in the zones of the requests."""

    place: Jurisdiction
    height: int
    days: dict[str, date]
    rows: dict[str, DeskRow] = field(default_factory=dict)
    looked_at: datetime | None = None


_kept: dict[str, _Kept] = {}
_lock = Lock()


def desk_rows(officer: Officer) -> Collection[DeskRow]:
    """The requests of which something is left to do, in no order.

    Raises:
        InventoryError: `controller.yml` is missing or wrong.
        ConfigurationError: there is no calendar of its country.
    """
    register, place, now = officer.register, officer.jurisdiction, officer.now
    url = str(register.store.database.url)
    with _lock:
        height = register.oversight.height()
        kept = _kept.get(url)
        if (
            kept is None
            or kept.place != place
            or height < kept.height
            or any(local_date(now, zone) != day for zone, day in kept.days.items())
        ):
            kept = _kept[url] = _Kept(place, 0, {})
        ids: Collection[str] = ()
        if not kept.height:
            ids = register.oversight.unfinished()
        elif height > kept.height:
            ids = register.oversight.changed(kept.height)
        if kept.looked_at is None or not timedelta() <= now - kept.looked_at < _LIVELY:
            ids = {*ids, *(row.request for row in kept.rows.values() if row.going)}
            kept.looked_at = now
        for row, zone in read_rows(officer, ids):
            kept.days[zone] = local_date(now, zone)
            if row.actions:
                kept.rows[row.request] = row
            else:
                kept.rows.pop(row.request, None)
        kept.height = height
        return list(kept.rows.values())


def read_rows(officer: Officer, ids: Collection[str]) -> Iterator[tuple[DeskRow, str]]:
    """The rows of requests, each with its time zone; of one without an action too."""
    ordered, settings = sorted(ids), officer.settings
    policy = desk_policy(settings, officer.jurisdiction, officer.now)
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        with officer.register.oversight.many(some) as found:
            yield from _read(officer.register, officer.jurisdiction, policy, found)


def desk_policy(settings: Settings, place: Jurisdiction, now: datetime) -> DeskPolicy:
    """The policy of an installation."""
    limits = SweepLimits(settings.sweep_unstarted, settings.sweep_lost, settings.staging_hold)
    return DeskPolicy(place.calendar, now, limits, ChaseDays(settings.chase_remind, settings.chase_escalate))


def _read(
    register: Register, place: Jurisdiction, policy: DeskPolicy, ids: Sequence[str]
) -> Iterator[tuple[DeskRow, str]]:
    entered_by = register.oversight.entered_by(ids)
    over = register.oversight.kept_too_long(ids)
    for id_ in ids:
        timeline = register.facts.timeline(id_)
        today = local_date(policy.now, timeline.zone)
        found = clock(timeline, place, today)
        record = RequestRecord(
            timeline,
            found,
            register.oversight.status(id_),
            register.questions.all(request_id=id_),
            register.letters.all(request_id=id_),
            letters_due(register, timeline, place, today, found),
            tuple(due_restrictions(register, id_, timeline.zone, today)),
            _referrals(register, timeline),
            over.get(id_, ()),
        )
        actions = next_actions(record, policy, today)
        row = DeskRow(
            id_,
            timeline.case,
            timeline.right.value,
            timeline.state,
            today,
            record.clock,
            owner(timeline),
            entered_by.get(id_, ""),
            sources_down(record),
            actions,
            bool(record.status.going) or any(a.kind is ActionKind.RUN and not a.what for a in actions),
        )
        yield row, timeline.zone


def _referrals(register: Register, timeline: Timeline) -> list[Referral]:
    """What a message asks others and is not handed over; of its first request alone."""
    facts = register.case_facts.of(timeline.case)
    if not facts or register.facts.of_case(timeline.case)[0].request != timeline.request:
        return []
    return [referral for referral in referrals(facts) if referral.handed_over is None]
