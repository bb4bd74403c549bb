from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.law.clock.period import Period


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("P2Y", Period(years=2)),
        ("P1Y6M", Period(years=1, months=6)),
        ("P3W", Period(weeks=3)),
        ("P30D", Period(days=30)),
        ("P0Y", None),
        ("P", None),
        ("PT1H", None),
        ("2 years", None),
        ("as long as necessary", None),
        ("", None),
    ],
)
def test_what_is_a_period(text: str, period: Period | None) -> None:
    assert Period.parse(text) == period


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("P2Y", date(2025, 3, 1), date(2027, 3, 1)),
        ("P1Y", date(2024, 2, 29), date(2025, 2, 28)),
        ("P1M", date(2026, 1, 31), date(2026, 2, 28)),
        ("P6M", date(2026, 6, 16), date(2026, 12, 16)),
        ("P1M1W1D", date(2026, 1, 31), date(2026, 3, 8)),
        ("P1Y", date(9999, 1, 1), None),
    ],
)
def test_when_it_ends(text: str, start: date, end: date | None) -> None:
    period = Period.parse(text)
    assert period is not None
    assert period.after(start) == end


@given(st.text())
def test_any_text_is_a_period_or_none(text: str) -> None:
    Period.parse(text)
