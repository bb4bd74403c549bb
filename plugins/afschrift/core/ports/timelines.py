"""Port of the register's facts: what the clock reads, and the only way to add to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from afschrift.core.event import NewEvent
from afschrift.core.facts import NewFact, Timeline

Make = Callable[[Timeline], Sequence[NewFact]]
Pair = Callable[[Timeline, Timeline, bool, bool], tuple[Sequence[NewFact], Sequence[NewFact]]]


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

    def record(self, request_id: str | None, *events: NewEvent) -> None:
        """Append events alone."""
