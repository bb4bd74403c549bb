"""Days off of a country, as they count for a period that the law sets.

Which days those are is for the Member State in which the controller must act (Regulation 1182/71, Art. 2(1)).
The days come from the package `holidays`, with what the Dutch Algemene termijnenwet says differently.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version

import holidays

from afschrift.domain.errors import ConfigurationError
from afschrift.law.clock.zones import usual_zone

_WEEKEND = {5: "Saturday", 6: "Sunday"}
_ONE_DAY = timedelta(days=1)

_SUBDIVISION = {"GB": "ENG"}
"""Where the whole country has no common list. Another one is named as `GB-SCT`."""


@dataclass(frozen=True)
class Calendar:
    """The working days of a country.

    Attributes:
        country: ISO 3166-1 code, with a subdivision where its holidays differ (`NL`, `DE-BY`).
        decreed: further days off by decree or by the controller's configuration. The Dutch ones of Atw 3(3)
            and Good Friday are working days unless they stand here: to count a day off that is none would
            make the answer late, to count none cannot.
    """

    country: str
    decreed: frozenset[date] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        _days(self.country, 2026)

    def day_off(self, day: date) -> str | None:
        """Why nobody needs to act on a day: the weekday or the holiday's name in English; else None."""
        if day in self.decreed:
            return "a day off by decree"
        return _WEEKEND.get(day.weekday()) or _days(self.country, day.year).get(day)

    def roll(self, day: date) -> tuple[date, tuple[str, ...]]:
        """The first working day from a day on, and why each day before it does not count.

        Source:
            Regulation 1182/71, Art. 3(4).
        """
        reasons = []
        while reason := self.day_off(day):
            reasons.append(reason)
            day += _ONE_DAY
        return day, tuple(reasons)

    def before(self, day: date, count: int = 1) -> date:
        """The working day that lies `count` working days before a day."""
        while count:
            day -= _ONE_DAY
            count -= self.day_off(day) is None
        return day

    def working_days(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative where `end` is earlier."""
        if end < start:
            return -self.working_days(end, start)
        days = (start + timedelta(n) for n in range(1, (end - start).days + 1))
        return sum(self.day_off(day) is None for day in days)

    @property
    def zone(self) -> str | None:
        """The usual time zone of the country or of its part; None where that is not known here."""
        return usual_zone(self.country)

    @property
    def version(self) -> str:
        """Of what it was computed with, for the evidence."""
        return f"holidays {version('holidays')}"


def calendar(country: str, decreed: Iterable[date] = ()) -> Calendar:
    """The calendar of a country.

    Raises:
        ConfigurationError: the country or its subdivision is not known.
    """
    return Calendar(country.upper(), frozenset(decreed))


@cache
def _days(country: str, year: int) -> dict[date, str]:
    code, _, part = country.partition("-")
    subdivision = part or _SUBDIVISION.get(code)
    categories = ("public", "optional") if code == "NL" else ("public",)
    try:
        found = holidays.country_holidays(
            code, subdiv=subdivision, years=year, categories=categories, language="en_US"
        )
    except NotImplementedError:
        raise ConfigurationError(
            f"There is no calendar of {country!a}.",
            remedy="name a country by its ISO 3166-1 code, as NL or DE-BY.",
        ) from None
    days = dict(found.items())
    if code == "NL":
        # Public in lustrum years alone, but a day off for every period of law (Atw 3(1)); Good Friday is
        # only made equal to one (Atw 3(2)).
        days = {day: name for day, name in days.items() if name != "Good Friday"}
    return days
