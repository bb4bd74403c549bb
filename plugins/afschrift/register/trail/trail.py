"""The audit trail: appends in the caller's transaction, reads and erases payloads.

`verification` checks it, `segments` drops whole years of it, `checkpoint` signs its head.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, insert, select, update
from sqlalchemy.engine import Row

from afschrift.domain.event import GENESIS, Header, NewEvent, canonical, payload_digest
from afschrift.register.database.errors import NotAsWrittenError, as_written
from afschrift.register.database.trail_tables import event, event_code, event_payload
from afschrift.register.database.written import Appended, note, written, written_if_any

SKEW_SECONDS = 2
"""Clocks of several machines differ by less than this; a larger step back is told in the trail."""

CLOCK_WENT_BACK = "clock_went_back"

BUNDLE_SEALED, BUNDLE_ARRIVED, KEY_DESTROYED = "bundle_sealed", "bundle_arrived", "data_key_destroyed"
ROWS_ADOPTED, ROWS_TOLD_AGAIN = "rows_adopted", "rows_told_again"
RESTORED, RESTORATION_SIGNED = "register_restored", "restoration_signed"
KEYS_LOST, SET_ASIDE = "wrapping_keys_lost", "set_aside"
KEPT = (*(BUNDLE_SEALED, BUNDLE_ARRIVED, KEY_DESTROYED), *("destruction_proposed", "destruction_turned_down"))
"""Events whose payloads are never erased: ids and codes, and the digest by which a bundle is known."""

_SALT_BYTES = 32
_BATCH = 1_000
_LAST = select(event).order_by(event.c.seq.desc()).limit(1)

Recorded = tuple[Header, dict[str, Any] | None]


@dataclass(frozen=True)
class TrailFinding:
    """Something wrong with the trail or with what was compared with it; `docs/trail.md` lists the codes.

    Attributes:
        code: for example `gap`, `broken_link`, `payload_altered`, `head_differs` or `checkpoint_missing`.
        seq: the event it was found at; 0 where it belongs to none.
    """

    code: str
    seq: int
    text: str


def append(connection: Connection, at: str, events: Sequence[tuple[str | None, NewEvent]]) -> None:
    """Append events, each with its request.

    They are written at the end of the transaction, or before it reads the trail: in few statements however
    many there are, as other writers wait meanwhile. The transaction must hold the write lock
    (`Database.write`). An event that concerns no request and names a `case` in its payload belongs to that
    case.
    """
    written(connection).appended += [_appended(at, of, new) for of, new in events]


def _appended(at: str, of: str | None, new: NewEvent) -> Appended:
    salt, case = secrets.token_hex(_SALT_BYTES), None if of else new.payload.get("case")
    text, sha256 = canonical(new.payload).decode(), payload_digest(new.payload, salt)
    return Appended(at, of, new.type, new.actor, text, salt, sha256, case)


def write_appended(connection: Connection, last: Header | None = None) -> None:
    """Write the events that were appended so far to the chain.

    Times never go back untold: a clock that is behind the last event by less than `SKEW_SECONDS` gets that
    event's time, and before anything recorded at an earlier time stands an event `clock_went_back`.

    `last`: event of the trail, where it is known.
    """
    done = written_if_any(connection)
    if done is None or not done.appended:
        return
    last = done.newest or last or _last(connection)
    headers, payloads, recorded = [], [], []
    for new in _in_time(done.appended, last):
        seq, prev = (last.seq, last.digest()) if last else (0, GENESIS)
        last = Header(seq + 1, new.at, new.request, new.type, new.actor, new.payload_sha256, prev)
        headers.append(vars(last))
        payloads.append({"seq": last.seq, "payload": new.payload, "salt": new.salt})
        recorded.append((last, new.payload))
        done.events.append((last, new.salt, new.case))
    connection.execute(insert(event), headers)
    connection.execute(insert(event_payload), payloads)
    done.appended, done.newest = [], last
    note(connection, recorded)


def _in_time(appended: Sequence[Appended], last: Header | None) -> Iterator[Appended]:
    """What was appended, none earlier than what comes before it."""
    before = last.at if last else ""
    for new in appended:
        at = new.at
        if at < before:
            back = (as_written(datetime.fromisoformat, before) - datetime.fromisoformat(at)).total_seconds()
            if back < SKEW_SECONDS:
                at = before
            else:
                payload = {"from": before, "to": at, "seconds": int(back)}
                yield _appended(at, None, NewEvent(CLOCK_WENT_BACK, payload=payload))
        yield replace(new, at=at)
        before = at


def head(connection: Connection) -> tuple[int, str]:
    """Sequence number and digest of the last event; (0, 64 zeros) for an empty trail."""
    write_appended(connection)
    last = _last(connection)
    return (last.seq, last.digest()) if last else (0, GENESIS)


def read(
    connection: Connection, request: str | None = None, types: Sequence[str] | None = None
) -> list[Recorded]:
    """Headers with their payloads (None: erased), in order; of one request, of some types, or all."""
    write_appended(connection)
    return [recorded(row) for row in connection.execute(_events(request, types))]


def each(connection: Connection, request: str | None = None) -> Iterator[Recorded]:
    """Those of one request, or all, one by one: some thousand are in memory at a time."""
    write_appended(connection)
    rows = _events(request, None).execution_options(yield_per=_BATCH)
    yield from map(recorded, connection.execute(rows))


def _events(request: str | None, types: Sequence[str] | None) -> Select[Any]:
    rows = select(event, event_payload.c.payload).outerjoin(event_payload).order_by(event.c.seq)
    if request is not None:
        rows = rows.where(event.c.request == request)
    if types is not None:
        rows = rows.where(event.c.type.in_(types))
    return rows


def recorded(row: Row[Any]) -> Recorded:
    """Header and payload (None: erased) of a row."""
    return header_of(row), None if row.payload is None else json.loads(row.payload)


def erase(connection: Connection, at: str, request: str, rule: str) -> int:
    """Erase the payloads of a request's events; the headers stay and the chain verifies. Returns how many.

    Those of `KEPT` stay: they say nothing of the person, and a bundle is proven by them.
    """
    return _erase(connection, at, rule, event.c.request == request)


def erase_of_case(connection: Connection, at: str, case: str, rule: str) -> int:
    """Likewise of the events that name a case as a whole and none of its requests."""
    named = event_payload.c.payload.contains(f'"case":"{case}"', autoescape=True)
    naming = select(event.c.seq).join(event_payload).where(event.c.request.is_(None), named)
    write_appended(connection)
    seqs = connection.scalars(naming).all()  # before their payloads go
    return _erase(connection, at, rule, event.c.seq.in_(seqs))


def _erase(connection: Connection, at: str, rule: str, which: ColumnElement[bool]) -> int:
    write_appended(connection)
    those = select(event.c.seq).where(which, event.c.type.not_in(KEPT))
    erased = connection.execute(
        update(event_payload)
        .where(event_payload.c.seq.in_(those), event_payload.c.payload.is_not(None))
        .values(payload=None, salt=None, erased_by=rule, erased_at=at)
    )
    told = update(event_code).where(event_code.c.seq.in_(those), event_code.c.told.is_not(None))
    connection.execute(told.values(told=None))
    return erased.rowcount


def header_of(row: Row[Any]) -> Header:
    """The header in a row of `event`.

    Raises:
        NotAsWrittenError: a column holds another type, as only damage makes it.
    """
    texts = (row.at, row.type, row.actor, row.payload_sha256, row.prev, row.request or "")
    if type(row.seq) is not int or not all(type(text) is str for text in texts):
        raise NotAsWrittenError
    return Header(row.seq, row.at, row.request, row.type, row.actor, row.payload_sha256, row.prev)


def _last(connection: Connection) -> Header | None:
    row = connection.execute(_LAST).first()
    return header_of(row) if row else None
