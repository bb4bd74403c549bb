"""The age of a person on a day, and checks of a mandate's form."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.right import Right
from afschrift.law.person import (
    BY_LAW,
    MANDATE_KINDS,
    MANDATE_SCOPES,
    Minor,
    NotEnough,
    Proven,
    age_on,
    check_mandate,
    minor,
)

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
        minor([str(born)], born=True, day=at, limit=limit) for at in (day, day + timedelta(days=1))
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
def test_unreadable_values_are_unknown(values: list[str]) -> None:
    assert minor(values, born=True, day=date(2026, 1, 1), limit=16) is Minor.UNKNOWN


def test_one_row_of_a_child_suffices() -> None:
    day = date(2026, 1, 1)
    assert minor(["2012-01-01", "2013-01-01"], born=True, day=day, limit=16) is Minor.YES
    assert minor(["2012-01-01", "1980-01-01"], born=True, day=day, limit=16) is Minor.YES
    assert minor(["15", "-1"], born=False, day=day, limit=16) is Minor.YES
    assert minor(["16", "-1"], born=False, day=day, limit=16) is Minor.UNKNOWN
    assert minor(["16"], born=False, day=day, limit=16) is Minor.NO


TODAY = date(2026, 11, 25)
FORM = {"kind": "written_mandate", "checked_on": "2026-11-24", "scope": "both"}
FORM |= {"identity_checked": "eid", "answer_to": "person", "answer_by": "post"}


def held(
    right: Right = Right.ACCESS, found: Minor = Minor.UNKNOWN, *, note: bool = True, **form: Any
) -> Proven | NotEnough:
    return check_mandate({**FORM, **form}, right, TODAY, found, note=note)


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("kind", MANDATE_KINDS)
def test_every_kind_does_for_every_right(kind: str, right: Right) -> None:
    rules = ("R15", "R16") if kind in BY_LAW else ("R15",)
    assert held(right, kind=kind, secrecy="none") == Proven(rules, False)
    for secrecy in ("care", "parents_in_conflict", "safety"):
        assert held(right, kind=kind, secrecy=secrecy) == Proven(rules, True)


@pytest.mark.parametrize("scope", MANDATE_SCOPES)
@pytest.mark.parametrize("right", Right)
def test_the_scope_must_cover_the_right(scope: str, right: Right) -> None:
    found = held(right, scope=scope)
    if scope in ("both", right.value):
        assert isinstance(found, Proven)
    else:
        assert isinstance(found, NotEnough) and (found.rule, found.field) == ("R15", "scope")


@pytest.mark.parametrize(
    ("form", "rule", "field"),
    [
        ({"checked_on": "2026-11-26"}, "R15", "checked_on"),
        ({"valid_until": "2026-11-24"}, "R15", "valid_until"),
        ({"answer_by": "insecure_portal"}, "R15", "answer_by"),
        ({"kind": "parental_authority", "secrecy": "none", "found": Minor.NO}, "R16", "kind"),
        ({"kind": "guardianship_register", "secrecy": "none", "note": False}, "R16", "text"),
        ({"kind": "court_order"}, "R16", "secrecy"),
    ],
)
def test_insufficient_mandate_names_field_and_remedy(form: dict[str, Any], rule: str, field: str) -> None:
    found = held(**form)
    assert isinstance(found, NotEnough)
    assert (found.rule, found.field) == (rule, field)
    assert found.instead


def test_the_last_day_counts_and_a_guardian_of_an_adult_may_ask() -> None:
    assert isinstance(held(valid_until=str(TODAY)), Proven)
    assert isinstance(held(kind="guardianship_register", secrecy="none", found=Minor.NO), Proven)
    assert isinstance(held(kind="parental_authority", secrecy="none", found=Minor.YES), Proven)
