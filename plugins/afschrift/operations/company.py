"""Which requests without a run start together, and until when one waits for company. Pure.

No request waits longer than the installation says: a controller answers without undue delay (Art. 12(3)).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from afschrift.domain.event import digest
from afschrift.domain.request import BATCH_LIMIT, RequestStatus
from afschrift.operations.findings import WORK, SweepCode, SweepFinding


@dataclass(frozen=True)
class Company:
    """When requests are read together.

    Attributes:
        least: from so many on; 1: never, each starts by itself.
        wait: how long one waits at most.
    """

    least: int = 1
    wait: timedelta = timedelta(hours=24)

    def waiting(self, findings: Sequence[SweepFinding], now: datetime) -> list[SweepFinding]:
        """Those that may wait, the oldest first: requests that never had a run.

        Who waited an hour longer than the installation says starts alone, whatever became of their batch.
        """
        if self.least < 2:
            return []
        last = now - self.wait - timedelta(hours=1)
        found = [
            one
            for one in findings
            if one.code is SweepCode.NEVER_RUN
            and one.start is not None
            and datetime.fromisoformat(one.since) > last
        ]
        return sorted(found, key=lambda one: (one.since, one.request))

    def in_line(self, statuses: Iterable[RequestStatus]) -> list[RequestStatus]:
        """Open requests without a run or a question, the oldest first."""
        found = [one for one in statuses if one.state in WORK and not one.runs and not one.open_questions]
        return sorted(found, key=lambda one: (one.created_at, one.request))

    def together(self, waiting: Sequence[SweepFinding], now: datetime) -> list[SweepFinding]:
        """Those that start now: all, once they are enough or the oldest waited long enough."""
        if not waiting:
            return []
        waited = now - datetime.fromisoformat(waiting[0].since)
        return list(waiting[:BATCH_LIMIT]) if len(waiting) >= self.least or waited >= self.wait else []

    def until(self, finding: SweepFinding) -> datetime:
        """When a request starts at the latest."""
        return datetime.fromisoformat(finding.since) + self.wait


def batch_id(requests: Sequence[str]) -> str:
    """Id of the run of a batch of these requests: always the same, so that two sweeps start it once."""
    return f"batch-{digest(sorted(requests))[:16]}"
