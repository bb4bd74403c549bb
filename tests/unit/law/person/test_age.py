"""How old somebody is on a day: held against a count of birthdays, leap days included."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.law.person.age import Minor, age_on, minor

BORN = st.dates(date(1900, 1, 1), date(2030, 12, 31))


def birthdays(born: date, until: date) -> int:
    """Birthdays after the day of birth, one by one; that of 29 February is the day after the 28th."""
    found = 0
    for year in range(born.year + 1, until.year + 1):
        leap = (born.month, born.day) == (2, 29)
        day = date(year, 2, 28) + timedelta(days=1) if leap else date(year, born.month, born.day)
        found += day <= until
    return found


@given(born=BORN, days=st.integers(0, 40_000))
def test_the_age_is_the_number_of_birthdays(born: date, days: int) -> None:
    day = born + timedelta(days=days)
    assert age_on(born, day) == birthdays(born, day)


@given(born=BORN, days=st.integers(0, 40_000), limit=st.integers(13, 21))
def test_a_person_stops_being_under_age_once_and_for_ever(born: date, days: int, limit: int) -> None:
    day = born + timedelta(days=days)
    today, tomorrow = (
        minor([str(born)], born=True, day=one, limit=limit) for one in (day, day + timedelta(days=1))
    )
    assert (today, tomorrow) != (Minor.NO, Minor.YES)
    assert today is minor([f"{born}T00:00:00"], born=True, day=day, limit=limit)
    if age_on(born, day) < 130:
        assert today is not Minor.UNKNOWN
        assert today is minor([str(age_on(born, day))], born=False, day=day, limit=limit)


@pytest.mark.parametrize(
    ("limit", "day", "found"),
    [
        (14, "2026-02-28", Minor.YES),
        (14, "2026-03-01", Minor.NO),
        (16, "2028-02-28", Minor.YES),
        (16, "2028-02-29", Minor.NO),
    ],
)
def test_a_leap_day_in_a_common_year_is_the_first_of_march(limit: int, day: str, found: Minor) -> None:
    assert minor(["2012-02-29"], born=True, day=date.fromisoformat(day), limit=limit) is found


@pytest.mark.parametrize(
    "values",
    [[], [""], ["unknown"], ["2010-02-30"], ["9999-12-31"], ["1800-01-01"], ["28-02-2010"], ["2010-02-28x"]],
)
def test_what_does_not_tell_is_unknown(values: list[str]) -> None:
    assert minor(values, born=True, day=date(2026, 1, 1), limit=16) is Minor.UNKNOWN


def test_one_row_of_a_child_is_enough_and_what_does_not_read_tells_nothing() -> None:
    day = date(2026, 1, 1)
    assert minor(["2012-01-01", "2013-01-01"], born=True, day=day, limit=16) is Minor.YES
    assert minor(["2012-01-01", "1980-01-01"], born=True, day=day, limit=16) is Minor.YES
    assert minor(["15", "-1"], born=False, day=day, limit=16) is Minor.YES
    assert minor(["16", "-1"], born=False, day=day, limit=16) is Minor.UNKNOWN
    assert minor(["16"], born=False, day=day, limit=16) is Minor.NO
