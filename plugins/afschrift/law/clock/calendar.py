"""Days off of a country, as they count for a period set by law (R38).

The Member State in which the controller must act decides which days these are (Regulation 1182/71, Art.
2(1)). They come from the package `holidays`, corrected by the Dutch Algemene termijnenwet. For the other
Member States
a second package is compared with it: a day that is a day off in only one of the two is not settled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, lru_cache
from importlib.metadata import version

from afschrift.domain.errors import ConfigurationError
from afschrift.law.clock import second_reading
from afschrift.law.clock.place import usual_zone

_WEEKEND = {5: "Saturday", 6: "Sunday"}
_ONE_DAY = timedelta(days=1)

_SUBDIVISION = {"GB": "ENG"}
"""Country without a common list -> the part that is used. Another part is named as `GB-SCT`."""


@dataclass(frozen=True)
class Calendar:
    """The working days of a country.

    Attributes:
        country: ISO 3166-1 code, with a subdivision where its holidays differ (`NL`, `DE-BY`).
        decreed: further days off by decree or by the controller's configuration.
        unsettled: days that may or may not be days off. Both readings are computed and the earlier day is
            due: counting a day off that is none would make the answer late; the other mistake cannot.
    """

    country: str
    decreed: frozenset[date] = field(default_factory=frozenset)
    unsettled: frozenset[date] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        _days(self.country, 2026)

    def day_off(self, day: date) -> str | None:
        """Why a day is a day off: the weekday or the holiday's name in English; None: it is a working day."""
        if day in self.decreed:
            return "a day off by decree"
        if day in _not_settled(self.country, day.year):
            return None
        return _WEEKEND.get(day.weekday()) or _days(self.country, day.year).get(day)

    def not_settled(self, day: date) -> str | None:
        """Why a day that counts as a working day may be none; None where that is settled."""
        if self.day_off(day):
            return None
        return _not_settled(self.country, day.year).get(day) or (
            "by decree" if day in self.unsettled else None
        )

    def roll(self, day: date, *, unsettled: bool = False) -> tuple[date, tuple[str, ...]]:
        """The first working day from a day on, and why each day before it does not count.

        Args:
            day: where the period ends.
            unsettled: the other reading, in which days that are not settled are days off.

        Source:
            Regulation 1182/71, Art. 3(4).
        """
        reasons = []
        while reason := self.day_off(day) or (self.not_settled(day) if unsettled else None):
            reasons.append(reason)
            day += _ONE_DAY
        return day, tuple(reasons)

    def before(self, day: date, count: int = 1) -> date:
        """The day that is `count` working days before a day, in either reading."""
        while count:
            day -= _ONE_DAY
            count -= self.day_off(day) is None and self.not_settled(day) is None
        return day

    def working_days(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative where `end` is earlier."""
        return -_working_days(self, end, start) if end < start else _working_days(self, start, end)

    @property
    def zone(self) -> str | None:
        """The usual time zone of the country or of its part; None where that is not known here."""
        return usual_zone(self.country)

    @property
    def version(self) -> str:
        """Versions of the packages that it was computed with, for the evidence."""
        first = f"holidays {version('holidays')}"
        return f"{first} and {second_reading.PACKAGE}" if _twice_read(self.country) else first


@lru_cache(maxsize=10_000)  # the requests of a desk share few days
def _working_days(calendar: Calendar, start: date, end: date) -> int:
    days = (start + timedelta(n) for n in range(1, (end - start).days + 1))
    return sum(calendar.day_off(day) is None for day in days)


def calendar(country: str, decreed: Iterable[date] = (), unsettled: Iterable[date] = ()) -> Calendar:
    """The calendar of a country.

    Args:
        country: as `Calendar.country`, in either case.
        decreed: further days off. In the Netherlands none of them is settled: a decree only makes a day equal
            to a public holiday (Atw 3(3)).
        unsettled: days of which that is not settled.

    Raises:
        ConfigurationError: the country or its subdivision is not known.
    """
    country, settled, both = country.upper(), frozenset(decreed), frozenset(unsettled)
    if country.partition("-")[0] == "NL":
        settled, both = frozenset(), both | settled
    return Calendar(country, settled, both)


@cache
def _not_settled(country: str, year: int) -> dict[date, str]:
    """Days of which it is not settled whether they are days off, with what is said of each.

    In the Netherlands Good Friday, which the law only makes equal to a public holiday (Atw 3(2)). In another
    Member State what one of two packages says alone, of the years that the second was asked about.
    """
    state = country.partition("-")[0]
    if state == "NL":
        return {day: name for day, name in _days(country, year).items() if name == "Good Friday"}
    second = second_reading.second_reading(state, year)
    if second is None:
        return {}
    first = {day: name for day, name in _days(state, year).items() if day.weekday() not in _WEEKEND}
    alone = {day: f"{name}, by one of two packages" for day, name in first.items() if day not in second}
    return alone | {day: "a day off by one of two packages" for day in second if day not in first}


def _twice_read(country: str) -> bool:
    state = country.partition("-")[0]
    return state != "NL" and second_reading.second_reading(state, second_reading.YEARS[0]) is not None


@cache
def _days(country: str, year: int) -> dict[date, str]:
    import holidays  # slow to import, and most processes that import this module count no days

    code, _, part = country.partition("-")
    subdivision = part or _SUBDIVISION.get(code)
    # 5 May is public in lustrum years alone, but a day off for every period of law (Atw 3(1)).
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
    return dict(found.items())
