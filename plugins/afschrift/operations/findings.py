"""What a sweep makes of a request and of what is staged for it, and which requests start together.

No request waits longer for others than the installation says: a controller answers without undue delay
(Art. 12(3)). Changes nothing; `next_free` alone reads the trail.
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

_FAILED = "a person mends first: see the log of the run, then clear the failed task or trigger the next run"


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


@dataclass(frozen=True)
class SweepLimits:
    """Ages from which something is a finding.

    Attributes:
        unstarted: of a request, or of an answer, that no run has followed; of staging that nobody needs any
            more, so that the run that closed the request can destroy it itself.
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
    """What was found.

    Attributes:
        since: instant from which its age counts; RFC 3339.
        bytes: encrypted, of what is staged.
        run: the run that was lost or failed.
        step: the step of the request that finished last.
        start: id of the run that is to be started, or None.
        hindrance: why none is, in words.
    """

    code: SweepCode
    request: str
    since: str
    run: str | None = None
    step: str | None = None
    start: str | None = None
    hindrance: str = ""
    bytes: int | None = None


def of_run(status: RequestStatus, now: datetime, limits: SweepLimits) -> SweepFinding | None:
    """What is wrong with the runs of a request: none began, one was lost or failed, or one is due."""
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
    """A lost run is followed by one other. Where that is lost too, another run does not mend it."""
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
    """Why what is staged of a request has no business there, or None.

    Staging of a request with a run that goes is never touched. While a question waits for a person it is
    kept longer, since a review is answered on what lies there; after that the next run reads again, and
    where another bundle comes of it, that one is reviewed. What the register does not know is held as
    long as the staging of a failed request: a register restored from a back-up knows less.
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
    """The id that follows the request's runs. Always the same one, so that two sweeps start one run."""
    attempts = [run.id.rpartition(".")[2] for run in status.runs if run.id.startswith(status.request)]
    return f"{status.request}.{1 + max(map(int, attempts), default=0)}"


def next_free(register: Register, request_id: str, run_id: str) -> str:
    """An id of a run that was not used up yet: Airflow starts each id once.

    A run that came while another one went was turned down before it began, so the register does not count
    it: an answer given while a batch still goes, for example.

    Args:
        register: of this installation.
        request_id: whose run it is.
        run_id: `<request>.<attempt>`, the next one by the runs that began.
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
    """Whether it is far from now. In the future too: a clock that was wrong for a while must hide nothing."""
    return abs(now - datetime.fromisoformat(instant)) >= than


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
