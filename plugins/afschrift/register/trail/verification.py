"""Verifies the trail: one walk along the chain, then what it tells against what is known elsewhere."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from afschrift.domain.event import GENESIS, Header, canonical, check_chain, payload_digest
from afschrift.register.database.trail_tables import event, event_payload
from afschrift.register.trail import checkpoint, segments
from afschrift.register.trail.checkpoint import Offered
from afschrift.register.trail.trail import CLOCK_WENT_BACK, TrailFinding, header_of

_BATCH = 5_000
_TELLING = (segments.DROPPED, checkpoint.MADE, "payloads_erased")


def verify(
    connection: Connection,
    witnesses: Iterable[tuple[int, str]] = (),
    *,
    checkpoints: Iterable[Offered] | None = None,
    trusted: Mapping[str, bytes] = MappingProxyType({}),
    revoked: Mapping[str, str] = MappingProxyType({}),
    newest_after: str = "",
) -> list[TrailFinding]:
    """Check the whole chain, every payload that is not erased, and the dropped years.

    Args:
        connection: a transaction on the register that sees one state (`Database.read`).
        witnesses: heads known from elsewhere, as (seq, digest), for example from bundles. Without one and
            without checkpoints, a cut end and an altered last header cannot be seen.
        checkpoints: everything that the witness places hold; None: not compared.
        trusted: key id -> raw public key of those who may sign checkpoints.
        revoked: key id -> instant from which on that key is not trusted.
        newest_after: instant that the newest checkpoint must not be older than.

    Returns:
        Everything wrong; empty where the trail is whole.
    """
    rows = segments.dropped(connection)
    register = segments.register_id(connection)
    genuine, findings = checkpoint.verify_checkpoints(checkpoints or (), trusted, revoked, register)
    walk = _Walk(rows, [*witnesses, *((c.statement.seq, c.statement.head) for c in genuine)])
    for row in stream(connection):
        walk.step(row)
    findings = [*walk.finish(), *_orphans(connection), *segments.check(rows, walk.dropped), *findings]
    if checkpoints is not None:
        findings += checkpoint.compare(genuine, walk.checkpoints, [s for s, _ in rows], newest_after)
    return findings


def stream(connection: Connection) -> Iterator[Row[Any]]:
    """All events with their payloads, in order, in batches."""
    columns = (*event.c, *(column for column in event_payload.c if column.name != "seq"))
    rows = select(*columns).outerjoin(event_payload).order_by(event.c.seq)
    return iter(connection.execute(rows.execution_options(yield_per=_BATCH)))


def orphans(connection: Connection) -> Iterator[int]:
    """Sequence numbers of payloads whose event is not there."""
    lone = select(event_payload.c.seq).outerjoin(event).where(event.c.seq.is_(None))
    return iter(connection.scalars(lone.order_by(event_payload.c.seq)))


class _Walk:
    """One pass along the chain; remembers what events tell of dropped years, checkpoints and erasures."""

    def __init__(self, rows: Sequence[segments.Dropped], heads: Iterable[tuple[int, str]]) -> None:
        self.dropped: dict[int, Mapping[str, Any]] = {}
        self.checkpoints: checkpoint.Told = {}
        self._findings: list[TrailFinding] = []
        self._expected, self._prev, self._at = 1, GENESIS, ""
        if rows:
            self._expected, self._prev = rows[-1][0].last_seq + 1, rows[-1][0].closing
        self._heads: dict[int, set[str]] = {}
        for seq, digest in heads:
            # Of the dropped years, only the very last header can still be compared.
            if seq >= max(self._expected - 1, 1):
                self._heads.setdefault(seq, set()).add(digest)
        self._compare(self._expected - 1, self._prev)
        self._erased: Counter[tuple[str | None, str]] = Counter()
        self._first_erased: dict[tuple[str | None, str], int] = {}
        self._erasures: Counter[tuple[str | None, str]] = Counter()

    def step(self, row: Row[Any]) -> None:
        header = header_of(row)
        broken = check_chain([header], prev=self._prev, first_seq=self._expected)
        if broken:
            self._find("gap" if header.seq != self._expected else "broken_link", header.seq, broken)
        if header.at < self._at and header.type != CLOCK_WENT_BACK:
            text = f"event {header.seq} is earlier than the one before it, and no event tells of the clock"
            self._find("clock_untold", header.seq, text)
        self._payload(row, header)
        self._prev, self._expected, self._at = header.digest(), header.seq + 1, header.at
        self._compare(header.seq, self._prev)

    def finish(self) -> list[TrailFinding]:
        for key, seq in self._first_erased.items():
            if self._erased[key] > self._erasures[key]:
                text = f"the payload of event {seq} or of others of its request was erased untold"
                self._find("erasure_untold", seq, text)
        for seq in sorted(self._heads):
            text = f"event {seq} is named by a bundle or checkpoint and is not there"
            self._find("head_missing", seq, text)
        return self._findings

    def _payload(self, row: Row[Any], header: Header) -> None:
        if row.payload is not None:
            try:
                payload = json.loads(row.payload)
                # In another spelling, a name could stand twice, and readers differ on which one counts.
                respelled = canonical(payload).decode() != row.payload
                altered = respelled or payload_digest(payload, row.salt) != header.payload_sha256
            except (ValueError, RecursionError):  # no JSON, or JSON that has no canonical form
                altered = True
            if altered:
                text = f"the payload of event {header.seq} is not the one recorded"
                self._find("payload_altered", header.seq, text)
            elif header.type in _TELLING:
                self._tell(header, payload)
        elif not row.erased_by:
            text = f"the payload of event {header.seq} is missing, and no rule erased it"
            self._find("payload_missing", header.seq, text)
        else:
            key = (header.request, row.erased_by)
            self._erased[key] += 1
            self._first_erased.setdefault(key, header.seq)

    def _tell(self, header: Header, payload: Mapping[str, Any]) -> None:
        try:
            if header.type == segments.DROPPED:
                self.dropped[header.seq] = dict(payload)
            elif header.type == checkpoint.MADE:
                self.checkpoints[int(payload["checkpoint"]["number"])] = checkpoint.recorded(payload)
            else:
                self._erasures[payload["request"], payload["rule"]] += int(payload["count"])
        except (KeyError, TypeError, ValueError):
            self._find("payload_altered", header.seq, f"event {header.seq} does not tell what its type says")

    def _compare(self, seq: int, digest: str) -> None:
        if self._heads.pop(seq, {digest}) != {digest}:
            text = f"event {seq} is not the one that a bundle or checkpoint names"
            self._find("head_differs", seq, text)

    def _find(self, code: str, seq: int, text: str) -> None:
        self._findings.append(TrailFinding(code, seq, text))


def _orphans(connection: Connection) -> list[TrailFinding]:
    return [
        TrailFinding("payload_without_event", seq, f"a payload stands at {seq}, where no event is")
        for seq in orphans(connection)
    ]
