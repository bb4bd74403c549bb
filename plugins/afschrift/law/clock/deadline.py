"""The lawful clock: when a request must be answered, and why then (R37, R38, R39, R41-R43).

A period of one calendar month after receipt, or of three where an extension was announced in time; what it
was suspended for is added; then one roll over days off at the end. Regulation 1182/71, Art. 3; EDPB
Guidelines 01/2022, 157-164. Pure: no clock, no register.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.law.clock.calendar import Calendar

ALGORITHM = "1"
"""Version of the calculation, kept with every date that was told to somebody."""

MONTHS, EXTENDED = 1, 3


@dataclass(frozen=True)
class Suspension:
    """A time for which the period stands still, or began anew.

    Attributes:
        start: local date on which the question was sent.
        end: local date on which enough information arrived; None while it is awaited.
        identity: the question is who asks. In the United Kingdom the period then begins on `end`.
    """

    start: date
    end: date | None = None
    identity: bool = True


@dataclass(frozen=True)
class Deadline:
    """When an answer is due.

    Attributes:
        received: local date of receipt.
        due: last day, which ends at 23:59:59 local time; None while the period is suspended.
        notice_due: last day for announcing an extension, a refusal or a fee; None while it is suspended.
        target: the day to be ready by: a working day before the earliest reading of the law.
        extended: a valid extension counts.
        breaches: what was done without effect: codes, each with its rule.
        steps: how it was reached, in words.
    """

    received: date
    due: date | None
    notice_due: date | None
    target: date
    extended: bool
    breaches: tuple[str, ...]
    steps: tuple[str, ...]
    algorithm: str = ALGORITHM

    def overdue(self, today: date) -> bool:
        """Whether the last day is over on a local date."""
        return self.due is not None and today > self.due


@dataclass
class _Period:
    """A period of some months, while suspensions are added to it."""

    months: int
    begin: date
    calendar: Calendar
    shift: int = 0
    restarted: date | None = None

    @property
    def raw(self) -> date:
        return add_months(self.begin, self.months) + timedelta(self.shift)

    @property
    def due(self) -> date:
        return self.calendar.roll(self.raw)[0]

    @property
    def earliest(self) -> date:
        """The earlier of the plain reading and the one in which the period begins again after a question."""
        return min([self.raw, *([add_months(self.restarted, self.months)] if self.restarted else [])])


def deadline(
    received: date,
    calendar: Calendar,
    *,
    suspensions: Sequence[Suspension] = (),
    extension_sent: date | None = None,
    public_body: bool = False,
) -> Deadline:
    """The due date of a request.

    Args:
        received: local date of receipt, see `local_date`.
        calendar: days off where the controller must act.
        suspensions: in any order; only those whose question and answer are proven.
        extension_sent: local date on which the reasoned notice was really sent.
        public_body: a Dutch public body, whose suspension counts a day less (Awb 4:15).

    Raises:
        RefusedError: suspensions overlap, or end before they began.
    """
    steps = [f"Received on {_day(received)} ({calendar.country})."]
    breaches: list[str] = []
    first = _Period(MONTHS, received, calendar)
    whole = _Period(EXTENDED if extension_sent else MONTHS, received, calendar)
    ordered = _in_order(suspensions)
    extended = False
    if extension_sent is not None:
        until = _notice_until(first, extension_sent, ordered, public_body)
        extended = until is None or extension_sent <= until
        steps.append(_extension(extension_sent, until, extended))
        if not extended:
            breaches.append("extension_void:R41")
            whole.months = MONTHS
    open_since: date | None = None
    for suspension in ordered:
        if suspension.start > whole.due:
            steps.append(
                f"The question of {_day(suspension.start)} came after the last day, "
                f"{_day(whole.due)}: it suspends nothing (R42)."
            )
            breaches.append("suspension_after_expiry:R42")
            continue
        if suspension.end is None:
            open_since = suspension.start
            steps.append(f"Suspended since {_day(suspension.start)}; an answer is awaited (R42).")
            continue
        steps.append(_apply(whole, suspension, public_body))
        if suspension.start <= first.due:
            _apply(first, suspension, public_body)
    steps += _last_day(whole)
    stopped = open_since is not None
    return Deadline(
        received=received,
        due=None if stopped else whole.due,
        notice_due=None if open_since is not None and open_since <= first.due else first.due,
        target=calendar.before(whole.earliest),
        extended=extended,
        breaches=tuple(breaches),
        steps=tuple(steps),
    )


def _last_day(whole: _Period) -> list[str]:
    """How the last day follows from the period, in words."""
    last, reasons = whole.calendar.roll(whole.raw)
    words = [
        f"{whole.months} month{'s' if whole.months > 1 else ''} after {_day(whole.begin)}"
        + (f", and {whole.shift} days" if whole.shift else "")
        + f": {_day(whole.raw)}."
    ]
    if reasons:
        words.append(f"Not a working day ({', '.join(reasons)}): {_day(last)} (Reg. 1182/71, Art. 3(4)).")
    return words


def local_date(received: datetime | date, zone: str) -> date:
    """The calendar date of an instant where the controller must act (R02). A plain date stays what it is.

    Raises:
        ConfigurationError: the zone is not known.
        RefusedError: a time of day without its offset from UTC.
    """
    try:
        local_zone = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"{zone!a} is not a time zone.", remedy="name one of the IANA list, as Europe/Amsterdam."
        ) from None
    if not isinstance(received, datetime):
        return received
    if received.tzinfo is None:
        raise RefusedError(
            "A time of day needs its offset from UTC.",
            remedy="write 2025-03-30T22:30:00Z or 2025-03-31T00:30:00+02:00, or a date alone.",
        )
    return received.astimezone(UTC).astimezone(local_zone).date()


def add_months(day: date, months: int) -> date:
    """The same date some months on, or the last day of that month (Reg. 1182/71, Art. 3(2)(c))."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _in_order(suspensions: Sequence[Suspension]) -> list[Suspension]:
    ordered = sorted(suspensions, key=lambda s: (s.start, s.end or date.max))
    for suspension in ordered:
        if suspension.end is not None and suspension.end < suspension.start:
            raise RefusedError(
                f"A suspension of {_day(suspension.start)} ends before it begins (R42).",
                remedy="give the day of the question first, then the day of the answer.",
            )
    for earlier, later in pairwise(ordered):
        if earlier.end is None or later.start < earlier.end:
            raise RefusedError(
                f"The suspensions of {_day(earlier.start)} and {_day(later.start)} overlap (R42).",
                remedy="end the first one before the next begins, or take one for both questions.",
            )
    return ordered


def _apply(period: _Period, suspension: Suspension, public_body: bool) -> str:
    """Add a suspension; what was done, in words."""
    start, end = suspension.start, suspension.end
    assert end is not None
    if suspension.identity and period.calendar.country.startswith("GB"):
        period.begin, period.shift = end, 0
        return f"Identity was clear on {_day(end)}: the period begins then (ICO)."
    days = (end - start).days
    if public_body:
        days = max(0, days - 1)
    period.shift += days
    period.restarted = end
    return f"Suspended from {_day(start)} to {_day(end)}: {days} days (R42, R43)."


def _notice_until(
    first: _Period, sent: date, suspensions: list[Suspension], public_body: bool
) -> date | None:
    """The last day of the first month by what was known when a notice was sent; None while it stood still."""
    known = _Period(first.months, first.begin, first.calendar)
    for suspension in suspensions:
        if suspension.start > min(sent, known.due):
            break
        if suspension.end is None or suspension.end >= sent:
            return None
        _apply(known, suspension, public_body)
    return known.due


def _extension(sent: date, until: date | None, valid: bool) -> str:
    if valid:
        return f"An extension was announced on {_day(sent)}, in the first month: two more months (R39)."
    assert until is not None
    return (
        f"The extension of {_day(sent)} was announced after {_day(until)}, the end of the first month: it "
        "has no effect (R41)."
    )


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _day(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]} {day.isoformat()}"
