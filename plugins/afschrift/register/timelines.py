"""Port of the register's facts: what the clock reads, and the only way to add to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from afschrift.domain.event import NewEvent
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.law.clock.facts import NewFact, Timeline
from afschrift.law.dispute import Hold, NewFacts

Make = Callable[[Timeline], Sequence[NewFact]]
Pair = Callable[[Timeline, Timeline, bool, bool], tuple[Sequence[NewFact], Sequence[NewFact]]]


@dataclass(frozen=True)
class Past:
    """An earlier request of the same person. Instants are RFC 3339 in UTC.

    Attributes:
        ended_at: when it was delivered, refused, withdrawn or merged; None: it is open.
        changed: names of identity keys that both gave, with other values now.
    """

    request: str
    right: Right
    state: State
    received_at: str
    ended_at: str | None
    changed: tuple[str, ...] = ()


class Timelines(Protocol):
    """The ledger as the clock and those who record facts see it. Every method is one transaction."""

    def timeline(self, request_id: str) -> Timeline:
        """A request with its facts.

        Raises:
            UnknownRequestError: no such request.
        """

    def timelines(self, *, open_only: bool = True) -> tuple[Timeline, ...]:
        """Requests with their facts, in the order of receipt as entered; few statements, however many."""

    def earlier(self, request_id: str, names: Collection[str] | None = None) -> tuple[str, ...]:
        """Ids of earlier requests of the same person in other cases, oldest first, by the keys in `names`."""

    def history(self, request_id: str, names: Collection[str]) -> tuple[Past, ...]:
        """The same with what the register knows of each."""

    def record_facts(
        self,
        request_id: str,
        make: Make,
        by: str,
        *,
        held: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> Timeline:
        """Append what `make` gives for the request as it is then, with its events; what it raises passes."""

    def read_right(
        self,
        request_id: str,
        right: Right,
        make: Make,
        by: str,
        *,
        held: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> Timeline:
        """Likewise for the reading of a message that did not say which right it means (R05)."""

    def record_pair(
        self,
        request_id: str,
        other_id: str,
        make: Pair,
        by: str,
        *,
        names: Collection[str],
        held: Mapping[str, str] | None = None,
    ) -> Timeline:
        """Likewise for two requests of a person.

        `make` also gets whether they are one person's, and whether the first asks for nothing beyond the
        second.
        """

    def record_case(
        self,
        owner: str,
        make: Callable[[Sequence[Timeline]], NewFacts],
        by: str,
        *,
        held: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> tuple[Timeline, ...]:
        """Likewise for one request or all of a case; a text is kept once, under the key of the owner."""

    def of_owner(self, owner: str) -> tuple[Timeline, ...]:
        """A request with its facts, or all of a case."""

    def holds(self, request_id: str | None = None) -> tuple[Hold, ...]:
        """The holds in force on a request or on all."""

    def record(self, request_id: str | None, *events: NewEvent) -> None:
        """Append events alone."""
