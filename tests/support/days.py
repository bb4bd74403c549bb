"""Days as tests name them: a run may go over midnight, so what is today is asked where it is used."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = "Europe/Amsterdam"
"""Where the controller of the mini shop is: its day begins before that of UTC."""


def local_today(zone: str = ZONE) -> date:
    """The day it is where a controller is."""
    return datetime.now(ZoneInfo(zone)).date()


def leap_day_of_a_child() -> date:
    """A date of birth of a child of 7 to 11 years, on 29 February."""
    year = local_today().year - 8
    return date(year - year % 4, 2, 29)


def days_away(days: int) -> datetime:
    """Noon (UTC) of a day some days from now: the same day in either zone, and still far when midnight passes.

    Tests may keep it for their whole run. `days`: 2 or more before or after today.
    """
    if abs(days) < 2:
        raise ValueError("a day this near may be today when the test comes: ask local_today() in the test.")
    return datetime.combine(local_today() + timedelta(days=days), time(12), tzinfo=UTC)
