"""Requests without a run wait for company, and none longer than the installation says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from afschrift.domain.instants import rfc3339
from afschrift.operations.findings import Company, SweepCode, SweepFinding, batch_id

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def found(number: int, hours: float, code: SweepCode = SweepCode.NEVER_RUN) -> SweepFinding:
    since = rfc3339(NOW - timedelta(hours=hours))
    return SweepFinding(code, f"req-{number:012d}", since, start=f"req-{number:012d}.1")


def test_by_default_nobody_waits() -> None:
    assert Company().waiting([found(1, 2), found(2, 3)], NOW) == []


def test_they_start_once_they_are_enough() -> None:
    company = Company(3)
    two = company.waiting([found(1, 2), found(2, 3)], NOW)
    assert company.together(two, NOW) == []
    three = company.waiting([found(1, 2), found(2, 3), found(3, 2.5), found(4, 9, SweepCode.LOST)], NOW)
    assert [one.request[-1] for one in company.together(three, NOW)] == ["2", "3", "1"]


def test_nobody_waits_longer_than_a_day() -> None:
    company = Company(100)
    [one] = company.waiting([found(1, 23.9)], NOW)
    assert company.together([one], NOW) == []
    assert company.until(one) == NOW + timedelta(hours=0.1)
    waiting = company.waiting([found(1, 24), found(2, 1)], NOW)
    assert company.together(waiting, NOW) == waiting


def test_the_same_requests_are_the_same_batch() -> None:
    assert batch_id(["a", "b"]) == batch_id(["b", "a"]) != batch_id(["a"])


def test_one_whose_batch_came_to_nothing_starts_alone() -> None:
    assert Company(2).waiting([found(1, 25), found(2, 26)], NOW) == []
