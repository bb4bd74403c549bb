"""A period of ISO 8601 in whole years, months, weeks and days, such as `P2Y` or `P1Y6M`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from afschrift.law.clock.span import add_months

_FORM = re.compile(r"P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")


@dataclass(frozen=True)
class Period:
    """How long, in calendar units."""

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Period | None:
        """A period, or None where the text is none, or none longer than nothing."""
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
