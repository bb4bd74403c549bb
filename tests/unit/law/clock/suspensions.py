"""Suspensions that follow each other, for the properties of the clock."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.deadline import Suspension

days = st.dates(date(2020, 1, 1), date(2045, 12, 31))
countries = st.sampled_from(["NL", "BE", "DE", "DE-BY", "FR", "GB", "GB-SCT", "AT", "IE", "LU"]).map(calendar)


def following(start: date, gaps: list[int]) -> list[Suspension]:
    """Suspensions after a day, each gap being the time to the next question or answer."""
    at, ends = start, []
    for gap in gaps:
        at += timedelta(gap)
        ends.append(at)
    return [Suspension(a, b) for a, b in zip(ends[::2], ends[1::2], strict=True)]
