"""Bundles that were handed over, each recorded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Row

from afschrift.domain.event import NewEvent
from afschrift.domain.files import Receipt
from afschrift.domain.request import new_id
from afschrift.register.base import Repository
from afschrift.register.database.tables import delivery
from afschrift.register.trail.told_rows import insert_row, rows_of_request
from afschrift.register.trail.trail import BUNDLE_ARRIVED


@dataclass(frozen=True)
class DeliveryRow:
    """A hand-over of a bundle.

    Attributes:
        kind: `full`, `partial` or `supplement`.
        uri: where it lies; opaque.
        bytes, sha256: of what arrived there; `bytes` is 0 once the request's data key was destroyed.
    """

    id: str
    request: str
    kind: str
    destination: str
    uri: str
    bytes: int
    sha256: str
    delivered_at: str


class Deliveries(Repository):
    """Remembers what was handed over."""

    def record(
        self,
        request_id: str,
        destination: str,
        receipt: Receipt,
        told: Mapping[str, Any] | None = None,
        kind: str = "full",
    ) -> DeliveryRow:
        """Record a hand-over and its events, once; the same receipt again changes nothing.

        `bundle_arrived` holds the bundle's digest and is never erased, `bundle_delivered` all of the receipt.

        Args:
            request_id: the request.
            destination: name in the registry of destinations.
            receipt: what the destination gave.
            told: what the event says beside it: codes, counts and durations.
            kind: `full`, `partial` (R44) or `supplement` (R54).

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.write() as tx:
            self._request_row(tx, request_id)
            for row in rows_of_request(tx, delivery, request_id):
                if (row.sha256, row.uri) == (receipt.sha256, receipt.uri):
                    return _delivery(row)
            payload = {"kind": kind, "destination": destination, **vars(receipt)}
            new = {"id": new_id("dlv"), **payload, "delivered_at": self._now()}
            insert_row(tx, delivery, {**new, "request_id": request_id, "detail": {}})
            proof = NewEvent(BUNDLE_ARRIVED, payload={"delivery": new["id"], "bundle": receipt.sha256})
            # The proof comes first: what is told of rows goes with the last event, and is erased.
            delivered = NewEvent("bundle_delivered", payload=payload | dict(told or {}))
            self._append(tx, request_id, proof, delivered)
            return DeliveryRow(request=request_id, **new)

    def of(self, request_id: str) -> tuple[DeliveryRow, ...]:
        """Deliveries of a request, oldest first."""
        with self._db.read() as tx:
            rows = rows_of_request(tx, delivery, request_id)
        return tuple(_delivery(row) for row in sorted(rows, key=lambda row: (row.delivered_at, row.id)))


def _delivery(row: Row[Any]) -> DeliveryRow:
    return DeliveryRow(
        row.id,
        row.request_id,
        row.kind,
        row.destination,
        row.uri,
        row.bytes,
        row.sha256,
        row.delivered_at,
    )
