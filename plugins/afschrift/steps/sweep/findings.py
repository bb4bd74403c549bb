"""What a sweep makes of a request and of what is staged for it. Pure: reads nothing, changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from afschrift.domain.run import Standing
from afschrift.domain.state import State

LOST = "lost"
PARTLY = "partly_delivered"
"""Outcomes of runs: of one that gave no sign of life; of one that delivered a part (R44)."""

_WORK = (State.RECEIVED, State.ACKNOWLEDGED, State.NEEDS_PERSON, State.ACCEPTED)
"""States in which a run has work to do, unless a question is open. In the others a letter comes next."""

_FAILED = "a person mends first: see the log of the run, then clear the failed task or trigger the next run"


class Code(StrEnum):
    """Kinds of findings."""

    NEVER_RUN = "never_run"
    ANSWERED = "answered_not_run"
    LOST = "run_lost"
    FAILED = "run_failed"
    REST = "rest_to_give"
    STAGED_CLOSED = "staged_closed"
    STAGED_SHREDDED = "staged_shredded"
    STAGED_UNKNOWN = "staged_unknown"
    STAGED_TOO_LONG = "staged_too_long"


@dataclass(frozen=True)
class Limits:
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
class Finding:
    """What was found.

    Attributes:
        since: instant from which its age counts; RFC 3339.
        bytes: encrypted, of what is staged.
        run: the run that was lost or failed.
        step: the step of the request that finished last.
        start: id of the run that is to be started, or None.
        hindrance: why none is, in words.
    """

    code: Code
    request: str
    since: str
    run: str | None = None
    step: str | None = None
    start: str | None = None
    hindrance: str = ""
    bytes: int | None = None


def of_run(standing: Standing, now: datetime, limits: Limits) -> Finding | None:
    """What is wrong with the runs of a request: none began, one was lost, one failed, an answer waits."""
    going, name = standing.going, standing.request
    if going is not None:
        return _lost(standing) if _far(going.seen_at, now, limits.lost) else None
    if standing.state not in _WORK or standing.open_questions:
        return None
    if not standing.runs:
        found = Finding(Code.NEVER_RUN, name, standing.created_at, start=next_run(standing))
        return found if _far(found.since, now, limits.unstarted) else None
    last = standing.runs[-1]
    if standing.answered_at is not None and standing.answered_at > last.started_at:
        start = next_run(standing)
        found = Finding(Code.ANSWERED, name, standing.answered_at, last.id, standing.step, start)
        return found if _far(found.since, now, limits.unstarted) else None
    if last.outcome == LOST:
        return _lost(standing)
    if last.outcome == PARTLY:
        found = Finding(Code.REST, name, str(last.ended_at), last.id, standing.step, start=next_run(standing))
        return found if _far(found.since, now, limits.rest) else None
    ended = str(last.ended_at)
    return Finding(Code.FAILED, name, ended, last.id, standing.step, hindrance=_FAILED)


def _lost(standing: Standing) -> Finding:
    """A lost run is followed by one other. Where that is lost too, another run does not mend it."""
    last = standing.going or standing.runs[-1]
    hindrance = ""
    if standing.state not in _WORK:
        hindrance = "the request needs no further run"
    elif standing.open_questions:
        hindrance = "a question waits for a person"
    elif len(standing.runs) > 1 and standing.runs[-2].outcome == LOST:
        hindrance = "the run before it was lost too: see the logs of both, then trigger the next one"
    start = None if hindrance else next_run(standing)
    return Finding(Code.LOST, standing.request, last.seen_at, last.id, standing.step, start, hindrance)


def of_staging(standing: Standing, touched: datetime, now: datetime, limits: Limits) -> Code | None:
    """Why what is staged of a request has no business there, or None.

    Staging of a request with a run that goes is never touched. While a question waits for a person it is
    kept longer, since a review is answered on what lies there; after that the next run reads again, and
    where another bundle comes of it, that one is reviewed. What the register does not know is held as
    long as the staging of a failed request: a register restored from a back-up knows less.
    """
    if standing.going is not None:
        return None
    if standing.state is None:
        return Code.STAGED_UNKNOWN if abs(now - touched) >= limits.hold else None
    quiet = abs(now - max(touched, datetime.fromisoformat(standing.active_at)))
    if not standing.readable:
        return Code.STAGED_SHREDDED if quiet >= limits.unstarted else None
    if not standing.state.open:
        return Code.STAGED_CLOSED if quiet >= limits.unstarted else None
    hold = max(limits.hold, limits.review) if standing.open_questions else limits.hold
    return Code.STAGED_TOO_LONG if quiet >= hold else None


def next_run(standing: Standing) -> str:
    """The id that follows the request's runs. Always the same one, so that two sweeps start one run."""
    attempts = [run.id.rpartition(".")[2] for run in standing.runs if run.id.startswith(standing.request)]
    return f"{standing.request}.{1 + max(map(int, attempts), default=0)}"


def _far(instant: str, now: datetime, than: timedelta) -> bool:
    """Whether it is far from now. In the future too: a clock that was wrong for a while must hide nothing."""
    return abs(now - datetime.fromisoformat(instant)) >= than
