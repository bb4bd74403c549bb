"""The calendar of the Netherlands counted by hand: another way to a last day than the software's own.

Nothing here comes from the product, so that a scenario that compares both compares two ways.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

MARKS = (1, 3, 7, 14)


def last_day(received: date, *, months: int = 1, days: int = 0) -> date:
    """So many months later, clamped to the month's end, days added, then rolled over days off."""
    count = received.month - 1 + months
    year, month = received.year + count // 12, count % 12 + 1
    day = date(year, month, min(received.day, monthrange(year, month)[1])) + timedelta(days)
    while day.weekday() > 4 or day in days_off(day.year):
        day += timedelta(1)
    return day


def level(due: date, today: date) -> str | None:
    """The notice that belongs to a last day: `overdue`, the nearest mark that was passed, or none."""
    left = (due - today).days
    return "overdue" if left < 0 else next((str(mark) for mark in MARKS if left <= mark), None)


def almost_due(today: date) -> date:
    """A receipt whose last day comes next: tomorrow, or after the days off that follow."""
    days = (today - timedelta(back) for back in range(20, 40))
    return min((day for day in days if last_day(day) > today), key=last_day)


def days_off(year: int) -> set[date]:
    """Public holidays as the Dutch law on time limits has them; Good Friday is a working day."""
    sunday = easter(year)
    king = date(year, 4, 27)
    return {
        date(year, 1, 1),
        sunday + timedelta(1),
        king - timedelta(king.weekday() == 6),
        date(year, 5, 5),
        sunday + timedelta(39),
        sunday + timedelta(50),
        date(year, 12, 25),
        date(year, 12, 26),
    }


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    n = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * n) // 451
    month, day = divmod(h + n - 7 * m + 114, 31)
    return date(year, month, day + 1)
