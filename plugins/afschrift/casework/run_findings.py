"""The findings of a sweep about runs and staging, and which requests are read in one batch.

No request waits longer for others than the installation's setting: a controller answers without undue delay
(Art. 12(3)). Nothing is changed here; only `next_free` reads the trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from afschrift.domain.event import digest
from afschrift.domain.request import BATCH_LIMIT, BATCHED, LOST, PARTLY, RequestStatus
from afschrift.domain.state import State

if TYPE_CHECKING:
    from afschrift.register.register import Register

WORK = (State.RECEIVED, State.ACKNOWLEDGED, State.NEEDS_PERSON, State.ACCEPTED)
"""States in which a run has work to do, unless a question is open. In the others a letter comes next."""

_FAILED = "repair it first: see the log of the run, then clear the failed task or trigger the next run"


class SweepCode(StrEnum):
    """Kinds of findings."""

    NEVER_RUN = "never_run"
    ANSWERED = "answered_not_run"
    REOPENED = "reopened_not_run"
    LOST = "run_lost"
    FAILED = "run_failed"
    REST = "rest_to_give"
    BATCHED = "batched_not_run"
    STAGED_CLOSED = "staged_closed"
    STAGED_SHREDDED = "staged_shredded"
    STAGED_UNKNOWN = "staged_unknown"
    STAGED_TOO_LONG = "staged_too_long"
    COPY = "copy_remains"
    RECEIPT = "portal_receipt"
    FROZEN = "portal_frozen"
    MISSING = "portal_lacks"


@dataclass(frozen=True)
class SweepLimits:
    """Ages from which something is a finding.

    Attributes:
        unstarted: of a request, or an answer, without a run since; of staging that is no longer needed, so
            that the run that closed the request has time to destroy it itself.
        lost: time without a sign of life after which a run is lost.
        hold: how long staging is kept after the last activity.
        review: how long it is kept while a question waits for a person.
        rest: time between a partial delivery and the run that tries to give the rest.
    """

    unstarted: timedelta = timedelta(hours=1)
    lost: timedelta = timedelta(hours=2)
    hold: timedelta = timedelta(hours=72)
    rest: timedelta = timedelta(hours=24)
    review: timedelta = timedelta(days=14)


@dataclass(frozen=True)
class SweepFinding:
    """A finding about a run, about staged files, or about a file at a destination.

    Attributes:
        since: instant from which its age counts; RFC 3339.
        bytes: encrypted size of the staged files.
        run: the run that was lost or failed.
        step: the last finished step of the request.
        start: id of the run to start, or None.
        hindrance: why no run is started, in words.
        delivery, why: of the file at a destination, and a code.
    """

    code: SweepCode
    request: str
    since: str
    run: str | None = None
    step: str | None = None
    start: str | None = None
    hindrance: str = ""
    bytes: int | None = None
    delivery: str | None = None
    why: str | None = None


def of_run(status: RequestStatus, now: datetime, limits: SweepLimits) -> SweepFinding | None:
    """Return the finding about a request's runs: none began, one was lost or failed, or one is due."""
    going, name = status.going, status.request
    if going is not None:
        return _lost(status) if _far(going.seen_at, now, limits.lost) else None
    if status.state not in WORK or status.open_questions:
        return None
    if not status.runs:
        found = SweepFinding(SweepCode.NEVER_RUN, name, status.created_at, start=next_run(status))
        return found if _far(found.since, now, limits.unstarted) else None
    last = status.runs[-1]
    if status.answered_at is not None and status.answered_at > last.started_at:
        start = next_run(status)
        found = SweepFinding(SweepCode.ANSWERED, name, status.answered_at, last.id, status.step, start)
        return found if _far(found.since, now, limits.unstarted) else None
    if last.outcome == LOST:
        return _lost(status)
    if last.outcome == PARTLY:
        found = SweepFinding(
            SweepCode.REST, name, str(last.ended_at), last.id, status.step, start=next_run(status)
        )
        return found if _far(found.since, now, limits.rest) else None
    if last.outcome not in WORK:
        start = next_run(status)
        code = SweepCode.BATCHED if last.outcome == BATCHED else SweepCode.REOPENED
        found = SweepFinding(code, name, status.active_at, last.id, status.step, start)
        return found if _far(found.since, now, limits.unstarted) else None
    ended = str(last.ended_at)
    return SweepFinding(SweepCode.FAILED, name, ended, last.id, status.step, hindrance=_FAILED)


def _lost(status: RequestStatus) -> SweepFinding:
    """Start one run after a lost one. If that is lost too, a third would not help: a person looks first."""
    last = status.going or status.runs[-1]
    hindrance = ""
    if status.state not in WORK:
        hindrance = "the request needs no further run"
    elif status.open_questions:
        hindrance = "a question waits for a person"
    elif len(status.runs) > 1 and status.runs[-2].outcome == LOST:
        hindrance = "the run before it was lost too: see the logs of both, then trigger the next one"
    start = None if hindrance else next_run(status)
    return SweepFinding(SweepCode.LOST, status.request, last.seen_at, last.id, status.step, start, hindrance)


def of_staging(
    status: RequestStatus, touched: datetime, now: datetime, limits: SweepLimits
) -> SweepCode | None:
    """Return why the staged files of a request should be destroyed, or None.

    Staging of a request with an active run is never touched. With an open question it is kept longer, since
    a review is answered on the staged bundle; later, the next run reads again, and another bundle is reviewed
    again. Staging of an unknown request is kept as long as that of a failed one: a register restored from a
    backup may lack the request.
    """
    if status.going is not None:
        return None
    if status.state is None:
        return SweepCode.STAGED_UNKNOWN if abs(now - touched) >= limits.hold else None
    quiet = abs(now - max(touched, datetime.fromisoformat(status.active_at)))
    if not status.readable:
        return SweepCode.STAGED_SHREDDED if quiet >= limits.unstarted else None
    if status.state.to_inform or not status.state.open:
        return SweepCode.STAGED_CLOSED if quiet >= limits.unstarted else None
    hold = max(limits.hold, limits.review) if status.open_questions else limits.hold
    return SweepCode.STAGED_TOO_LONG if quiet >= hold else None


def next_run(status: RequestStatus) -> str:
    """Return the id after the request's runs. It is deterministic, so two sweeps start one run."""
    attempts = [run.id.rpartition(".")[2] for run in status.runs if run.id.startswith(status.request)]
    return f"{status.request}.{1 + max(map(int, attempts), default=0)}"


def next_free(register: Register, request_id: str, run_id: str) -> str:
    """Return an unused id for a run: Airflow starts each id once.

    A run that came during another one was refused before it began, so the register does not count it: after
    an answer during an active batch, for example.

    Args:
        register: of this installation.
        request_id: of the run.
        run_id: `<request>.<attempt>`, the next one after the runs that began.
    """
    refused = {
        payload.get("run")
        for header, payload in register.trail.events(request_id)
        if header.type == "gate_bypassed" and payload and payload.get("reason") == "another_run"
    }
    name, _, attempt = run_id.rpartition(".")
    number = int(attempt)
    while f"{name}.{number}" in refused:
        number += 1
    return f"{name}.{number}"


def _far(instant: str, now: datetime, than: timedelta) -> bool:
    """Whether an instant is far from now, in the future too: a wrong clock in the past must hide nothing."""
    return abs(now - datetime.fromisoformat(instant)) >= than


@dataclass(frozen=True)
class BatchPolicy:
    """When requests are read in one batch.

    Attributes:
        least: smallest batch; 1: no batches, each request starts alone.
        wait: how long a request waits for others at most.
    """

    least: int = 1
    wait: timedelta = timedelta(hours=24)

    def waiting(self, findings: Sequence[SweepFinding], now: datetime) -> list[SweepFinding]:
        """Return the findings of requests that may wait, the oldest first: those that never had a run.

        A request that waited an hour longer than `wait` starts alone, whatever became of its batch.
        """
        if self.least < 2:
            return []
        last = now - self.wait - timedelta(hours=1)
        found = [
            finding
            for finding in findings
            if finding.code is SweepCode.NEVER_RUN
            and finding.start is not None
            and datetime.fromisoformat(finding.since) > last
        ]
        return sorted(found, key=lambda finding: (finding.since, finding.request))

    def in_line(self, statuses: Iterable[RequestStatus]) -> list[RequestStatus]:
        """Return the open requests without a run or a question, the oldest first."""
        found = [s for s in statuses if s.state in WORK and not s.runs and not s.open_questions]
        return sorted(found, key=lambda status: (status.created_at, status.request))

    def batch(self, waiting: Sequence[SweepFinding], now: datetime) -> list[SweepFinding]:
        """Return the batch to start now: all, once they are enough or the oldest waited long enough."""
        if not waiting:
            return []
        waited = now - datetime.fromisoformat(waiting[0].since)
        return list(waiting[:BATCH_LIMIT]) if len(waiting) >= self.least or waited >= self.wait else []

    def until(self, finding: SweepFinding) -> datetime:
        """Return when a request starts at the latest."""
        return datetime.fromisoformat(finding.since) + self.wait


def batch_id(requests: Sequence[str]) -> str:
    """Return the id of a batch of these requests. It is deterministic, so two sweeps start it once."""
    return f"batch-{digest(sorted(requests))[:16]}"
