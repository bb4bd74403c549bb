"""Rows of the register as what the clock reads: a request, its facts, and since when its person is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, bindparam, select
from sqlalchemy.engine import Row

from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, FactRow, Timeline, settled
from afschrift.register.database.errors import as_written
from afschrift.register.database.tables import decision, fact, request


def fact_row(row: Row[Any]) -> FactRow:
    """A row of the table as a fact."""
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


class _Asked(NamedTuple):
    """Statements of the requests that a condition picks, of their facts, and of who they are from."""

    requests: Select[Any]
    facts: Select[Any]
    identities: Select[Any]


def asked(which: ColumnElement[bool]) -> _Asked:
    """The requests that a condition picks, in the order of receipt as entered."""
    order = (request.c.received_at, request.c.created_at, request.c.id)
    ids = select(request.c.id).where(which)
    facts = select(fact).where(fact.c.request_id.in_(ids)).order_by(fact.c.request_id, fact.c.number)
    decided = select(decision.c.request_id, decision.c.choice, decision.c.at)
    decided = decided.where(decision.c.kind == "identity", decision.c.request_id.in_(ids))
    return _Asked(select(request).where(which).order_by(*order), facts, decided.order_by(decision.c.id))


@cache
def of_one() -> _Asked:
    """Those of one `request`: each step reads it often, and to make them costs more than to run them."""
    return asked(request.c.id == bindparam("request"))


def found(tx: Connection, statements: _Asked, given: Mapping[str, str]) -> dict[str, Timeline]:
    """What the statements find, with what is `given` for their parameters; by the id of the request."""
    facts: dict[str, list[FactRow]] = defaultdict(list)
    for row in tx.execute(statements.facts, given):
        facts[row.request_id].append(fact_row(row))
    identity: dict[str, str | None] = {}
    for one in tx.execute(statements.identities, given):
        identity[one.request_id] = one.at if one.choice == "confirmed" else None
    return {
        row.id: _timeline(row, settled(facts.get(row.id, ())), identity.get(row.id))
        for row in tx.execute(statements.requests, given)
    }
