"""Where a request stands, as a sweep sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from afschrift.domain.run import Run
from afschrift.domain.state import State


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
class Standing:
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
