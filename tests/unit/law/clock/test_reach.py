"""Where the calculation is on firm ground, and where it says that it is not."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.deadline import deadline
from afschrift.law.clock.reach import REVIEWED, remarks

HERE = Path(__file__).parent


def test_each_reviewed_calendar_has_vectors() -> None:
    with (HERE / "deadlines.csv").open(encoding="utf-8", newline="") as file:
        assert {row["country"] for row in csv.DictReader(file)} >= REVIEWED


@pytest.mark.parametrize(
    ("country", "reviewed", "holds"),
    [
        ("NL", True, True),
        ("DE", False, True),
        ("GB", False, True),
        ("DE-BY", False, True),
        ("AT", False, True),
        ("FR-GP", False, True),
        ("GP", False, True),
        ("FR-NC", False, False),
        ("BQ", False, False),
        ("CH", False, False),
        ("US", False, False),
        ("US-NY", False, False),
    ],
)
def test_what_is_not_firm_is_said_in_the_steps(country: str, reviewed: bool, holds: bool) -> None:
    said = remarks(country)
    assert any(f"calendar of {country} was not reviewed" in one for one in said) is not reviewed
    assert any(f"not known to hold in {country}" in one for one in said) is not holds
    steps = deadline(date(2025, 3, 5), calendar(country)).steps
    assert steps[1 : 1 + len(said)] == said
    assert len(steps) > 1 + len(said)
