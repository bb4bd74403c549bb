"""Every kind of authority with a form that does, and each way in which one does not (R15, R16)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from afschrift.domain.right import Right
from afschrift.law.person.age import Minor
from afschrift.law.person.mandate import BY_LAW, KINDS, SCOPES, NotEnough, Proven, check_mandate

TODAY = date(2026, 11, 25)
FORM = {
    "kind": "written_mandate",
    "checked_on": "2026-11-24",
    "scope": "both",
    "identity_checked": "eid",
    "answer_to": "person",
    "answer_by": "post",
}


def held(
    right: Right = Right.ACCESS, found: Minor = Minor.UNKNOWN, *, note: bool = True, **form: Any
) -> Proven | NotEnough:
    return check_mandate({**FORM, **form}, right, TODAY, found, note=note)


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_does_for_every_right(kind: str, right: Right) -> None:
    by_law = kind in BY_LAW
    assert held(right, kind=kind, secrecy="none") == Proven(("R15", "R16") if by_law else ("R15",), False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("secrecy", ["care", "parents_in_conflict", "safety"])
def test_what_must_stay_secret_takes_a_second_signer(kind: str, secrecy: str) -> None:
    found = held(kind=kind, secrecy=secrecy)
    assert isinstance(found, Proven)
    assert found.second_signer


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("right", Right)
def test_the_scope_must_cover_the_right(scope: str, right: Right) -> None:
    found = held(right, scope=scope)
    if scope in ("both", right.value):
        assert isinstance(found, Proven)
    else:
        assert isinstance(found, NotEnough)
        assert (found.rule, found.field) == ("R15", "scope")


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
def test_what_does_not_do_is_told_with_rule_field_and_way_out(
    form: dict[str, Any], rule: str, field: str
) -> None:
    found = held(**form)
    assert isinstance(found, NotEnough)
    assert (found.rule, found.field) == (rule, field)
    assert found.instead


def test_the_last_day_counts_and_a_guardian_of_an_adult_may_ask() -> None:
    assert isinstance(held(valid_until=str(TODAY)), Proven)
    assert isinstance(held(kind="guardianship_register", secrecy="none", found=Minor.NO), Proven)
    assert isinstance(held(kind="parental_authority", secrecy="none", found=Minor.YES), Proven)
