"""Repository of deliveries: begun before the first byte leaves, arrived after the receipt, then removed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from afschrift.domain.errors import RefusedError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.files import Receipt
from afschrift.domain.instants import rfc3339
from afschrift.domain.request import new_id
from afschrift.register.base import Repository
from afschrift.register.database.tables import delivery
from afschrift.register.trail.attested_rows import change_row, insert_row, rows_of_request
from afschrift.register.trail.trail import BUNDLE_ARRIVED

BEGUN, ARRIVED = "begun", "arrived"
GRACE = timedelta(days=7)
"""How long a file stays once it was fetched, as a download may have been broken."""
FETCHED, CONFIRMED, FROZEN, UNFROZEN = (
    *("delivery_fetched", "delivery_confirmed"),
    *("delivery_frozen", "delivery_unfrozen"),
)
"""Types of events of what a portal says, and of an officer who lets the person try again."""
RENEWED, REVOKED, MISDELIVERED = "delivery_renewed", "delivery_revoked", "delivery_misdelivered"
SECRET_SHOWN, SECRET_SENT, LINK_SHOWN = (
    "secret_shown",
    "secret_sent",
    "link_shown",
)  # types of events, no password


@dataclass(frozen=True)
class DeliveryRow:
    """A delivery of a bundle.

    Attributes:
        kind: `full`, `partial` or `supplement`.
        state: `begun` or `arrived`.
        name: of its file at the destination; opaque.
        uri: of that file; while it is begun, where it is sent.
        delivered_at: empty while it is begun.
        bytes: of what arrived; 0 while it is begun, and once the request's data key was destroyed.
        sha256: of the bundle, whether it was encrypted or not.
        has_secret: whether the words that open it are kept.
        destroyed_at: what lay at the destination was removed.
        is_new: `begin` made it now.
    """

    id: str
    request: str
    kind: str
    destination: str
    state: str
    name: str
    uri: str
    bytes: int
    sha256: str
    encryption: str
    has_secret: bool
    begun_at: str | None
    delivered_at: str
    expires_at: str | None
    confirmed_at: str | None
    destroyed_at: str | None
    is_new: bool = field(default=False, compare=False)


class Deliveries(Repository):
    """Stores deliveries. Each method writes a change with its event once; a repetition changes nothing."""

    def begin(
        self,
        request_id: str,
        destination: str,
        name: str,
        bundle: str,
        *,
        kind: str = "full",
        encryption: str = "none",
        secret: str | None = None,
        uri: str | None = None,
    ) -> DeliveryRow:
        """Record that a bundle is about to be sent, or return the delivery that was begun before.

        One whose file was removed stays as it is: the bundle is sent anew, with a row and words of its own.

        Args:
            request_id: the request.
            destination: name in the registry of destinations.
            name: of the file there.
            bundle: digest of the bundle.
            kind: `full`, `partial` (R44) or `supplement` (R54).
            encryption: code of the encryption.
            secret: the words that open the file; kept under the request's key.
            uri: where it is sent.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: there are words, and the request's data key was destroyed.
        """
        about = {"request": request_id, "bundle": bundle, "destination": destination, "part": kind}
        key = digest(about)
        with self._db.write() as tx:
            self._request_row(tx, request_id)
            rows = {row.key: row for row in rows_of_request(tx, delivery, request_id)}
            while row := rows.get(key):
                if row.destroyed_at is None:
                    return _delivery(row._asdict())
                key = digest({**about, "after": row.id})
            new_row = new_id("dlv")
            payload = {"kind": kind, "destination": destination, "sha256": bundle, "encryption": encryption}
            values: dict[str, Any] = {
                **payload,
                "id": new_row,
                "request_id": request_id,
                "key": key,
                "name": name,
                "uri": uri,
                "bytes": 0,
                "state": BEGUN,
                "begun_at": self._now(),
                "detail": {},
            }
            if secret is not None:
                sealed = self._key(tx, request_id).encrypt(secret.encode(), "delivery", "secret", new_row)
                values["secret"] = sealed
            insert_row(tx, delivery, values)
            self._append(tx, request_id, NewEvent("delivery_begun", payload={"delivery": new_row, **payload}))
            whole = {"secret": None, "delivered_at": None, **dict.fromkeys(_LATER), **values}
            return replace(_delivery(whole), is_new=True)

    def arrive(
        self,
        delivery_id: str,
        receipt: Receipt,
        further: Mapping[str, Any] | None = None,
        expires_at: datetime | None = None,
    ) -> DeliveryRow:
        """Record that a delivery arrived.

        `bundle_arrived` holds the bundle's digest and is never erased, `bundle_delivered` the whole receipt.

        Args:
            delivery_id: of the delivery that was begun.
            receipt: what the destination returned.
            further: codes, counts and durations that the event holds too.
            expires_at: when the file is to be removed.

        Raises:
            RefusedError: there is no such delivery, or the request's data key was destroyed.
        """
        with self._db.write() as tx:
            row = self._found(tx, delivery_id)
            if row.state == ARRIVED:
                return _delivery(row._asdict())
            arrived = json.dumps({"sha256": receipt.sha256, "bytes": receipt.bytes}).encode()
            values = {
                "state": ARRIVED,
                "uri": receipt.uri,
                "bytes": receipt.bytes,
                "delivered_at": self._now(),
                "expires_at": row.expires_at or (rfc3339(expires_at) if expires_at else None),
                "arrived": self._key(tx, row.request_id).encrypt(arrived, "delivery", "arrived", row.id),
            }
            change_row(tx, delivery, row, values)
            proof = NewEvent(BUNDLE_ARRIVED, payload={"delivery": row.id, "bundle": row.sha256})
            payload = {
                **{name: getattr(row, name) for name in ("kind", "destination", "sha256", "encryption")},
                "uri": receipt.uri,
                "bytes": receipt.bytes,
                "arrived": receipt.sha256,
                **(further or {}),
            }
            # The proof comes first: rows are attested by the last event of a request, whose payload is
            # erased.
            self._append(tx, row.request_id, proof, NewEvent("bundle_delivered", payload=payload))
            return _delivery({**row._asdict(), **values})

    def of(self, request_id: str, *, begun: bool = False) -> tuple[DeliveryRow, ...]:
        """Deliveries of a request that arrived, oldest first; `begun`: the others too."""
        with self._db.read() as tx:
            rows = [_delivery(row._asdict()) for row in rows_of_request(tx, delivery, request_id)]
        asked = [row for row in rows if begun or row.state == ARRIVED]
        return tuple(sorted(asked, key=lambda row: (row.delivered_at or row.begun_at or "", row.id)))

    def remaining(self, request_id: str | None = None) -> tuple[DeliveryRow, ...]:
        """Deliveries that were not removed, begun ones too, of a request or of all."""
        wanted = select(delivery).where(delivery.c.destroyed_at.is_(None))
        if request_id is not None:
            wanted = wanted.where(delivery.c.request_id == request_id)
        with self._db.read() as tx:
            return tuple(_delivery(row._asdict()) for row in tx.execute(wanted.order_by(delivery.c.id)))

    def at(self, destination: str) -> tuple[DeliveryRow, ...]:
        """All deliveries at a destination, removed ones too."""
        wanted = select(delivery).where(delivery.c.destination == destination).order_by(delivery.c.id)
        with self._db.read() as tx:
            return tuple(_delivery(row._asdict()) for row in tx.execute(wanted))

    def get(self, delivery_id: str) -> DeliveryRow:
        """A delivery.

        Raises:
            RefusedError: there is none with this id.
        """
        with self._db.read() as tx:
            return _delivery(self._found(tx, delivery_id)._asdict())

    def arrived(self, delivery_id: str) -> tuple[str, int] | None:
        """Digest and size of what arrived; None: it did not, or they went with the request's key."""
        plain = self._plain(delivery_id, "arrived")
        if plain is None:
            return None
        found = json.loads(plain)
        return found["sha256"], found["bytes"]

    def secret(self, delivery_id: str) -> str | None:
        """The words that open the file; None: there are none, or they were destroyed."""
        plain = self._plain(delivery_id, "secret")
        return None if plain is None else plain.decode()

    def destroy_secret(self, delivery_id: str, by: str = "system") -> DeliveryRow:
        """Destroy the words that open the file."""
        return self._change(delivery_id, {"secret": None}, "secret_destroyed", by)

    def record(self, delivery_id: str, event: str, by: str, further: Mapping[str, Any] | None = None) -> None:
        """Record what changes no row: `SECRET_SHOWN`, `SECRET_SENT`, `LINK_SHOWN`, `FROZEN` or `UNFROZEN`."""
        with self._db.write() as tx:
            row = self._found(tx, delivery_id)
            self._append(tx, row.request_id, NewEvent(event, by, {"delivery": row.id, **(further or {})}))

    def expire(self, delivery_id: str, at: datetime, by: str = "system", event: str = RENEWED) -> DeliveryRow:
        """Set when the file is to be removed; `event`: `RENEWED`, `REVOKED` or `MISDELIVERED`."""
        until = rfc3339(at)
        return self._change(delivery_id, {"expires_at": until}, event, by, {"until": until})

    def confirm(self, delivery_id: str, how: str, by: str = "system", receipt: str = "") -> DeliveryRow:
        """Record that the person has the bundle, so that the file goes. The first time counts.

        `how`: a code; `receipt`: id of that of a portal.
        """
        values = {"confirmed_at": self._now()}
        further = {"how": how, **({"receipt": receipt} if receipt else {})}
        return self._end(delivery_id, timedelta(0), values, CONFIRMED, by, further)

    def fetched(self, delivery_id: str, receipt: str, at: str) -> DeliveryRow:
        """Record that a download was finished; the file stays for `GRACE` at most.

        Args:
            delivery_id: of the delivery.
            receipt: id of that of the portal.
            at: RFC 3339, by the portal's clock.
        """
        return self._end(delivery_id, GRACE, {}, FETCHED, "system", {"receipt": receipt, "at": at})

    def _end(
        self,
        delivery_id: str,
        within: timedelta,
        values: Mapping[str, Any],
        event: str,
        by: str,
        further: Mapping[str, Any],
    ) -> DeliveryRow:
        with self._db.write_together(), self._db.write() as tx:
            row, at = self._found(tx, delivery_id), rfc3339(self._clock() + within)
            ends = {} if row.destroyed_at else {"expires_at": min(row.expires_at or at, at)}
            changed = {name: value for name, value in ends.items() if getattr(row, name) != value}
            if not (changed or values):  # a second download
                self.record(delivery_id, event, by, further)
                return _delivery(row._asdict())
            return self._change(delivery_id, {**values, **ends}, event, by, further)

    def removed(self, delivery_id: str, why: str, by: str = "system") -> DeliveryRow:
        """Record that what lay at the destination was removed, and destroy the words that open it.

        `why`: a code. The first time counts.
        """
        values = {"destroyed_at": self._now(), "secret": None}
        return self._change(delivery_id, values, "bundle_removed", by, {"why": why})

    def _change(
        self,
        delivery_id: str,
        values: Mapping[str, Any],
        event: str,
        by: str,
        further: Mapping[str, Any] | None = None,
    ) -> DeliveryRow:
        with self._db.write() as tx:
            row = self._found(tx, delivery_id)
            once = {"confirmed_at", "destroyed_at"} & values.keys()
            if all(getattr(row, name) == value for name, value in values.items()) or any(
                getattr(row, name) for name in once
            ):
                return _delivery(row._asdict())
            change_row(tx, delivery, row, values)
            gone = ("secret_destroyed",) if row.secret and values.get("secret", b"") is None else ()
            payload = {"delivery": row.id, **(further or {})}
            events = [NewEvent(kind, by, payload) for kind in dict.fromkeys((*gone, event))]
            self._append(tx, row.request_id, *events)
            return _delivery({**row._asdict(), **values})

    def _found(self, tx: Connection, delivery_id: str) -> Row[Any]:
        row = self._row(tx, delivery, delivery_id)
        if row is None:
            raise RefusedError(
                "The register knows no delivery with this id.",
                remedy="list those of a request with `afschrift delivery list`.",
            )
        return row

    def _plain(self, delivery_id: str, column: str) -> bytes | None:
        with self._db.read() as tx:
            row = self._found(tx, delivery_id)
            sealed = getattr(row, column)
            if sealed is None:
                return None
            return self._key(tx, row.request_id).decrypt(bytes(sealed), "delivery", column, row.id)


_SHOWN = ("id", "kind", "destination", "state", "bytes", "sha256", "encryption", "begun_at")
_LATER = ("expires_at", "confirmed_at", "destroyed_at")


def _delivery(values: Mapping[str, Any]) -> DeliveryRow:
    return DeliveryRow(
        request=values["request_id"],
        name=values["name"] or values["uri"].rpartition("/")[2],  # of an earlier version
        uri=values["uri"] or "",
        delivered_at=values["delivered_at"] or "",
        has_secret=values["secret"] is not None,
        **{name: values[name] for name in (*_SHOWN, *_LATER)},
    )
