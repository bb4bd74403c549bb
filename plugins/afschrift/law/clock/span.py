"""A period of some months after a receipt, and the suspensions that are added to it (R38, R42, R43)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from afschrift.domain.errors import RefusedError
from afschrift.law.clock.calendar import Calendar

PROMPT = 5
"""Working days after the receipt, or after the answer before, within which a question is asked promptly. No
source gives a number for "without undue delay" (R42; EDPB 159): a person judges what is found here."""


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


@dataclass
class RunningPeriod:
    """A period of some months, while suspensions are added to it.

    Attributes:
        shift: days for which it stood still.
        answered: day of the last answer. The period does not end before it; in the reading that the target
            takes it begins again then.
    """

    months: int
    begin: date
    calendar: Calendar
    shift: int = 0
    answered: date | None = None

    @property
    def counted(self) -> date:
        """Months and days of standing still, and nothing else."""
        return add_months(self.begin, self.months) + timedelta(self.shift)

    @property
    def raw(self) -> date:
        """Before the roll: who was asked late gets no day to answer by that lies before the reply (R43)."""
        return max(self.counted, self.answered or date.min)

    @property
    def due(self) -> date:
        """The last day."""
        return self.calendar.roll(self.raw)[0]

    @property
    def target(self) -> date:
        """A working day before the earlier of two readings: counted, or begun again after the answer."""
        again = [add_months(self.answered, self.months)] if self.answered else []
        return self.calendar.before(min([self.counted, *again]))

    def add(self, suspension: Suspension, public_body: bool) -> str:
        """Add a suspension that has ended; what was done, in words."""
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
        """Why a question was not asked without delay, in words; None where it was (R42)."""
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
