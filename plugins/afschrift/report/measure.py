"""What a report knows of each request: codes, days and yes or no, from its rows and its clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from afschrift.domain.state import State
from afschrift.law.clock.clock import Clock, Jurisdiction, clock, closed_on_day, suspensions
from afschrift.law.clock.deadline import Deadline, deadline
from afschrift.law.clock.facts import FactKind, FactRow, SuspensionGround, Timeline
from afschrift.law.dispute import complaints
from afschrift.law.letter import LetterState
from afschrift.register.periods import ReportedRequest

INFORMED = (
    State.DELIVERED,
    State.ANSWERED_NOTHING_HELD,
    State.ANSWERED_NOTHING_PORTABLE,
    State.REFUSED,
)
"""Ends of which the person was informed by an answer or a refusal: they were in time, or late."""
_OF_CLOCK = (FactKind.SUSPENDED, FactKind.EXTENDED, FactKind.PARTLY_DELIVERED, FactKind.DECIDED)
_REFUSED_LATE = "refused_late:R45"


@dataclass(frozen=True, slots=True)
class MeasuredRequest:
    """A request as a row of the frame; days are ISO dates, and None is what there is not.

    Attributes:
        outcome: its state; `open` as long as the clock runs.
        due: last day for the answer; None while it is suspended.
        closed: day on which the person was informed, or on which it ended otherwise.
        days: from the receipt until then.
        in_time: of an answer or a refusal.
        extension: `valid`, `void` (announced after the first month) or `not_sent`.
        suspended: ground -> days.
        decided: outcome of a decision -> its ground, of those that hold.
        doubt: why more was asked about the identity.
        checked: how the identity was checked.
        complaints: by whom, with outcome; None: it has none yet.
        lies: something that was delivered is still at its destination.
        not_searched: a system that people search was not searched.
        redacted: grounds of redactions.
        letters: kind, and how it was sent; None: it was not.
        waits: for what an open request waits.
        counted: rules by which its days were counted when a fact moved its clock.
    """

    request: str
    right: str
    channel: str
    received: date
    outcome: str
    due: date | None
    notice_due: date | None
    closed: date | None
    days: int | None
    in_time: bool | None
    refused_late: bool
    days_left: int | None
    extension: str | None
    suspended: dict[str, int]
    decided: dict[str, str]
    identity_asked: bool
    doubt: str | None
    checked: str | None
    acknowledged: int | None
    first_answer: int | None
    parts: int
    supplements: int
    misdelivered: bool
    lies: bool
    not_searched: bool
    complaints: list[tuple[str, str | None]]
    looked_up: bool
    redacted: list[str]
    letters: list[tuple[str, str | None]]
    waits: str | None
    waits_what: str | None
    counted: frozenset[str]


def measured(found: ReportedRequest, place: Jurisdiction, today: date) -> MeasuredRequest:
    """A request with its figures on a day."""
    timeline = found.timeline
    known = _clock(timeline, place, today)
    closed = timeline.answered_before or closed_on_day(timeline)
    informed = timeline.state in INFORMED and closed is not None
    doubts = [str(fact.detail.get("doubt")) for fact in _asked(timeline)]
    identity = max((row for row in found.decisions if row.kind == "identity"), key=_number, default=None)
    waits, what = _waits(found, known.due is None) if timeline.state.open else (None, None)
    return MeasuredRequest(
        request=timeline.request,
        right=timeline.right.value,
        channel=found.channel,
        received=timeline.received,
        outcome="open" if timeline.state.open else timeline.state.value,
        due=known.due,
        notice_due=known.notice_due,
        closed=closed,
        days=(closed - timeline.received).days if closed else None,
        in_time=not known.overdue(closed) if informed and closed else None,
        refused_late=isinstance(known, Clock) and _REFUSED_LATE in known.breaches,
        days_left=(known.due - today).days if timeline.state.open and known.due else None,
        extension=_extension(timeline, known),
        suspended=_suspended(timeline, place, closed or today),
        decided=_decided(found),
        identity_asked=bool(doubts) or any(row.kind == "identity" for row in found.questions),
        doubt=doubts[-1] if doubts else None,
        checked=_checked(identity),
        acknowledged=_days(timeline, min(_sent(found, "acknowledgement"), default=None)),
        first_answer=_days(timeline, min(_informed(timeline), default=None)),
        parts=len(timeline.of(FactKind.PARTLY_DELIVERED)),
        supplements=sum(row.kind == "supplement" and row.state == "arrived" for row in found.deliveries),
        misdelivered=bool(timeline.of(FactKind.MISDELIVERED)),
        lies=any(row.state == "arrived" and row.destroyed_at is None for row in found.deliveries),
        not_searched=any(row.kind == "manual" and row.choice == "not_searched" for row in found.decisions),
        complaints=[
            (str(c.entered.detail.get("from")), str(c.ended.detail.get("outcome")) if c.ended else None)
            for c in complaints(timeline)
        ],
        looked_up=found.looked_up,
        redacted=sorted(
            {
                ground
                for row in found.decisions
                if row.choice == "redact"
                for ground in row.detail.get("grounds", ())
            }
        ),
        letters=[(row.kind, row.channel if row.sent_on else None) for row in found.letters],
        waits=waits,
        waits_what=what,
        counted=frozenset(rules_of(f.detail["clock"]) for f in timeline.facts if "clock" in f.detail),
    )


def rules_of(evidence: Mapping[str, Any]) -> str:
    """The rules that a clock was counted by, from what is stored of it."""
    return f"{evidence.get('algorithm')}, {evidence.get('calendar')}"


def _clock(timeline: Timeline, place: Jurisdiction, today: date) -> Deadline:
    """The clock; of a request that no fact moved only its days, which all of a day of receipt share."""
    if timeline.of(*_OF_CLOCK) or timeline.state in (State.REFUSED, State.ANSWERED_NOTHING_PORTABLE):
        return clock(timeline, place, today)
    return _plain(place, timeline.received)


@cache
def _plain(place: Jurisdiction, received: date) -> Deadline:
    return deadline(received, place.calendar, public_body=place.public_body)


def _extension(timeline: Timeline, known: Deadline) -> str | None:
    found = timeline.of(FactKind.EXTENDED)
    if not found:
        return None
    if found[0].sent_on is None:
        return "not_sent"
    return "valid" if known.extended else "void"


def _suspended(timeline: Timeline, place: Jurisdiction, until: date) -> dict[str, int]:
    """Ground -> days for which a reply was awaited."""
    days: dict[str, int] = {}
    for period in suspensions(timeline, place, until) if timeline.of(FactKind.SUSPENDED) else ():
        ground = SuspensionGround.IDENTITY if period.identity else SuspensionGround.SPECIFICATION
        days[ground.value] = days.get(ground.value, 0) + max(((period.end or until) - period.start).days, 0)
    return days


def _decided(found: ReportedRequest) -> dict[str, str]:
    """Outcome -> ground of what was decided and not overruled; a restriction may have no letter."""
    timeline = found.timeline
    facts = (f for f in timeline.of(FactKind.DECIDED) if not timeline.about(f, FactKind.OVERRULED))
    decided = {fact.detail["outcome"]: str(fact.detail.get("ground")) for fact in facts}
    taken = (row for row in found.decisions if row.kind == "decision" and row.choice == "restrict")
    return decided | {row.choice: str(row.detail.get("ground")) for row in taken}


def _asked(timeline: Timeline) -> Iterator[FactRow]:
    for fact in timeline.of(FactKind.SUSPENDED):
        if fact.detail.get("ground") == SuspensionGround.IDENTITY:
            yield fact


def _checked(row: Any) -> str | None:
    """How an identity was checked, by the last decision on it; a channel that had checked it names itself."""
    if row is None or row.choice != "confirmed":
        return None
    return str(row.detail.get("method") or "channel")


def _informed(timeline: Timeline) -> Iterator[date]:
    """Days on which the person was informed of an answer, a part of it, or a refusal."""
    for fact in timeline.of(FactKind.ANSWER_READY, FactKind.PARTLY_DELIVERED, FactKind.DECIDED):
        whole = fact.kind is not FactKind.DECIDED or fact.detail.get("outcome") == "refuse"
        if fact.sent_on is not None and whole:
            yield fact.sent_on


def _sent(found: ReportedRequest, kind: str) -> Iterator[date]:
    for row in found.letters:
        if row.kind == kind and row.sent_on and row.state == LetterState.SENT:
            yield date.fromisoformat(row.sent_on)


def _days(timeline: Timeline, day: date | None) -> int | None:
    return (day - timeline.received).days if day else None


def _waits(found: ReportedRequest, suspended: bool) -> tuple[str, str | None]:
    """For what an open request waits, and the kind of the question where that is one."""
    if suspended:
        return "reply", None
    if asked := [row for row in found.questions if row.answered_at is None]:
        return "question", str(min(asked, key=lambda row: (row.asked_at, row.kind)).kind)
    if found.timeline.unsent_letters or found.timeline.to_inform:
        return "letter", None
    return "run", None


def _number(row: Any) -> int:
    return int(row.id)
