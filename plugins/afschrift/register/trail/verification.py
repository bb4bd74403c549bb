"""Verifies the trail: walks along the chain once, then compares it with what is known elsewhere."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from afschrift.domain.event import GENESIS, Header, canonical, check_chain, digest, payload_digest
from afschrift.register.database.trail_tables import event, event_payload
from afschrift.register.trail import checkpoint, erasures, segments
from afschrift.register.trail.checkpoint import Checkpoint, Offered
from afschrift.register.trail.erasures import Erasure, RecordedErasure
from afschrift.register.trail.signed import TrustedKeys
from afschrift.register.trail.trail import CLOCK_WENT_BACK, TrailFinding, header_of

_BATCH = 5_000
_TELLING = (segments.DROPPED, checkpoint.MADE, erasures.ERASED)


def verify(
    connection: Connection,
    witnesses: Iterable[tuple[int | str, str]] = (),
    *,
    checkpoints: Iterable[Offered] | None = None,
    trusted: TrustedKeys,
    keep_years: int,
    newest_after: str = "",
) -> list[TrailFinding]:
    """Check the whole chain, every payload that is not erased, and the dropped years.

    Args:
        connection: a transaction on the register that sees one state (`Database.read`).
        witnesses: heads known from elsewhere, as (seq, digest); of a bundle the instant of its sealing
            instead of seq. Without any, and without checkpoints, a truncated end or an altered last header
            cannot be found.
        checkpoints: everything that the witness places hold; None: not compared.
        trusted: who may sign checkpoints, dropped years and erasures.
        keep_years: how long a year must be kept after its end at least.
        newest_after: instant than which the newest checkpoint must not be older.

    Returns:
        All findings; empty: the trail is whole.
    """
    rows = segments.dropped(connection)
    register = segments.register_id(connection)
    genuine, findings = checkpoint.verify_checkpoints(checkpoints or (), trusted, register)
    named = list(witnesses)
    heads = [(seq, head) for seq, head in named if isinstance(seq, int)]
    heads += [(c.statement.seq, c.statement.head) for c in genuine]
    walk = _ChainWalk(rows, heads, trusted)
    walk.sealed = {head: at for at, head in named if isinstance(at, str)}
    walk.sealed = {
        head: at for head, at in walk.sealed.items() if head not in {r.segment.closing for r in rows}
    }
    for row in stream(connection):
        walk.step(row)
    findings = [
        *walk.finish(),
        *_orphans(connection),
        *segments.check(rows, walk.dropped, trusted, keep_years, walk.first_left),
        *findings,
    ]
    recorded = [point for point in walk.checkpoints.values() if not trusted.fault(*_signed(point))]
    # What was sealed in a dropped year, and is not there, can only be in it.
    heads += [(rows[-1].segment.last_seq - 1, head) for head in walk.sealed_in_dropped()]
    findings += _dropped_heads(rows, heads, [*genuine, *recorded])
    findings += segments.check_dates(rows, {(c.statement.seq, c.statement.at) for c in (*genuine, *recorded)})
    if checkpoints is not None:
        gone = [row.segment for row in rows]
        findings += checkpoint.compare(genuine, walk.checkpoints, gone, walk.erasures, newest_after)
    return findings


def _signed(point: Checkpoint) -> tuple[dict[str, Any], str, str]:
    return asdict(point.statement), point.signature, point.statement.at


def _dropped_heads(
    rows: Sequence[segments.Dropped], heads: Iterable[tuple[int, str]], genuine: Iterable[Checkpoint]
) -> Iterator[TrailFinding]:
    """Heads within dropped years, where no signed checkpoint says that those years were dropped."""
    last = rows[-1].segment.last_seq if rows else 0
    named = [int(c.statement.dropped["last_seq"]) for c in genuine if c.statement.dropped]
    if max(named, default=0) >= last:
        return
    for seq in sorted({seq for seq, _ in heads if 0 < seq < last}):
        text = f"event {seq} is named by a bundle or checkpoint, and no checkpoint says that it was dropped"
        yield TrailFinding("head_dropped", seq, text)


def stream(connection: Connection) -> Iterator[Row[Any]]:
    """All events with their payloads, in order, in batches."""
    columns = (*event.c, *(column for column in event_payload.c if column.name != "seq"))
    rows = select(*columns).outerjoin(event_payload).order_by(event.c.seq)
    return iter(connection.execute(rows.execution_options(yield_per=_BATCH)))


def orphans(connection: Connection) -> Iterator[int]:
    """Sequence numbers of payloads without an event."""
    lone = select(event_payload.c.seq).outerjoin(event).where(event.c.seq.is_(None))
    return iter(connection.scalars(lone.order_by(event_payload.c.seq)))


class _ChainWalk:
    """One pass along the chain; collects dropped years, checkpoints and erasures from their events."""

    def __init__(
        self, rows: Sequence[segments.Dropped], heads: Iterable[tuple[int, str]], trusted: TrustedKeys
    ) -> None:
        self.dropped: dict[int, tuple[str, Mapping[str, Any]]] = {}
        self.checkpoints: checkpoint.Recorded = {}
        self.erasures: list[RecordedErasure] = []
        self.first_left: str | None = None
        self._trusted = trusted
        self._findings: list[TrailFinding] = []
        self._expected, self._prev, self._at = 1, GENESIS, ""
        if rows:
            self._expected, self._prev = rows[-1].segment.last_seq + 1, rows[-1].segment.closing
        self._heads: dict[int, set[str]] = {}
        for seq, head in heads:
            # Of the dropped years only the last header can still be compared.
            if seq >= max(self._expected - 1, 1):
                self._heads.setdefault(seq, set()).add(head)
        self._compare(self._expected - 1, self._prev)
        self._erased: Counter[tuple[str | None, str]] = Counter()
        self._first_erased: dict[tuple[str | None, str], int] = {}
        self.sealed: dict[str, str] = {}
        self._last_year = rows[-1].segment.year if rows else 0
        self._recorded: Counter[tuple[str | None, str]] = Counter()

    def step(self, row: Row[Any]) -> None:
        header = header_of(row)
        self.first_left = self.first_left or header.at
        broken = check_chain([header], prev=self._prev, first_seq=self._expected)
        if broken:
            self._find("gap" if header.seq != self._expected else "broken_link", header.seq, broken)
        if header.at < self._at and header.type != CLOCK_WENT_BACK:
            text = f"event {header.seq} is earlier than the one before it, and no event records the clock"
            self._find("clock_untold", header.seq, text)
        self._payload(row, header)
        self._prev, self._expected, self._at = header.digest(), header.seq + 1, header.at
        self._compare(header.seq, self._prev)
        self.sealed.pop(self._prev, None)

    def sealed_in_dropped(self) -> list[str]:
        """Heads that were not found, of bundles sealed in a year that was dropped."""
        return [head for head, at in self.sealed.items() if at[:4] <= f"{self._last_year:04d}"]

    def finish(self) -> list[TrailFinding]:
        for key, seq in self._first_erased.items():
            if self._erased[key] > self._recorded[key]:
                text = f"the payload of event {seq} or of others of its request was erased untold"
                self._find("erasure_untold", seq, text)
        for seq in sorted(self._heads):
            text = f"event {seq} is named by a bundle or checkpoint and is not there"
            self._find("head_missing", seq, text)
        for head in self.sealed.keys() - self.sealed_in_dropped():
            self._find("head_missing", 0, f"the event {head} is named by a bundle and is not there")
        return self._findings

    def _payload(self, row: Row[Any], header: Header) -> None:
        if row.payload is not None:
            try:
                payload = json.loads(row.payload)
                # Only the canonical text counts: JSON with a name twice would mean one thing here and another
                # to other readers.
                respelled = canonical(payload).decode() != row.payload
                altered = respelled or payload_digest(payload, row.salt) != header.payload_sha256
            except (ValueError, RecursionError):  # no JSON, or JSON that has no canonical form
                altered = True
            if altered:
                text = f"the payload of event {header.seq} is not the one recorded"
                self._find("payload_altered", header.seq, text)
            elif header.type in _TELLING:
                self._collect(header, payload)
        elif not row.erased_by:
            text = f"the payload of event {header.seq} is missing, and no rule erased it"
            self._find("payload_missing", header.seq, text)
        else:
            key = (header.request, row.erased_by)
            self._erased[key] += 1
            self._first_erased.setdefault(key, header.seq)

    def _collect(self, header: Header, payload: Mapping[str, Any]) -> None:
        try:
            if header.type == segments.DROPPED:
                self.dropped[header.seq] = header.at, dict(payload)
            elif header.type == checkpoint.MADE:
                made = checkpoint.parse(payload)
                self.checkpoints[made.statement.number] = made
            else:
                self._erasure(header, *erasures.parse(payload))
        except (KeyError, TypeError, ValueError):
            self._find("payload_altered", header.seq, f"event {header.seq} does not tell what its type says")

    def _erasure(self, header: Header, erasure: Erasure, signature: str) -> None:
        statement = asdict(erasure)
        self.erasures.append(RecordedErasure(header.seq, digest(statement)))
        fault = self._trusted.fault(statement, signature, erasure.at)
        if fault == "wrong_key":
            text = f"the erasure that event {header.seq} records is signed with a key that is not trusted"
            self._find("erasure_wrong_key", header.seq, text)
        elif fault:
            text = f"the erasure that event {header.seq} records was not signed by the service"
            self._find("erasure_forged", header.seq, text)
        else:
            self._recorded[erasure.request, erasure.rule] += erasure.count

    def _compare(self, seq: int, head: str) -> None:
        if self._heads.pop(seq, {head}) != {head}:
            text = f"event {seq} is not the one that a bundle or checkpoint names"
            self._find("head_differs", seq, text)

    def _find(self, code: str, seq: int, text: str) -> None:
        self._findings.append(TrailFinding(code, seq, text))


def _orphans(connection: Connection) -> list[TrailFinding]:
    return [
        TrailFinding("payload_without_event", seq, f"a payload is at {seq}, where no event is")
        for seq in orphans(connection)
    ]
