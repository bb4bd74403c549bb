"""Counts the period of a request: when it must be answered, and why then (R37, R38, R39, R41-R43).

The period is a calendar month after receipt, or three if an extension was announced in time. The days of its
suspension are added, and it never ends before the last answer of the person. Then it moves over days off,
once, at its end. Regulation 1182/71, Art. 3; EDPB Guidelines 01/2022, 157-164. Pure: no clock, no register.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.law.clock.calendar import Calendar
from afschrift.law.clock.place import remarks

PROMPT = 5
"""Working days after the receipt, or after the answer before, within which a question is asked promptly. No
source gives a number for "without undue delay" (R42; EDPB 159): a person judges what is found here."""


@dataclass(frozen=True)
class Suspension:
    """A time in which the period is suspended.

    Attributes:
        start: local date on which the question was sent.
        end: local date on which enough information arrived; None while it is awaited.
        identity: the question is about the identity. In the United Kingdom the period then begins on `end`.
    """

    start: date
    end: date | None = None
    identity: bool = True


@dataclass
class RunningPeriod:
    """A period of some months, while suspensions are added to it.

    Attributes:
        shift: days of suspension so far.
        answered: day of the person's last answer. The period does not end before it; for the target, which
            takes the earliest reading, it begins again on that day.
    """

    months: int
    begin: date
    calendar: Calendar
    shift: int = 0
    answered: date | None = None

    @property
    def counted(self) -> date:
        """The end by months and days of suspension alone."""
        return add_months(self.begin, self.months) + timedelta(self.shift)

    @property
    def raw(self) -> date:
        """The end before days off; after a question that was asked late not before the reply (R43)."""
        return max(self.counted, self.answered or date.min)

    @property
    def due(self) -> date:
        """The last day."""
        return self.calendar.roll(self.raw)[0]

    @property
    def target(self) -> date:
        """A working day before the earlier reading: `counted`, or a period that begins at the answer."""
        again = [add_months(self.answered, self.months)] if self.answered else []
        return self.calendar.before(min([self.counted, *again]))

    def add(self, suspension: Suspension, public_body: bool) -> str:
        """Add a suspension that has ended; returns an explanation."""
        start, end = suspension.start, suspension.end
        assert end is not None
        self.answered = end
        if suspension.identity and self.calendar.country.startswith("GB"):
            self.begin, self.shift = end, 0
            return f"Identity was clear on {weekday(end)}: the period begins then (ICO)."
        days = (end - start).days
        if public_body:
            days = max(0, days - 1)
        self.shift += days
        return f"Suspended from {weekday(start)} to {weekday(end)}: {days} days (R42, R43)."

    def late(self, asked: date) -> str | None:
        """Why a question was not asked without delay, in words; None: it was (R42)."""
        target, since = self.target, max(self.begin, self.answered or self.begin)
        if asked > target:
            how = f"after the target, {weekday(target)}"
        elif (days := self.calendar.working_days(since, asked)) > PROMPT:
            how = f"{days} working days after {weekday(since)}"
        else:
            return None
        sent = f"The question of {weekday(asked)} was sent {how}"
        return f"{sent}: it counts, but R42 wants it asked without delay."


def add_months(day: date, months: int) -> date:
    """The same date some months on, or the last day of that month (Reg. 1182/71, Art. 3(2)(c))."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def in_order(suspensions: Sequence[Suspension]) -> list[Suspension]:
    """Suspensions by the day of their question.

    Raises:
        RefusedError: they overlap, or end before they began.
    """
    ordered = sorted(suspensions, key=lambda s: (s.start, s.end or date.max))
    for suspension in ordered:
        if suspension.end is not None and suspension.end < suspension.start:
            raise RefusedError(
                f"A suspension of {weekday(suspension.start)} ends before it begins (R42).",
                remedy="give the day of the question first, then the day of the answer.",
            )
    for earlier, later in pairwise(ordered):
        if earlier.end is None or later.start < earlier.end:
            raise RefusedError(
                f"The suspensions of {weekday(earlier.start)} and {weekday(later.start)} overlap (R42).",
                remedy="end the first one before the next begins, or take one for both questions.",
            )
    return ordered


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def weekday(day: date) -> str:
    """A day with its weekday, as `Wed 2025-03-05`."""
    return f"{_WEEKDAYS[day.weekday()]} {day.isoformat()}"


_FORM = re.compile(r"P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")


@dataclass(frozen=True)
class Period:
    """A length of time in calendar units."""

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Period | None:
        """A period from ISO 8601, such as `P1Y6M`; None: the text is no period, or its length is zero."""
        found = _FORM.fullmatch(text)
        period = cls(*(int(part or 0) for part in found.groups())) if found else cls()
        return period if period != cls() else None

    def after(self, day: date) -> date | None:
        """The day on which the period ends, months clamped to their last day; None beyond the year 9999."""
        try:
            shifted = add_months(day, 12 * self.years + self.months)
            return shifted + timedelta(days=7 * self.weeks + self.days)
        except (ValueError, OverflowError):
            return None

    def last_over(self, today: date) -> date:
        """The last day from which the period is over on a day.

        It is searched for, since months are clamped; a period that begins earlier never ends later.
        """
        most = 366 * self.years + 31 * self.months + 7 * self.weeks + self.days
        day = today - timedelta(days=most)
        while (end := self.after(day + timedelta(days=1))) is not None and end <= today:
            day += timedelta(days=1)
        return day


ALGORITHM = "2"
"""Version of the calculation, stored with each date that was sent to a person. 2: never before the answer."""

MONTHS, EXTENDED = 1, 3


@dataclass(frozen=True)
class Deadline:
    """When an answer is due.

    Attributes:
        received: local date of receipt.
        due: last day, which ends at 23:59:59 local time; None while the period is suspended.
        notice_due: last day for announcing an extension, a refusal or a fee; None while it is suspended.
        target: the day to be ready by: a working day before the earliest reading of the law.
        extended: a valid extension counts.
        breaches: acts without effect: codes, each with its rule.
        steps: how the day was computed, in words.
    """

    received: date
    due: date | None
    notice_due: date | None
    target: date
    extended: bool
    breaches: tuple[str, ...]
    steps: tuple[str, ...]

    def overdue(self, today: date) -> bool:
        """Whether the last day is over on a local date."""
        return self.due is not None and today > self.due


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
        RefusedError: suspensions overlap, or end before they began; something was sent before the receipt.
    """
    _must_follow(received, suspensions, extension_sent)
    steps = [f"Received on {weekday(received)} ({calendar.country}).", *remarks(calendar.country)]
    breaches: list[str] = []
    first = RunningPeriod(MONTHS, received, calendar)
    whole = RunningPeriod(EXTENDED if extension_sent else MONTHS, received, calendar)
    ordered = in_order(suspensions)
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
        counts = suspension.start <= whole.due
        breaches += _asked(whole, suspension, steps)
        if suspension.end is None and counts:
            open_since = suspension.start
            steps.append(f"Suspended since {weekday(suspension.start)}; an answer is awaited (R42).")
        elif counts:
            steps.append(whole.add(suspension, public_body))
            if suspension.start <= first.due:
                first.add(suspension, public_body)
    steps += _last_day(whole)
    stopped = open_since is not None
    return Deadline(
        received=received,
        due=None if stopped else whole.due,
        notice_due=None if open_since is not None and open_since <= first.due else first.due,
        target=whole.target,
        extended=extended,
        breaches=tuple(dict.fromkeys(breaches)),
        steps=tuple(steps),
    )


def _must_follow(received: date, suspensions: Sequence[Suspension], extension_sent: date | None) -> None:
    sent = [("question", suspension.start) for suspension in suspensions]
    if extension_sent is not None:
        sent.append(("extension", extension_sent))
    for what, day in sent:
        if day < received:
            raise RefusedError(
                f"The {what} of {weekday(day)} lies before the receipt of {weekday(received)} (R02).",
                remedy="see which of both days is wrong: the request came by then, or the letter left later.",
            )


def _asked(whole: RunningPeriod, suspension: Suspension, steps: list[str]) -> list[str]:
    """Breaches by the day on which a question was sent; adds their explanation to `steps`."""
    if suspension.start > whole.due:
        steps.append(
            f"The question of {weekday(suspension.start)} came after the last day, "
            f"{weekday(whole.due)}: it suspends nothing (R42)."
        )
        return ["suspension_after_expiry:R42"]
    if late := whole.late(suspension.start):
        steps.append(late)
        return ["suspension_asked_late:R42"]
    return []


def _last_day(whole: RunningPeriod) -> list[str]:
    """How the last day follows from the period, in words."""
    last, reasons = whole.calendar.roll(whole.raw)
    words = [
        f"{whole.months} month{'s' if whole.months > 1 else ''} after {weekday(whole.begin)}"
        + (f", and {whole.shift} days" if whole.shift else "")
        + f": {weekday(whole.counted)}."
    ]
    if whole.raw > whole.counted:
        words.append(f"The answer came after that: not before {weekday(whole.raw)} (R43).")
    if reasons:
        words.append(f"Not a working day ({', '.join(reasons)}): {weekday(last)} (Reg. 1182/71, Art. 3(4)).")
    if why := whole.calendar.not_settled(last):
        other = whole.calendar.roll(last, unsettled=True)[0]
        words.append(
            f"{weekday(last)} may be a day off ({why}), which is not settled: of two readings the earlier "
            f"day is due, and not {weekday(other)}."
        )
    return words


def local_date(received: datetime | date | str, zone: str) -> date:
    """Calendar date of an instant where the controller must act (R02). A plain date is returned unchanged.

    received: a text is an RFC 3339 instant, as rows of the register hold it.

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
    if isinstance(received, str):
        received = datetime.fromisoformat(received)
    if not isinstance(received, datetime):
        return received
    if received.tzinfo is None:
        raise RefusedError(
            "A time of day needs its offset from UTC.",
            remedy="write 2025-03-30T22:30:00Z or 2025-03-31T00:30:00+02:00, or a date alone.",
        )
    return received.astimezone(UTC).astimezone(local_zone).date()


def _notice_until(
    first: RunningPeriod, sent: date, suspensions: list[Suspension], public_body: bool
) -> date | None:
    """Last day of the first month by what was known when a notice was sent; None: it was suspended."""
    known = RunningPeriod(first.months, first.begin, first.calendar)
    for suspension in suspensions:
        if suspension.start > min(sent, known.due):
            break
        if suspension.end is None or suspension.end >= sent:
            return None
        known.add(suspension, public_body)
    return known.due


def _extension(sent: date, until: date | None, valid: bool) -> str:
    if valid:
        return f"An extension was announced on {weekday(sent)}, in the first month: two more months (R39)."
    assert until is not None
    return (
        f"The extension of {weekday(sent)} was announced after {weekday(until)}, the end of the first month: "
        "it has no effect (R41)."
    )
