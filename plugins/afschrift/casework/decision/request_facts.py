"""What the register knows of a request, for the check of a decision on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from afschrift.law.clock.clock import Place, clock
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import FactKind, FactRow, Timeline
from afschrift.law.grounds.values import RequestFacts
from afschrift.register.register import Register


class Known(Protocol):
    """Where it is looked up: see `pipeline.decide.Bench`."""

    @property
    def register(self) -> Register:
        """Of the installation."""

    @property
    def place(self) -> Place:
        """Where the controller must act."""

    @property
    def now(self) -> datetime:
        """The present moment, aware."""

    @property
    def own(self) -> Sequence[str]:
        """Identity keys that belong to one person alone."""

    @property
    def tables(self) -> frozenset[str]:
        """Of all that is personal."""

    @property
    def columns(self) -> frozenset[str]:
        """Likewise."""


def request_facts(bench: Known, request_id: str) -> RequestFacts:
    """The facts of a request today."""
    timeline = bench.register.facts.timeline(request_id)
    today = local_date(bench.now, timeline.zone)
    as_it_stands = clock(timeline, bench.place, today)
    extended = clock(_extended(timeline, today), bench.place, today)
    earlier = {
        past.request: timeline.local(past.ended_at) if past.ended_at else None
        for past in bench.register.identities.history(request_id, bench.own)
    }
    return RequestFacts(
        today=today,
        identified=timeline.identified_at is not None,
        earlier=earlier,
        last_day=as_it_stands.due,
        longest_day=extended.due,
        tables=bench.tables,
        columns=bench.columns,
        wrote=bench.register.cases.wrote(request_id),
    )


def _extended(timeline: Timeline, today: date) -> Timeline:
    """As it would be with an extension announced today."""
    if timeline.of(FactKind.EXTENDED):
        return timeline
    number = len(timeline.facts) + 1
    at = f"{today}T00:00:00Z"
    asked = FactRow("new-1", timeline.request, number, FactKind.EXTENDED, at, "", detail={"reasons": []})
    sent = FactRow(
        "new-2", timeline.request, number + 1, FactKind.LETTER_SENT, at, "", day=today, about="new-1"
    )
    return timeline.with_(asked, sent)
