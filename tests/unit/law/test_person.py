"""The age of a person on a day, checks of a mandate, and who may do what."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.errors import NotAllowedError
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
from afschrift.law.roles import MAY, READ_ONLY_ROLES, Act, Person, Role, Roles

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


ANNA = Person("Anna", frozenset({"airflow:anna", "cli:anna"}), frozenset({Role.OFFICER, Role.SECOND_SIGNER}))
DIRK = Person("Dirk", frozenset({"airflow:dirk"}), frozenset({Role.DPO}))
ROLES = Roles((ANNA, DIRK), location="/etc/afschrift/roles.yml")


def test_every_role_is_in_the_table_and_read_only_roles_act_on_nothing() -> None:
    assert set(MAY) == set(Role)
    acting = {Act.SUBMIT, Act.ANSWER, Act.DECIDE, Act.MAP}
    assert {role for role in Role if not MAY[role] & acting} == READ_ONLY_ROLES


def test_a_role_is_held_by_account() -> None:
    assert ROLES.holds("airflow:anna", Role.OFFICER)
    assert ROLES.holds("cli:anna", Role.SECOND_SIGNER)
    assert not ROLES.holds("airflow:Anna", Role.OFFICER)
    assert not ROLES.holds("anna", Role.OFFICER)
    assert not ROLES.holds("airflow:dirk", Role.DPO)  # sees, but answers nothing
    assert ROLES.may("airflow:dirk", Act.OVERSEE)
    assert not ROLES.may("airflow:dirk", Act.DECIDE)


def test_refusal_names_the_role_and_no_user() -> None:
    with pytest.raises(NotAllowedError, match=r"role officer\b.*keeps /etc/afschrift/roles.yml") as refused:
        ROLES.require("airflow:jan.jansen", Act.DECIDE)
    assert "jan" not in str(refused.value)
    assert ROLES.require("cli:anna", Act.DECIDE) is Role.OFFICER


def test_two_accounts_of_one_person_are_not_four_eyes() -> None:
    with pytest.raises(NotAllowedError, match="another person"):
        ROLES.need_another("cli:anna", ["airflow:dirk", "airflow:anna"])
    ROLES.need_another("cli:anna", ["airflow:dirk", "channel:portal"])
    ROLES.need_another("cli:anna", [])
    with pytest.raises(NotAllowedError):
        Roles(open_terminal=True).need_another("cli:root", ["cli:root"])


def test_only_the_terminal_acts_without_a_roles_file() -> None:
    roles = Roles(open_terminal=True)
    held = roles.person("cli:root")
    assert (held.roles, held.source) == (frozenset(Role) - READ_ONLY_ROLES, "terminal")
    assert roles.person("airflow:admin").roles == frozenset()
    assert roles.person("channel:portal").roles == frozenset()
    assert ROLES.person("cli:root").roles == frozenset()  # a file is the whole truth
