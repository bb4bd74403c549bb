"""Reads the requests of a period with all that a report counts, in one state of the register."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_, select

from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, Timeline
from afschrift.register.base import Repository
from afschrift.register.database.tables import (
    case_file,
    decision,
    delivery,
    fact,
    letter,
    question,
    request,
)
from afschrift.register.database.timeline_rows import timeline_of
from afschrift.register.database.trail_tables import event, event_code
from afschrift.register.identities import ASKED
from afschrift.register.trail.own_events import acts
from afschrift.register.trail.replay import check_cases
from afschrift.register.trail.schema_check import schema_changed
from afschrift.register.trail.segments import dropped

_AT_ONCE = 1_000
"""Requests that are read together: few statements, and little memory."""
_OPEN = [state for state in State if state.open]
_COLUMNS = {
    decision: ("id", "kind", "choice", "at", "detail"),
    fact: tuple(fact.c.keys()),
    letter: ("kind", "state", "sent_on", "channel"),
    delivery: ("kind", "state", "destroyed_at"),
    question: ("kind", "role", "asked_at", "answered_at"),
}


@dataclass(frozen=True)
class ReportedRequest:
    """A request with the rows of it that a report counts.

    Attributes:
        channel: by which its message came.
        looked_up: whether an officer looked its keys up in the sources.
    """

    timeline: Timeline
    channel: str
    decisions: Sequence[Any]
    letters: Sequence[Any]
    deliveries: Sequence[Any]
    questions: Sequence[Any]
    looked_up: bool


@dataclass(frozen=True)
class Doubts:
    """Why parts of the register, or all of it, cannot be reported on.

    Attributes:
        whole: code of what makes every figure worthless; empty: there is no such thing.
        requests: that do not follow from the trail, or are of such a case.
        cases: that the trail knows and the register lacks.
        dropped: years of the trail that were destroyed.
    """

    whole: str = ""
    requests: frozenset[str] = frozenset()
    cases: int = 0
    dropped: tuple[int, ...] = ()


class Periods(Repository):
    """Reads many requests at once, a batch at a time."""

    def read(self, since: str, until: str) -> Iterator[ReportedRequest | Doubts]:
        """First what cannot be reported, then the other requests: open ones, and those of a period.

        Args:
            since: instant, RFC 3339; a request that was received or changed since then is of the period.
            until: likewise; none that was received later, but for those whose receipt was corrected.
        """
        corrected = select(fact.c.request_id).where(fact.c.kind == FactKind.RECEIPT_CORRECTED)
        which = or_(
            request.c.state.in_(_OPEN),
            request.c.received_at.between(since, until),
            request.c.changed_at >= since,
            request.c.id.in_(corrected),
        )
        with self._db.read() as tx:
            yield (doubts := self._doubts(tx, which))
            if doubts.whole:
                return
            ids = tx.scalars(select(request.c.id).where(which).order_by(request.c.received_at, request.c.id))
            left = [id_ for id_ in ids if id_ not in doubts.requests]
            for start in range(0, len(left), _AT_ONCE):
                yield from _read(tx, left[start : start + _AT_ONCE])

    def _doubts(self, tx: Connection, which: ColumnElement[bool]) -> Doubts:
        if changed := schema_changed(tx) or self._store.set_back(tx):
            return Doubts(changed[0].code)
        keys = self._keys.trail_keys()
        known = acts(tx, keys)
        cases: dict[str, list[str]] = defaultdict(list)
        for row in tx.execute(select(request.c.id, request.c.case_id).where(which)):
            cases[row.case_id].append(row.id)
        forged: set[str] = set()
        for case, found in check_cases(tx, sorted(cases), keys, known):
            forged |= {*cases[case]} if found else set()
        there = select(case_file.c.id)
        owners = select(event_code.c.owner).where(event_code.c.owner != "", event_code.c.owner.not_in(there))
        gone = set(tx.scalars(owners.distinct())) - cases.keys()
        years = tuple(found.segment.year for found in dropped(tx))
        return Doubts("", frozenset(forged), len(gone), years)


def _read(tx: Connection, ids: Collection[str]) -> Iterator[ReportedRequest]:
    found: dict[Table, dict[str, list[Any]]] = {}
    for table, names in _COLUMNS.items():
        of_table = found[table] = defaultdict(list)
        columns = [table.c[name] for name in names if name != "request_id"]
        for row in tx.execute(select(table.c.request_id, *columns).where(table.c.request_id.in_(ids))):
            of_table[row.request_id].append(row)
    # Rows of look-ups are attested by no event, so the events themselves count.
    asked = select(event.c.request).where(event.c.type == ASKED, event.c.request.in_(ids))
    looked_up = set(tx.scalars(asked))
    rows = select(request, case_file.c.channel.label("came_by")).join(case_file)
    for row in tx.execute(rows.where(request.c.id.in_(ids)).order_by(request.c.received_at, request.c.id)):
        of = {table: rows.get(row.id, ()) for table, rows in found.items()}
        yield ReportedRequest(
            timeline_of(row, of[fact], of[decision]),
            row.came_by,
            of[decision],
            of[letter],
            of[delivery],
            of[question],
            row.id in looked_up,
        )
