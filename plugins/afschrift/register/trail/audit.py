"""Repository of the trail as a whole: read, verify, sign checkpoints, drop old years, export.

The export is JSON Lines, for an auditor who trusts neither this software nor its database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, BinaryIO

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.engine import Row

from afschrift.domain.errors import NotAllowedError, RefusedError
from afschrift.domain.event import GENESIS, Header, NewEvent, canonical
from afschrift.domain.instants import rfc3339
from afschrift.domain.state import State
from afschrift.register.base import Repository
from afschrift.register.database.tables import request
from afschrift.register.database.trail_tables import event, event_code, event_payload
from afschrift.register.timelines import active_holds, must_be_free
from afschrift.register.trail import checkpoint, erasures, segments, signed, trail, verification
from afschrift.register.trail.attested_rows import attest_anew
from afschrift.register.trail.checkpoint import Checkpoint, Offered, Statement
from afschrift.register.trail.event_codes import SYSTEM
from afschrift.register.trail.own_events import must_be_own, own
from afschrift.register.trail.replay import must_follow
from afschrift.register.trail.segments import Segment
from afschrift.register.trail.signed import TrustedKeys
from afschrift.register.trail.trail import TrailFinding, header_of
from afschrift.register.trail.verification import orphans, stream

KEEP_YEARS = 5
"""Years to keep a year of the trail after its end, and after the last of its requests was closed."""

SENT = "checkpoint_sent"
NOT_SENT = "checkpoint_not_sent"

_RULE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_CLOSED = tuple(state.value for state in State if not state.open)


class AuditTrail(Repository):
    """Reads, verifies, signs, exports and shortens the trail."""

    def events(self, request_id: str | None = None) -> list[tuple[Header, dict[str, Any] | None]]:
        """Headers with their payloads (None: erased), in order; of one request or of all."""
        with self._db.read() as tx:
            return trail.read(tx, request_id)

    def each(self, request_id: str | None = None) -> Iterator[tuple[Header, dict[str, Any] | None]]:
        """The same one by one, of one state, in flat memory however long the trail is."""
        with self._db.read() as tx:
            if not self._db.sqlite:  # a caller may pause between events, and must not lose the transaction
                tx.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield from trail.each(tx, request_id)

    def of_bundle(self, sha256: str) -> list[Header]:
        """Events of the sealing and the delivery of a bundle with this digest, in order.

        They are kept when everything else of the request was destroyed. The digest of the encrypted file, as
        it arrived, is not: it goes with the request's key.
        """
        payload = event_payload.c.payload

        def names(field: str) -> ColumnElement[bool]:
            return payload.contains(f'"{field}":"{sha256}"', autoescape=True)

        proof = event.c.type.in_((trail.BUNDLE_SEALED, trail.BUNDLE_ARRIVED)) & names("bundle")
        encrypted = (event.c.type == "bundle_delivered") & names("arrived") & ~names("sha256")
        found = select(event).join(event_payload).where(proof | encrypted).order_by(event.c.seq)
        with self._db.read() as tx:
            return [trail.header_of(row) for row in tx.execute(found)]

    def head(self) -> tuple[int, str]:
        """Sequence number and digest of the trail's last event; (0, 64 zeros) for an empty trail."""
        with self._db.read() as tx:
            return trail.head(tx)

    def record(self, request_id: str | None, *events: NewEvent) -> None:
        """Append events without a change of rows; `request_id` None: they concern no request.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.write() as tx:
            if request_id is not None:
                self._request_row(tx, request_id)
            self._append(tx, request_id, *events)

    @contextmanager
    def refusals(self, request_id: str | None, by: str, kind: str, **event: str) -> Iterator[None]:
        """Record an attempt without the role as an event `answer_refused`, and raise its error.

        Args:
            request_id: of the event; None: it concerns no request.
            by: account that tries.
            kind: code of what is tried.
            event: further codes for the event.
        """
        try:
            yield
        except NotAllowedError:
            self.record(request_id, NewEvent("answer_refused", by, {"kind": kind, **event}))
            raise

    def verify(
        self,
        witnesses: Iterable[tuple[int | str, str]] = (),
        *,
        checkpoints: Iterable[Offered] | None = None,
        trusted: Mapping[str, bytes] | None = None,
        keep_years: int = KEEP_YEARS,
        newest_after: str = "",
    ) -> list[TrailFinding]:
        """Check the whole trail.

        Args:
            witnesses: heads known from elsewhere, as (seq, digest); of a bundle the instant of its sealing,
                RFC 3339, instead of the number, which a bundle must not tell.
            checkpoints: everything that the witness places hold; None: not compared.
            trusted: key id -> raw public key of those who may sign; None: the keys at hand.
            keep_years: how long a year of the trail must be kept after its end at least.
            newest_after: instant than which the newest checkpoint must not be older.

        Returns:
            All findings; empty: the trail is whole.
        """
        own = TrustedKeys(self._keys.public_keys(), self._keys.revoked())
        with self._db.read() as tx:
            return verification.verify(
                tx,
                witnesses,
                checkpoints=checkpoints,
                trusted=own if trusted is None else TrustedKeys(trusted),
                keep_years=keep_years,
                newest_after=newest_after,
            )

    def make_checkpoint(self, by: str = "system") -> Checkpoint:
        """Sign the trail's head and record the checkpoint. The caller sends it.

        Raises:
            RefusedError: there is no event yet, or an event was not written by the service.
        """
        with self._checked() as tx:
            return self._make_checkpoint(tx, by)

    @contextmanager
    def _checked(self) -> Iterator[Connection]:
        """A write transaction after a check that all events are the service's own.

        Most of them are checked in a read transaction first: in the write transaction other writers wait.
        """
        with self._db.read() as tx:
            seen = must_be_own(tx, self._keys.trail_keys())
        with self._db.write() as tx:
            must_be_own(tx, self._keys.trail_keys(), seen)
            yield tx

    def _make_checkpoint(self, tx: Connection, by: str) -> Checkpoint:
        key = self._keys.signing_key()
        seq, head = trail.head(tx)
        if seq == 0:
            raise RefusedError(
                "The trail has no event yet: there is nothing to sign.",
                remedy="make a checkpoint after the first event.",
            )
        last = self._newest_row(tx)
        before = None if last is None else checkpoint.parse(json.loads(last.payload or "{}")).statement
        gone = [dropped.segment for dropped in segments.dropped(tx)]
        statement = Statement(
            format=checkpoint.FORMAT,
            register=segments.register_id(tx),
            number=before.number + 1 if before else 1,
            seq=seq,
            head=head,
            at=self._now(),
            previous=before.digest() if before else GENESIS,
            dropped={"last_seq": gone[-1].last_seq, "closing": gone[-1].closing} if gone else None,
            erased=erasures.newest(tx),
            key_id=key.id,
        )
        made = checkpoint.sign(statement, key)
        self._append(tx, None, NewEvent(checkpoint.MADE, by, made.payload()))
        return made

    def _newest_row(self, tx: Connection) -> Row[Any] | None:
        return next(own(tx, self._keys.trail_keys(), (checkpoint.MADE,), None, newest=True), None)

    def checkpoint_log(self) -> list[tuple[Header, dict[str, Any]]]:
        """The events left of checkpoints made, sent and not sent, in order."""
        types = (checkpoint.MADE, SENT, NOT_SENT)
        with self._db.read() as tx:
            events = map(trail.recorded, own(tx, self._keys.trail_keys(), types, None))
            return [(header, payload) for header, payload in events if payload is not None]

    def droppable(self, year: int, rule: str, keep_years: int = KEEP_YEARS) -> Segment:
        """What dropping a calendar year (UTC) would drop. Only whole years are dropped, oldest first.

        `keep_years`: years to keep after the end of the year and after a request of it was closed.

        Raises:
            RefusedError: it must not be dropped (yet); says why.
        """
        with self._db.read() as tx:
            return self._droppable(tx, year, rule, keep_years)

    def drop_year(self, year: int, rule: str, keep_years: int = KEEP_YEARS, by: str = "system") -> Segment:
        """Drop the events of a year; arguments and errors as for `droppable`.

        The closing digest stays. A signed event and a new checkpoint record it, so that an event which a
        witness names is known to be dropped and not removed.
        """
        with self._checked() as tx:
            what = self._droppable(tx, year, rule, keep_years)
            signature = signed.sign(asdict(what), self._keys.signing_key())
            self._attest_anew(tx, what, by)
            payload = {"segment": asdict(what), "signature": signature}
            self._append(tx, None, NewEvent(segments.DROPPED, by, payload))
            segments.drop(tx, segments.Dropped(what, trail.head(tx)[0], signature))
            self._make_checkpoint(tx, by)
        self._db.forget()
        return what

    def export(self, into: BinaryIO, by: str = "system") -> int:
        """Write the whole trail as JSON Lines (`docs/trail.md`), and record that; returns how many events."""
        with self._db.write() as tx:
            self._append(tx, None, NewEvent("trail_exported", by))
        public_keys = self._keys.public_keys()
        with self._db.read() as tx:
            return write_export(tx, into, self._now(), public_keys)

    def _droppable(self, tx: Connection, year: int, rule: str, keep_years: int) -> Segment:
        if not _RULE.fullmatch(rule):
            raise RefusedError("The rule is no code.", remedy="name it in letters, digits and ._:- alone.")
        now = self._clock().astimezone(UTC)
        if year >= now.year:
            raise RefusedError(f"The year {year} is not over.", remedy="drop years that are over.")
        first = year + 1 + keep_years
        if now.year < first:
            raise RefusedError(
                f"The trail of {year} is kept {keep_years} years after its end.",
                remedy=f"drop it from {first}-01-01 on.",
            )
        key_id = self._keys.signing_key().id
        what = segments.of_year(tx, year, rule, rfc3339(now), keep_years, key_id)
        if what is None:
            oldest = segments.oldest_year(tx)
            raise RefusedError(
                f"The trail cannot drop {year}: the oldest event left is of {oldest or 'no year'}.",
                remedy="drop the oldest year first.",
            )
        self._store.must_not_be_set_back(tx)
        self._refuse_held(tx, what)
        self._refuse_unfinished(tx, what, rfc3339(_years_before(now, keep_years)))
        newest = self._newest_row(tx)
        if newest and newest.seq <= what.last_seq:
            raise RefusedError(
                f"The last checkpoint was made in the year {year} or before it.",
                remedy="make one first, so that their chain goes on: `afschrift audit checkpoint`.",
            )
        return what

    def _attest_anew(self, tx: Connection, what: Segment, by: str) -> None:
        """Attest the rows of each case again: they are kept longer than the year that attested them."""
        of_year = event_code.c.seq.between(what.first_seq, what.last_seq) & (event_code.c.owner != SYSTEM)
        for case in tx.scalars(select(event_code.c.owner).where(of_year).distinct()).all():
            must_follow(tx, case, self._keys.trail_keys())
            payload = {"case": case, "year": what.year}
            self._append(tx, None, NewEvent(trail.ROWS_ATTESTED_AGAIN, by, payload))
            attest_anew(tx, case)

    def _refuse_held(self, tx: Connection, what: Segment) -> None:
        held = {hold.request for hold in active_holds(tx)}
        of_year = select(event.c.request).where(event.c.seq.between(what.first_seq, what.last_seq))
        found = tx.scalar(of_year.where(event.c.request.in_(sorted(held))).order_by(event.c.seq).limit(1))
        if found is not None:
            must_be_free(tx, found, f"the trail of {what.year}, which records it, stays")

    def _refuse_unfinished(self, tx: Connection, what: Segment, closed_before: str) -> None:
        """Refuse a year with a request that is open or was closed too recently, or with another of its case.

        Evidence is kept for five years after a request was closed, and the gates of the other requests replay
        all events of their case.
        """
        of_year = select(event_code.c.owner).where(event_code.c.seq.between(what.first_seq, what.last_seq))
        kept = request.c.state.not_in(_CLOSED) | (request.c.changed_at > closed_before)
        found = tx.scalars(
            select(request.c.id).where(request.c.case_id.in_(of_year), kept).order_by(request.c.id)
        ).all()
        if found:
            raise RefusedError(
                f"The trail of {what.year} holds {len(found)} request(s) that are open or were closed too "
                f"recently: {', '.join(found[:3])}{', ...' if found[3:] else ''}.",
                remedy="wait until they are closed and their retention is over.",
            )


def _years_before(now: datetime, years: int) -> datetime:
    return now.replace(year=now.year - years, day=min(now.day, 28))  # that year may have no 29 February


FORMAT = "afschrift-trail/1"


def write_export(connection: Connection, into: BinaryIO, at: str, public_keys: Mapping[str, bytes]) -> int:
    """Write the export as it is read, a line for each event; returns how many events.

    A payload is written as the text that the register holds, so that an altered one is exported unchanged.

    Args:
        connection: a transaction on the register that sees one state (`Database.read`).
        into: receives the lines.
        at: instant of the export.
        public_keys: key id -> raw public key; for comparison with the published ones.
    """

    def line(kind: str, **fields: Any) -> None:
        into.write(canonical({"kind": kind, **fields}) + b"\n")

    keys = {name: key.hex() for name, key in public_keys.items()}
    line("trail", format=FORMAT, register=segments.register_id(connection), at=at, public_keys=keys)
    for dropped in segments.dropped(connection):
        line("segment", **dropped.payload(), event_seq=dropped.event_seq)
    events, seq, head = 0, 0, GENESIS
    for row in stream(connection):
        header = header_of(row)
        kept: dict[str, Any] = {"payload": row.payload, "salt": row.salt}
        if row.payload is None:
            kept = {"erased_by": row.erased_by, "erased_at": row.erased_at}
        line("event", header=asdict(header), **kept)
        events, seq, head = events + 1, header.seq, header.digest()
    for lone in orphans(connection):
        line("payload", seq=lone)
    line("end", events=events, seq=seq, head=head)
    return events
