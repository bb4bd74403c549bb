"""What the register knows of a request, for the check of a decision on it."""

from __future__ import annotations

from datetime import date

from afschrift.casework.decision.triggers import own_keys
from afschrift.casework.identity.confirmed import lacks_mandate
from afschrift.casework.officer import Officer
from afschrift.inventory.model import Inventory
from afschrift.law.clock.clock import clock
from afschrift.law.clock.facts import FactKind, FactRow, Timeline
from afschrift.law.ground_check import RequestFacts


def request_facts(officer: Officer, request_id: str) -> RequestFacts:
    """The facts of a request today."""
    timeline = officer.register.facts.timeline(request_id)
    today = officer.today(timeline.zone)
    current = clock(timeline, officer.jurisdiction, today)
    extended = clock(_extended(timeline, today), officer.jurisdiction, today)
    earlier = {
        past.request: timeline.local(past.ended_at) if past.ended_at else None
        for past in officer.register.identities.history(request_id, own_keys(officer.inventory))
    }
    tables, columns = _personal(officer.inventory)
    return RequestFacts(
        today=today,
        identified=timeline.identified_at is not None,
        lacks_mandate=lacks_mandate(officer.register, request_id, today),
        earlier=earlier,
        last_day=current.due,
        longest_day=extended.due,
        tables=tables,
        columns=columns,
        systems=frozenset(officer.inventory.manual),
        wrote=officer.register.cases.wrote(request_id),
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


def _personal(inventory: Inventory) -> tuple[frozenset[str], frozenset[str]]:
    """Names of all personal tables as `source.table`, and of their columns as `source.table.column`."""
    tables = {
        f"{name}.{table}": one
        for name, source in inventory.sources.items()
        for table, one in source.tables.items()
        if one.personal
    }
    columns = frozenset(
        f"{table_name}.{column}" for table_name, one in tables.items() for column in one.columns
    )
    return frozenset(tables), columns
