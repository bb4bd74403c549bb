"""Makes the timelines that the clock reads from rows: a request, its facts, and when it was identified."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.engine import Row

from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, FactRow, Timeline, settled
from afschrift.register.database.errors import as_written
from afschrift.register.database.tables import decision, fact, request


def fact_row(row: Row[Any]) -> FactRow:
    """Convert a row of the table to a fact."""
    day = None if row.day is None else as_written(date.fromisoformat, row.day)
    kind = as_written(FactKind, row.kind)
    columns = {
        n: getattr(row, n) for n in ("instant", "about", "letter", "channel", "proof", "other", "text")
    }
    return FactRow(
        row.id, row.request_id, row.number, kind, row.at, row.by, day, detail=row.detail, **columns
    )


def _timeline(row: Row[Any], facts: tuple[FactRow, ...], identified_at: str | None) -> Timeline:
    state = as_written(State, row.state)
    return Timeline(
        request=row.id,
        case=row.case_id,
        right=as_written(Right, row.right),
        state=state,
        entered_at=row.received_at,
        zone=row.zone,
        facts=facts,
        identified_at=identified_at,
        closed_at=None if state.open else row.changed_at,
        limited=row.limits is not None,
    )


def timeline_of(row: Row[Any], facts: Iterable[Row[Any]], decisions: Iterable[Row[Any]]) -> Timeline:
    """Make a timeline; of the decisions only those on the identity count."""
    taken = [row for row in sorted(decisions, key=lambda row: row.id) if row.kind == "identity"]
    identified_at = taken[-1].at if taken and taken[-1].choice == "confirmed" else None
    ordered = [fact_row(row) for row in sorted(facts, key=lambda row: row.number)]
    return _timeline(row, settled(ordered), identified_at)


def found(tx: Connection, which: ColumnElement[bool]) -> dict[str, Timeline]:
    """Timelines of the requests that a condition selects, by id, in the order of their entered receipt.

    Takes three statements, however many requests there are.
    """
    order = (request.c.received_at, request.c.created_at, request.c.id)
    ids = select(request.c.id).where(which)
    facts: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in tx.execute(select(fact).where(fact.c.request_id.in_(ids))):
        facts[row.request_id].append(row)
    decided = select(decision.c.id, decision.c.request_id, decision.c.kind, decision.c.choice, decision.c.at)
    identity: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in tx.execute(decided.where(decision.c.kind == "identity", decision.c.request_id.in_(ids))):
        identity[row.request_id].append(row)
    return {
        row.id: timeline_of(row, facts[row.id], identity[row.id])
        for row in tx.execute(select(request).where(which).order_by(*order))
    }
