"""Replays what the events of a case tell of its rows, and names where the register's tables say otherwise.

An event counts only with its code, which nobody makes without the trail key; the events of a case follow one
another without a gap, and none of them may be missing at the end. So a row that somebody wrote, changed or
deleted by SQL is told, and so is an event that was taken out to that end.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, cast, func, null, select, union_all
from sqlalchemy.engine import Row

from afschrift.domain.event import Header
from afschrift.register.database.database import remember
from afschrift.register.database.tables import data_key, request
from afschrift.register.database.trail_tables import event, event_code, event_payload, segment
from afschrift.register.trail.codes import codes
from afschrift.register.trail.differences import Difference, ForgedError
from afschrift.register.trail.own_events import CODE, PAYLOAD, STREAM, Acts, Keys, acts, check_rest, fault
from afschrift.register.trail.schema_check import schema_changed
from afschrift.register.trail.told_rows import rows_of
from afschrift.register.trail.trail import KEY_DESTROYED, ROWS_ADOPTED, ROWS_TOLD_AGAIN, header_of

# Made once: a gate asks all of them, and to make them takes longer than to run them.
_HEADER = [column for column in event.c if column.name != "seq"]
_OF_CODE = [*CODE, event_code.c.told, *PAYLOAD]
_IS_OF_CASE = event_code.c.owner == bindparam("case")
_OF_CASE = (
    select(event_code.c.seq, *_HEADER, *_OF_CODE)
    .outerjoin(event, event.c.seq == event_code.c.seq)
    .outerjoin(event_payload, event_payload.c.seq == event_code.c.seq)
    .where(_IS_OF_CASE)
)
_NAMING_THE_CASE = select(
    event.c.seq, *_HEADER, *(cast(null(), column.type).label(column.name) for column in _OF_CODE)
).where(
    event.c.request.in_(select(request.c.id).where(request.c.case_id == bindparam("case"))),
    event.c.seq.not_in(select(event_code.c.seq).where(_IS_OF_CASE)),
)
_EVENTS_OF_CASE = union_all(_OF_CASE, _NAMING_THE_CASE).order_by("seq")
_OF_ANOTHER = select(request.c.id).where(
    request.c.id == bindparam("id"), request.c.case_id != bindparam("case")
)
_IN_ORDER = ("decision", "step", "request_identity")
TOLD_ANEW = (KEY_DESTROYED, ROWS_ADOPTED, ROWS_TOLD_AGAIN)
"""Events that tell all rows of their request, or of their case, as they were left."""
_LAST_DROPPED = select(func.max(segment.c.last_seq))


@dataclass
class _Replayed:
    """What the events of a case come to.

    Attributes:
        rows: (table, row) -> field -> its code by the last event that tells of it.
        last: the last of them; 0: none.
        erased: requests of which events were erased -> the last of them; None: of the case as a whole.
        anew: requests of which an event tells all rows anew -> the last of them;
            None: of the whole case.
        named: events that name a request of the case and are none of its own.
        own: the service's events by their request.
        cut: a year with its first events was dropped.
        destroyed: requests whose data key was destroyed.
    """

    rows: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    last: int = 0
    erased: dict[str | None, int] = field(default_factory=dict)
    anew: dict[str | None, int] = field(default_factory=dict)
    named: list[Header] = field(default_factory=list)
    own: dict[str | None, list[Row[Any]]] = field(default_factory=lambda: defaultdict(list))
    cut: bool = False
    destroyed: dict[str, int] = field(default_factory=dict)


def check_case(
    tx: Connection, case: str, keys: Keys, known: Acts | None = None, *, rest: bool = False
) -> Iterator[Difference]:
    """Compare the rows of a case with its events.

    Args:
        tx: a transaction that sees one state.
        case: its id; empty: the events that concern no case.
        keys: id -> trail key.
        known: the acts of the register, where they were read already.
        rest: see too that no event of the case was taken out after its last one.
    """
    done = _Replayed()
    known = acts(tx, keys) if known is None else known
    yield from _replay(tx, case, keys, known, done)
    yield from _uncoded(known, done)
    remember(tx, {("own", of): rows for of, rows in done.own.items() if of})
    makers = {name: codes(key) for name, key in keys.items()}
    for place, values in rows_of(tx, case):
        told = done.rows.pop((place.table, place.row), None)
        if told is None:
            yield Difference("row_added", 0, place.table, place.row, request=place.request)
            continue
        for name, value in values.items():
            same = [maker.of_field(place, name, value) for maker in makers.values()]
            if told.get(name) not in same:
                yield Difference("row_changed", 0, place.table, place.row, name, place.request)
    for table, row in done.rows:
        yield Difference("row_missing", 0, table, row)
    yield from _returned(tx, done.destroyed)
    if case:
        yield from _unproven(done)
    if rest:
        yield from check_rest(tx, done.last, keys)


def must_follow(tx: Connection, case: str, keys: Keys) -> None:
    """See, before the events of a case go, that its rows follow from them.

    A data key that was put back may go again.

    Raises:
        ForgedError: they do not.
    """
    found = schema_changed(tx) or [d for d in check_case(tx, case, keys) if d.code != "key_returned"]
    if found:
        raise ForgedError(f"What the register holds of case {case}", found)


def _replay(tx: Connection, case: str, keys: Keys, known: Acts, done: _Replayed) -> Iterator[Difference]:
    for row in _events(tx, case):
        if row.owner is None:
            done.named.append(header_of(row))
            continue
        wrong = fault(row, keys)
        if wrong in ("event_forged", "event_key_unknown") and known.excuse(header_of(row)):
            continue
        if wrong == "event_forged" and tx.scalar(_OF_ANOTHER, {"id": row.request, "case": case}):
            continue  # it names a request of another case, which it stops
        if wrong == "event_forged":  # says nothing, also of the one before it
            yield Difference(wrong, row.seq, request=row.request)
            continue
        if row.previous != done.last:
            if done.last or row.previous > (tx.scalar(_LAST_DROPPED) or 0):
                yield Difference("event_missing", row.seq)
            done.cut = done.last == 0
        done.last = row.seq
        if wrong:
            yield Difference(wrong, row.seq, request=row.request)
            continue
        done.own[row.request].append(row)
        if row.type == "data_key_destroyed":
            done.destroyed[row.request] = row.seq
        if row.told is None:
            done.erased[row.request] = row.seq
            continue
        if row.type in TOLD_ANEW:
            _tell_anew(row, json.loads(row.told), done)
        else:
            yield from _tell(row, json.loads(row.told), done)


def _events(tx: Connection, case: str) -> Iterator[Row[Any]]:
    return iter(tx.execute(_EVENTS_OF_CASE, {"case": case}, execution_options=STREAM))


def _tell_anew(row: Row[Any], told: list[Any], done: _Replayed) -> None:
    """Take in what an event tells of all rows of its request or case, whatever was told before.

    The service wrote it after it had held these rows against what was told then.
    """
    whole = row.request is None or json.loads(row.payload).get("case") is not None
    if whole:
        done.rows.clear()
    done.anew[None if whole else row.request] = row.seq
    for table, name, fields in told:
        done.rows.pop((table, name), None)
        if fields:
            done.rows[table, name] = {column: after for column, (_, after) in fields.items()}


def _tell(row: Row[Any], told: list[Any], done: _Replayed) -> Iterator[Difference]:
    """Take in what an event tells; a row that was changed before it, untold, is told of here."""
    before_it = frozenset(done.rows)
    for table, name, fields in told:
        if table in _IN_ORDER and (table, name) not in before_it and _has_later(table, name, before_it):
            yield Difference("row_order", row.seq, table, name, request=row.request)
        known = done.rows.setdefault((table, name), {})
        for column, (before, after) in fields.items():
            # What told of it has gone; `_unproven` sees to it.
            gone = column not in known and (done.cut or done.erased)
            if known.get(column) != before and not gone:
                yield Difference("row_overwritten", row.seq, table, name, column, row.request)
            if after is None:
                known.pop(column, None)
            else:
                known[column] = after
        if not known:
            del done.rows[table, name]


def _has_later(table: str, row: str, before: Collection[tuple[str, str]]) -> bool:
    """Whether a row that an earlier event told of has a higher number than one written after it.

    The last decision counts, by its number, which the database gives: somebody may have made it go back.
    """
    return any(int(other) > int(row) for known, other in before if known == table)


def _uncoded(known: Acts, done: _Replayed) -> Iterator[Difference]:
    """Events that name a request of the case, are none of its events, and were not set aside."""
    for header in done.named:
        if not known.excuse(header):
            yield Difference("event_forged", header.seq, request=header.request)


def _unproven(done: _Replayed) -> Iterator[Difference]:
    """Events that were erased, where no later one tells all rows of their request anew.

    The service erases them with the key of a closed request alone, and tells what is left of it then. Who
    erased them to an end of his own had no need of a key.
    """
    whole = done.anew.get(None, 0)
    for of, seq in done.erased.items():
        if seq > max(whole, done.anew.get(of, 0)):
            yield Difference("payload_erased", seq, request=of)


def _returned(tx: Connection, destroyed: Mapping[str, int]) -> Iterator[Difference]:
    """Data keys that are there, though the trail says that they were destroyed."""
    there = select(data_key.c.owner).where(data_key.c.owner.in_(sorted(destroyed)))
    for owner in tx.scalars(there) if destroyed else ():
        yield Difference("key_returned", destroyed[owner], "data_key", owner, request=owner)
