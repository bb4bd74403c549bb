"""Times as text in UTC, by the clock of a zone."""

from __future__ import annotations

import pytest

from afschrift.sources.key_table import utc_text


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2024-07-01 12:00", "Europe/Amsterdam", "2024-07-01T10:00:00.000000Z"),
        ("2024-01-01 12:00", "Europe/Amsterdam", "2024-01-01T11:00:00.000000Z"),
        ("2024-07-01", "Europe/Amsterdam", "2024-06-30T22:00:00.000000Z"),
        ("2024-10-27 02:30:00", "Europe/Amsterdam", "2024-10-27T00:30:00.000000Z"),  # the first of two
        ("2024-07-01T12:00:00.5+05:30", "Europe/Amsterdam", "2024-07-01T06:30:00.500000Z"),
        ("2024-07-01T12:00:00Z", "America/New_York", "2024-07-01T12:00:00.000000Z"),
        ("0001-01-01 00:00", "Asia/Tokyo", None),  # before the year 1 in UTC
        ("9999-12-31 23:00", "America/New_York", None),
        ("never", "UTC", None),
        ("", "UTC", None),
        (None, "UTC", None),
    ],
)
def test_utc(text: str | None, zone: str, expected: str | None) -> None:
    assert utc_text(text, zone) == expected
