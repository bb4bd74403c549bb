"""Requests without a run wait for batches, and none longer than the installation says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from afschrift.domain.instants import rfc3339
from afschrift.operations.findings import BatchPolicy, SweepCode, SweepFinding, batch_id

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def found(number: int, hours: float, code: SweepCode = SweepCode.NEVER_RUN) -> SweepFinding:
    since = rfc3339(NOW - timedelta(hours=hours))
    return SweepFinding(code, f"req-{number:012d}", since, start=f"req-{number:012d}.1")


def test_default_policy_starts_each_request_alone() -> None:
    assert BatchPolicy().waiting([found(1, 2), found(2, 3)], NOW) == []
    assert BatchPolicy(2).waiting([found(1, 25), found(2, 26)], NOW) == []  # whose batch came to nothing
    assert batch_id(["a", "b"]) == batch_id(["b", "a"]) != batch_id(["a"])


def test_they_start_once_they_are_enough() -> None:
    batches = BatchPolicy(3)
    two = batches.waiting([found(1, 2), found(2, 3)], NOW)
    assert batches.batch(two, NOW) == []
    three = batches.waiting([found(1, 2), found(2, 3), found(3, 2.5), found(4, 9, SweepCode.LOST)], NOW)
    assert [batch.request[-1] for batch in batches.batch(three, NOW)] == ["2", "3", "1"]


def test_batch_starts_after_a_day_at_most() -> None:
    batches = BatchPolicy(100)
    [batch] = batches.waiting([found(1, 23.9)], NOW)
    assert batches.batch([batch], NOW) == []
    assert batches.until(batch) == NOW + timedelta(hours=0.1)
    waiting = batches.waiting([found(1, 24), found(2, 1)], NOW)
    assert batches.batch(waiting, NOW) == waiting
