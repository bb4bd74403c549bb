"""The audit trail: appends in the caller's transaction, reads, erases payloads and verifies the chain."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.engine import Row

from afschrift.core.event import GENESIS, Header, NewEvent, canonical, check_chain, payload_digest
from afschrift.ledger.tables import event, event_payload

_SALT_BYTES = 32
_BATCH = 5_000

Recorded = tuple[Header, dict[str, Any] | None]


@dataclass(frozen=True)
class Finding:
    """Something wrong with the trail.

    Attributes:
        code: `gap`, `broken_link`, `payload_altered`, `payload_missing`, `payload_without_event`,
            `head_missing` or `head_differs`.
        seq: the event it was found at.
    """

    code: str
    seq: int
    text: str


def append(connection: Connection, at: str, request: str | None, events: Sequence[NewEvent]) -> None:
    """Append events to the chain. The transaction must hold the write lock (`Database.write`)."""
    seq, prev = head(connection)
    headers, payloads = [], []
    for new in events:
        seq += 1
        salt = secrets.token_hex(_SALT_BYTES)
        header = Header(seq, at, request, new.type, new.actor, payload_digest(new.payload, salt), prev)
        prev = header.digest()
        headers.append(vars(header))
        payloads.append({"seq": seq, "payload": canonical(new.payload).decode(), "salt": salt})
    if events:
        connection.execute(insert(event), headers)
        connection.execute(insert(event_payload), payloads)


def head(connection: Connection) -> tuple[int, str]:
    """Sequence number and digest of the last event; (0, 64 zeros) for an empty trail."""
    last = connection.execute(select(event).order_by(event.c.seq.desc()).limit(1)).first()
    return (last.seq, _header(last).digest()) if last else (0, GENESIS)


def read(connection: Connection, request: str | None = None) -> list[Recorded]:
    """Headers with their payloads (None: erased), in order, of one request or of all."""
    rows = select(event, event_payload.c.payload).outerjoin(event_payload).order_by(event.c.seq)
    if request is not None:
        rows = rows.where(event.c.request == request)
    return [
        (_header(row), None if row.payload is None else json.loads(row.payload))
        for row in connection.execute(rows)
    ]


def erase(connection: Connection, at: str, request: str, rule: str) -> int:
    """Erase the payloads of a request's events; the headers stay and the chain verifies. Returns how many."""
    of_request = select(event.c.seq).where(event.c.request == request)
    erased = connection.execute(
        update(event_payload)
        .where(event_payload.c.seq.in_(of_request), event_payload.c.payload.is_not(None))
        .values(payload=None, salt=None, erased_by=rule, erased_at=at)
    )
    return erased.rowcount


def verify(connection: Connection, witnesses: Iterable[tuple[int, str]] = ()) -> list[Finding]:
    """Check the whole chain and every payload that is not erased.

    Args:
        connection: a transaction on the register.
        witnesses: heads known from elsewhere, as (seq, digest): from bundles and checkpoints. Without one,
            a cut end and an altered last header cannot be seen.

    Returns:
        Everything wrong, in order; empty where the trail is whole.
    """
    known: dict[int, set[str]] = {}
    for seq, digest in witnesses:
        known.setdefault(seq, set()).add(digest)
    known.pop(0, None)
    findings: list[Finding] = []
    expected, prev = 1, GENESIS
    for row in _stream(connection):
        header = _header(row)
        broken = check_chain([header], prev=prev, first_seq=expected)
        if broken:
            findings.append(Finding("gap" if header.seq != expected else "broken_link", header.seq, broken))
        findings.extend(_check_payload(row))
        prev, expected = header.digest(), header.seq + 1
        if known.pop(header.seq, {prev}) != {prev}:
            text = f"event {header.seq} is not the one that a bundle or checkpoint names"
            findings.append(Finding("head_differs", header.seq, text))
    findings.extend(_orphans(connection))
    for seq in sorted(known):
        text = f"event {seq} is named by a bundle or checkpoint and is not there"
        findings.append(Finding("head_missing", seq, text))
    return findings


def _stream(connection: Connection) -> Iterator[Row[Any]]:
    columns = (*event.c, event_payload.c.payload, event_payload.c.salt, event_payload.c.erased_by)
    rows = select(*columns).outerjoin(event_payload).order_by(event.c.seq)
    return iter(connection.execute(rows.execution_options(yield_per=_BATCH)))


def _check_payload(row: Row[Any]) -> Iterator[Finding]:
    if row.payload is None:
        if row.erased_by is None:
            text = f"the payload of event {row.seq} is missing, and no rule erased it"
            yield Finding("payload_missing", row.seq, text)
    elif _altered(row):
        yield Finding("payload_altered", row.seq, f"the payload of event {row.seq} is not the one recorded")


def _altered(row: Row[Any]) -> bool:
    try:
        return payload_digest(json.loads(row.payload), row.salt) != str(row.payload_sha256)
    except ValueError:  # no JSON, or JSON that is not canonical
        return True


def _orphans(connection: Connection) -> list[Finding]:
    lone = (
        select(event_payload.c.seq)
        .outerjoin(event)
        .where(event.c.seq.is_(None))
        .order_by(event_payload.c.seq)
    )
    return [
        Finding("payload_without_event", seq, f"a payload stands at {seq}, where no event is")
        for seq in connection.scalars(lone)
    ]


def _header(row: Row[Any]) -> Header:
    return Header(row.seq, row.at, row.request, row.type, row.actor, row.payload_sha256, row.prev)
