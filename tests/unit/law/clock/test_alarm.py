"""Levels of notices: once a request, last day and level, and never one of the past."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.law.clock.alarm import OVERDUE, AlarmDay, level, marks, to_raise
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.clock import Clock, Jurisdiction, clock
from afschrift.law.clock.facts import Timeline

NL = Jurisdiction(calendar("NL"))
DUE = date(2026, 4, 7)
REQUEST = Timeline(
    "req-1", "case-1", Right.ACCESS, State.RECEIVED, "2026-03-06T09:00:00.000000Z", "Europe/Amsterdam"
)


def on(day: date) -> Clock:
    return clock(REQUEST, NL, day)


@pytest.mark.parametrize(
    ("expected", "days"),
    [(None, [15]), ("14", [14, 8]), ("7", [7, 4]), ("3", [3, 2]), ("1", [1, 0]), (OVERDUE, [-1, -400])],
)
def test_the_nearest_mark_that_was_passed(expected: str | None, days: list[int]) -> None:
    assert on(DUE).due == DUE
    assert {level(on(DUE - timedelta(days=before)), marks()) for before in days} == {expected}


def test_working_days_pass_over_easter() -> None:
    """Good Friday is a working day in the Netherlands; Easter Monday, 6 April 2026, is not."""
    at = marks("14 2w")
    assert level(on(date(2026, 4, 1)), at) == "14"
    assert level(on(date(2026, 4, 3)), at) == "2w"
    assert on(date(2026, 4, 3)).working_days_left == 1


def test_nothing_of_a_request_that_waits_or_is_closed() -> None:
    closed = replace(REQUEST, state=State.DELIVERED, closed_at="2026-03-20T09:00:00.000000Z")
    assert level(clock(closed, NL, DUE + timedelta(days=9)), marks()) is None
    assert level(replace(on(DUE), due=None, days_left=None, working_days_left=None), marks()) is None


@pytest.mark.parametrize("text", ["", "14 x", "-1", "3d", "1000"])
def test_marks_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        marks(text)
    assert marks("1 14  3w 14") == (AlarmDay(1), AlarmDay(3, working=True), AlarmDay(14))


@given(st.lists(st.integers(-5, 40), min_size=1, max_size=12))
def test_each_level_is_notified_once(days: list[int]) -> None:
    raised: list[tuple[date, str]] = []
    for before in sorted(days, reverse=True):
        now = on(DUE - timedelta(days=before))
        first = to_raise(now, marks(), raised)
        if first is not None:
            raised.append((DUE, first))
            assert first == level(now, marks())
        assert to_raise(now, marks(), raised) is None
    levels = {level(on(DUE - timedelta(days=before)), marks()) for before in days} - {None}
    assert len(raised) == len(set(raised)) == len(levels)


def test_new_last_day_notifies_all_levels_again() -> None:
    before = DUE - timedelta(days=61)
    assert to_raise(on(DUE), marks(), [(before, "1"), (before, OVERDUE)]) == "1"
