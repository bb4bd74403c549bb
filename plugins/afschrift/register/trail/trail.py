"""The audit trail: appends events in the caller's transaction, reads them, and erases payloads.

`verification` checks the trail, `segments` drops whole years, `checkpoint` signs its head. Names of event
types are data.
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

from afschrift.domain.event import GENESIS, Header, NewEvent, canonical, header_digest, payload_digest
from afschrift.register.database.errors import NotAsWrittenError, as_written
from afschrift.register.database.trail_tables import event, event_code, event_payload
from afschrift.register.database.written import Appended, keep_for_listener, written, written_if_any

SKEW_SECONDS = 2
"""Clocks of several machines differ by less than this; a larger step back is recorded in the trail."""

CLOCK_WENT_BACK = "clock_went_back"

BUNDLE_SEALED, BUNDLE_ARRIVED, KEY_DESTROYED = "bundle_sealed", "bundle_arrived", "data_key_destroyed"
ROWS_ADOPTED, ROWS_ATTESTED_AGAIN = "rows_adopted", "rows_told_again"
RESTORED, RESTORATION_SIGNED = "register_restored", "restoration_signed"
KEYS_LOST, SET_ASIDE = "wrapping_keys_lost", "set_aside"
KEPT = (*(BUNDLE_SEALED, BUNDLE_ARRIVED, KEY_DESTROYED), *("destruction_proposed", "destruction_turned_down"))
"""Events whose payloads are never erased: they hold ids, codes and the digest that identifies a bundle."""

_SALT_BYTES = 32
_BATCH = 1_000
_LAST = select(event).order_by(event.c.seq.desc()).limit(1)

Recorded = tuple[Header, dict[str, Any] | None]


@dataclass(frozen=True)
class TrailFinding:
    """A fault of the trail or of what was compared with it; `docs/trail.md` lists the codes.

    Attributes:
        code: for example `gap`, `broken_link`, `payload_altered`, `head_differs` or `checkpoint_missing`.
        seq: number of the event; 0: it belongs to none.
    """

    code: str
    seq: int
    text: str


def append(connection: Connection, at: str, events: Sequence[tuple[str | None, NewEvent]]) -> None:
    """Append events, each with its request.

    They are written before the commit, or before the transaction reads the trail: in few statements, since
        other writers wait meanwhile. The transaction must hold the write lock (`Database.write`). An event
        without
    a request that names a `case` in its payload belongs to that case.
    """
    written(connection).appended += [_appended(at, of, new) for of, new in events]


def _appended(at: str, of: str | None, new: NewEvent) -> Appended:
    salt, case = secrets.token_hex(_SALT_BYTES), None if of else new.payload.get("case")
    text, sha256 = canonical(new.payload).decode(), payload_digest(new.payload, salt)
    return Appended(at, of, new.type, new.actor, text, salt, sha256, case)


def write_appended(connection: Connection, last: Header | None = None) -> None:
    """Write the events that were appended so far to the chain.

    Times do not go back without an event: a time that is behind the last event by less than `SKEW_SECONDS`
    becomes that event's time; before an earlier one an event `clock_went_back` is written.

    `last`: last event of the trail, if it was read already.
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
    keep_for_listener(connection, recorded)


def _in_time(appended: Sequence[Appended], last: Header | None) -> Iterator[Appended]:
    """The appended events with their times corrected, and with `clock_went_back` where it is needed."""
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
    """Events of one request, or all, one by one; about a thousand are in memory at a time."""
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
    """Erase the payloads of a request's events; returns how many. The headers stay, so the chain verifies.

    Payloads of `KEPT` types stay: they say nothing of the person, and prove where a bundle came from.
    """
    return _erase(connection, at, rule, event.c.request == request)


def erase_of_case(connection: Connection, at: str, case: str, rule: str) -> int:
    """As `erase`, for the events that name a case and none of its requests."""
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
    attested = update(event_code).where(event_code.c.seq.in_(those), event_code.c.told.is_not(None))
    connection.execute(attested.values(told=None))
    return erased.rowcount


def header_of(row: Row[Any]) -> Header:
    """The header in a row of `event`.

    Raises:
        NotAsWrittenError: a column holds a value of another type, which only damage can cause.
    """
    texts = [row.at, row.type, row.actor, row.payload_sha256, row.prev, row.request or ""]
    if type(row.seq) is not int or {*map(type, texts)} != {str}:
        raise NotAsWrittenError
    return Header(row.seq, row.at, row.request, row.type, row.actor, row.payload_sha256, row.prev)


def digest_of(values: Sequence[Any]) -> str:
    """The digest of a header from the columns of `event`, without a `Header`; errors as for `header_of`."""
    seq, at, of, kind, actor, payload, prev = values
    texts = type(at) is type(kind) is type(actor) is type(payload) is type(prev) is type(of or "") is str
    if not texts or type(seq) is not int:
        raise NotAsWrittenError
    return header_digest((seq, at, of, kind, actor, payload, prev))


def _last(connection: Connection) -> Header | None:
    row = connection.execute(_LAST).first()
    return header_of(row) if row else None
