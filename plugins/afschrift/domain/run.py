"""Runs of a request, the names under which register and trail know them, and where a request stands."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date

from afschrift.domain.state import State

_TIME = r"manual__\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)"
_OURS = re.compile(rf"req-[0-9a-z]{{12}}\.\d{{1,6}}|{_TIME}", re.ASCII)
_WITH_TAIL = re.compile(rf"({_TIME})_(.+)", re.ASCII)

LOST, PARTLY, BATCHED = "lost", "partly_delivered", "batched"
"""Outcomes of runs: no sign of life; a part was delivered (R44); read in a batch, and not yet answered."""
BATCH_LIMIT = 1_000
"""Requests in one batch, of each of which some notes stay in memory; the rest waits for the next sweep."""


@dataclass(frozen=True)
class Run:
    """A run as the register knows it.

    Attributes:
        id: its name, see `run_name`.
        seen_at: when one of its steps last began or gave a sign of life.
        ended_at: None while it goes.
        outcome: state of the request at its end, or `lost`.
    """

    request: str
    id: str
    started_at: str
    seen_at: str
    ended_at: str | None
    outcome: str | None


def run_name(run_id: str) -> str:
    """The name of an Airflow run in the register: the same for the same run, and without personal data.

    `<request>.<attempt>` and `manual__<time>` stay as they are. Airflow's form lets people type an id, so
    anything else, and what follows the time, is kept as the beginning of its SHA-256.
    """
    if _OURS.fullmatch(run_id):
        return run_id
    if found := _WITH_TAIL.fullmatch(run_id):
        return f"{found[1]}_{_digest(found[2])[:12]}"
    return f"sha256:{_digest(run_id)[:32]}"


def airflow_id(name: str) -> str | None:
    """Airflow's id of a run by its name in the register; None where the name keeps a digest of it."""
    return name if _OURS.fullmatch(name) else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Hold:
    """A hold that is in force.

    Attributes:
        id: the same one at every request of a case that it is on.
        fact: that tells of it, at this request.
        since: instant of its recording; RFC 3339, UTC.
        review_on: the day to look again, if one was set.
    """

    id: str
    request: str
    fact: str
    ground: str
    since: str
    by: str
    review_on: date | None = None

    @property
    def words(self) -> str:
        """For a message."""
        return f"{self.id} ({self.ground}, since {self.since[:10]}, by {self.by})"


@dataclass(frozen=True)
class RequestStatus:
    """A request with what happened to it last. Instants are RFC 3339 in UTC.

    Attributes:
        state: None where the register knows no such request.
        readable: its data key is there; False after crypto-shredding.
        active_at: its last sign of life: opened, moved, a run seen or ended, a step finished, a question
            asked or answered. Empty where the register does not know it.
        runs: oldest first.
        step: the step that finished last, for example `extract shop`.
        open_questions: how many wait for a person.
        answered_at: when a person last answered a question of its.
        holds: in force; nothing of it is destroyed while there is one.
    """

    request: str
    state: State | None
    readable: bool = False
    created_at: str = ""
    active_at: str = ""
    runs: tuple[Run, ...] = ()
    step: str | None = None
    open_questions: int = 0
    answered_at: str | None = None
    holds: tuple[Hold, ...] = ()

    @property
    def going(self) -> Run | None:
        """The run that has not ended."""
        return next((run for run in self.runs if run.ended_at is None), None)
