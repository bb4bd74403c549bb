"""The clock of a request: by its facts, when its answer is due, and what was breached (R37-R45).

`deadline` counts the period. This module decides which facts count for it: a question or an extension counts
from the day on which its letter was sent, and a suspension lasts only as long as an answer was awaited.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from afschrift.domain.state import State, StatusTerm
from afschrift.law.clock.calendar import Calendar
from afschrift.law.clock.deadline import ALGORITHM, PROMPT, Deadline, Suspension, deadline
from afschrift.law.clock.facts import FactKind, FactRow, SuspensionGround, Timeline
from afschrift.law.partial_response import awaited

AT_ONCE = 1
"""Working days within which a further question follows an insufficient reply (R43: "at once")."""

SOON, NOTICEABLE = 3, 14
"""Calendar days before the last day from which a request is orange, and yellow."""

_NOT_SENT = {
    FactKind.EXTENDED: "extension_not_sent:R39",
    FactKind.SUSPENDED: "suspension_not_sent:R42",
    FactKind.DECIDED: "decision_not_sent:R45",
}
"""Kind of a fact that counts from its letter -> the breach once that letter was due and is not sent."""

_REFUSALS = (State.REFUSED, State.ANSWERED_NOTHING_PORTABLE)
_REFUSALS_IN_PART = ("refuse_part", "restrict")
"""Ends, and outcomes, of which the person must be informed within the first month, extended or not (R45)."""


class Colour(StrEnum):
    """How urgent a request is, at a glance."""

    RED = "red"  # overdue
    ORANGE = "orange"  # the target day is there, or at most three days are left
    YELLOW = "yellow"  # at most two weeks are left
    GREEN = "green"
    BLUE = "blue"  # suspended: an answer of the person is awaited
    GREY = "grey"  # closed


@dataclass(frozen=True)
class Jurisdiction:
    """Where the controller must act.

    Attributes:
        calendar: its days off.
        public_body: a Dutch public body counts a suspension a day less, and ends it with the term that its
            question set (Awb 4:15).
    """

    calendar: Calendar
    public_body: bool = False


@dataclass(frozen=True)
class Clock(Deadline):
    """When a request is due on some day, and why.

    Attributes:
        days_left: calendar days from today to `due`; 0: today, negative: overdue. None while suspended and
            once closed.
        working_days_left: likewise.
        suspended_since: local date; None where the clock runs.
        reply_by: last day for the reply that is awaited; None where the question sets none.
        status: what is true in addition to the state, with its DPV term.
        versions: of the algorithm, the calendar and the time zones.
    """

    days_left: int | None
    working_days_left: int | None
    suspended_since: date | None
    reply_by: date | None
    closed_on: date | None
    colour: Colour
    status: tuple[StatusTerm, ...]
    versions: tuple[tuple[str, str], ...]

    @property
    def suspension(self) -> str:
        """Since when it is suspended, and by when the reply was asked for."""
        until = f", reply by {self.reply_by}" if self.reply_by else ""
        return f"suspended since {self.suspended_since}{until}"

    @property
    def evidence(self) -> dict[str, str | None]:
        """What is stored of the clock with a fact that changed it."""
        return {"due": str(self.due) if self.due else None, **dict(self.versions)}


def clock(timeline: Timeline, jurisdiction: Jurisdiction, today: date) -> Clock:
    """The clock of a request on a local date. It accepts any facts, also contradictory ones.

    Args:
        timeline: the request with its facts.
        jurisdiction: where the controller must act.
        today: local date there.
    """
    waits = tuple(_in_order(timeline, jurisdiction, today))
    extension = next(iter(timeline.of(FactKind.EXTENDED)), None)
    announced = extension.sent_on if extension else None
    found = deadline(
        timeline.received,
        jurisdiction.calendar,
        suspensions=[wait.period for wait in waits],
        extension_sent=announced if announced and announced >= timeline.received else None,
        public_body=jurisdiction.public_body,
    )
    closed_on = timeline.answered_before or closed_on_day(timeline)  # a further copy is never late
    since = next((w.period.start for w in waits if w.period.end is None), None) if found.due is None else None
    runs_to = found.due if closed_on is None else None
    steps = (
        *_receipt_words(timeline),
        *found.steps,
        *(wait.why for wait in waits if wait.why),
        *_fact_words(timeline, found, today),
    )
    last = max([timeline.received, *(wait.period.end for wait in waits if wait.period.end)])
    prompt = jurisdiction.calendar.working_days(last, closed_on or today) <= PROMPT
    breaches = dict.fromkeys((*found.breaches, *_breaches(timeline, found, closed_on, today, prompt)))
    return Clock(
        **vars(found) | {"breaches": tuple(breaches), "steps": steps},
        days_left=(runs_to - today).days if runs_to else None,
        working_days_left=jurisdiction.calendar.working_days(today, runs_to) if runs_to else None,
        suspended_since=since if closed_on is None else None,
        reply_by=_term(timeline.waiting) if since and timeline.waiting and closed_on is None else None,
        closed_on=closed_on,
        colour=_colour(found, closed_on, today),
        status=tuple(_status(timeline, found, closed_on)),
        versions=_versions(jurisdiction.calendar),
    )


@dataclass(frozen=True)
class _Wait:
    """A time in which an answer of the person was awaited, and an explanation of its end."""

    period: Suspension
    why: str = ""


def _in_order(timeline: Timeline, jurisdiction: Jurisdiction, today: date) -> Iterator[_Wait]:
    """Times of waiting without overlap: a day on which two answers were awaited counts once."""
    last = date.min
    found = [
        w
        for asked in timeline.of(FactKind.SUSPENDED)
        for w in _waits(timeline, asked, jurisdiction, today)
        if w.period.start >= timeline.received
    ]
    for wait in sorted(found, key=lambda w: (w.period.start, w.period.end or date.max)):
        period, why = wait.period, wait.why
        if last == date.max or (period.end is not None and period.end <= last and period.start < last):
            continue  # within another time of waiting
        if period.start < last:
            why = f"Two questions overlap: the second counts from {last}, when the first was answered (R42)."
            period = replace(period, start=last)
        last = period.end or date.max
        yield _Wait(period, why)


def suspensions(timeline: Timeline, jurisdiction: Jurisdiction, today: date) -> tuple[Suspension, ...]:
    """The times for which an answer of the person was awaited, without overlap."""
    return tuple(wait.period for wait in _in_order(timeline, jurisdiction, today))


def _waits(timeline: Timeline, asked: FactRow, jurisdiction: Jurisdiction, today: date) -> Iterator[_Wait]:
    """Times for which a question stopped the clock: one, or more where a further one came late (R43)."""
    start, identity = asked.sent_on, asked.detail.get("ground") == SuspensionGround.IDENTITY
    end = next((reply.day for reply in timeline.about(asked, FactKind.RESUMED)), None)
    why = ""
    identified = timeline.local(timeline.identified_at) if identity and timeline.identified_at else None
    if identified and (end is None or identified < end):
        end = identified
        why = f"The identity was confirmed on {end}: nothing is awaited after that (R43)."
    term = _term(asked) if jurisdiction.public_body else None
    if term is not None and term < (end or today):
        end = term
        why = f"The term of {term} that the question set is over: the suspension ends with it (Awb 4:15)."
    for reply in timeline.about(asked, FactKind.REPLY_INSUFFICIENT):
        if start is None or reply.day is None or reply.day < start or (end and reply.day >= end):
            continue
        sent = reply.sent_on
        if jurisdiction.calendar.working_days(reply.day, sent or today) <= AT_ONCE:
            continue
        yield _Wait(
            Suspension(start, reply.day, identity),
            f"The reply of {reply.day} fell short, and no further question followed at once: the clock ran "
            "on from then (R43).",
        )
        start = sent
    if start is not None and (end is None or end >= start):
        yield _Wait(Suspension(start, end, identity), why)


def _term(asked: FactRow) -> date | None:
    """The last day that a question set for the reply; one that left after that day set none."""
    given = asked.detail.get("term")
    term = date.fromisoformat(given) if given else None
    return term if term and asked.sent_on and term > asked.sent_on else None


def closed_on_day(timeline: Timeline) -> date | None:
    """The day on which the person was informed, whenever it was entered (R37, R45), or of the end."""
    if (informed_on := timeline.ended_on) is not None:
        return informed_on
    return timeline.local(timeline.closed_at) if timeline.closed_at else None


def _colour(found: Deadline, closed_on: date | None, today: date) -> Colour:
    if closed_on is not None:
        return Colour.GREY
    if found.due is None:
        return Colour.BLUE
    left = (found.due - today).days
    if left < 0:
        return Colour.RED
    if left <= SOON or today >= found.target:
        return Colour.ORANGE
    return Colour.YELLOW if left <= NOTICEABLE else Colour.GREEN


def _breaches(
    timeline: Timeline, found: Deadline, closed_on: date | None, today: date, prompt: bool
) -> Iterator[str]:
    notice = found.notice_due or date.max  # suspended: not known
    unsent = [fact.kind for fact in timeline.unsent_letters]
    for kind in unsent:
        # An answer does not replace the letter of a decision; what the person took back needs none.
        waits = kind is FactKind.DECIDED and (timeline.state.answered or timeline.state in _REFUSALS)
        day = today if waits else closed_on or today
        late = not prompt and found.due is not None if kind is FactKind.SUSPENDED else day > notice
        if late:
            yield _NOT_SENT[kind]
    for fact in timeline.of(FactKind.DECIDED):
        in_part = fact.detail.get("outcome") in _REFUSALS_IN_PART
        if in_part and (fact.sent_on or date.min) > notice and not timeline.about(fact, FactKind.OVERRULED):
            yield "refused_late:R45"
    if closed_on is None:
        if found.overdue(today):
            yield "overdue:R37"
        if (promised := awaited(timeline)) is not None and promised[1] < today:
            yield "rest_late:R44"
    elif timeline.state in _REFUSALS:
        notified = today if FactKind.DECIDED in unsent else closed_on  # a letter came back
        if notified > notice:
            yield "refused_late:R45"
    elif timeline.state.answered and found.overdue(closed_on):
        yield "answered_late:R37"


def _status(timeline: Timeline, found: Deadline, closed_on: date | None) -> Iterator[StatusTerm]:
    if found.extended:
        yield StatusTerm.EXTENDED
    if closed_on is None and timeline.of(FactKind.PARTLY_DELIVERED):
        yield StatusTerm.PARTLY_FULFILLED
    if closed_on is None and found.due is None and timeline.waiting:
        yield StatusTerm.SUSPENDED
        identity = timeline.waiting.detail.get("ground") == SuspensionGround.IDENTITY
        yield StatusTerm.WAITING_FOR_IDENTITY if identity else StatusTerm.WAITING_FOR_SPECIFICATION


@cache
def _versions(calendar: Calendar) -> tuple[tuple[str, str], ...]:
    try:
        zones = f"tzdata {version('tzdata')}"
    except PackageNotFoundError:  # the system has its own
        zones = "tzdata of the system"
    return (("algorithm", ALGORITHM), ("calendar", calendar.version), ("zones", zones))


def _receipt_words(timeline: Timeline) -> Iterator[str]:
    """Every correction of the receipt, with both dates."""
    was = timeline.local(timeline.entered_at)
    for fact in timeline.of(FactKind.RECEIPT_CORRECTED):
        now = timeline.local(fact.instant or timeline.entered_at)
        signed = f", signed by {fact.by}" if fact.about else ""
        yield (
            f"The receipt was entered as {was} and corrected to {now} on {timeline.local(fact.at)} by "
            f"{fact.detail.get('decided_by', fact.by)}{signed} ({fact.detail.get('reason', '')}, R02)."
        )
        was = now
    if timeline.proposed and timeline.proposed.instant:
        later = timeline.local(timeline.proposed.instant)
        yield f"A later receipt, {later}, waits for a second signer and does not count yet."


def _fact_words(timeline: Timeline, found: Deadline, today: date) -> Iterator[str]:
    """Explanations of facts that have no effect, and of links to other requests."""
    for fact in timeline.of(FactKind.SUSPENDED):
        ended = timeline.about(fact, FactKind.RESUMED)
        if fact.sent_on is None:
            what = "the person answered all the same" if ended else "the clock runs"
            yield (
                f"The question of {timeline.local(fact.at)} about {fact.detail.get('ground')} was not sent: "
                f"it suspends nothing, {what} (R42)."
            )
        elif fact.sent_on < timeline.received:
            yield f"The question of {fact.sent_on} was sent before the receipt: it suspends nothing (R02)."
        elif _moot(timeline, fact):
            yield (
                f"The question of {fact.sent_on} about identity was sent after it had been confirmed: it "
                "suspends nothing (R42)."
            )
    for fact in timeline.of(FactKind.EXTENDED):
        if fact.sent_on is None:
            late = found.notice_due is not None and today > found.notice_due
            rest = (
                "and the first month is over, so it never will be (R41)"
                if late
                else "and the day stays (R39)"
            )
            yield f"The extension of {timeline.local(fact.at)} was not announced: no letter was sent, {rest}."
        elif fact.sent_on < timeline.received:
            yield f"The extension of {fact.sent_on} was announced before the receipt: it has no effect (R02)."
    for fact in timeline.of(FactKind.ABSORBED):
        yield f"Request {fact.other} of the same person was merged into this one: this receipt counts (R55)."
    for fact in timeline.of(FactKind.MERGED):
        yield f"Merged into request {fact.other} of the same person, whose clock counts (R55)."
    for fact in timeline.of(FactKind.LINKED):
        what = "A reminder of" if fact.detail.get("as") == "reminder" else "Comes after"
        rule = "R54" if fact.detail.get("as") == "reminder" else "R26: it is answered in full"
        yield f"{what} request {fact.other} of the same person ({rule})."
    for fact in timeline.of(FactKind.PARTLY_DELIVERED):
        later = fact.detail.get("later", ())
        names = [".".join(filter(None, (entry["source"], entry.get("place")))) for entry in later]
        rest = ", ".join(f"{name} by {e['rest_by']}" for name, e in zip(names, later, strict=True))
        yield f"Partly delivered on {fact.day}; what was promised: {rest}. The period goes on (R44)."
    if timeline.answered_before and timeline.asked_again:
        day = timeline.local(timeline.asked_again.at)
        yield f"Answered on {timeline.answered_before}, and given again since {day}: the first answer counts."
    for fact in timeline.of(FactKind.WITHDRAWN):
        yield f"The person withdrew the request on {fact.day}."


def _moot(timeline: Timeline, asked: FactRow) -> bool:
    """Whether a question about identity was sent after the identity was confirmed."""
    if (
        asked.detail.get("ground") != SuspensionGround.IDENTITY
        or not asked.sent_on
        or not timeline.identified_at
    ):
        return False
    return timeline.local(timeline.identified_at) < asked.sent_on
