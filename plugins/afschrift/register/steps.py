"""Finished work: steps with their results, frozen plans and deliveries, each recorded once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, insert, select
from sqlalchemy.engine import Row

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.files import Receipt
from afschrift.domain.plan import Plan
from afschrift.domain.request import new_id
from afschrift.register.base import LedgerBase
from afschrift.register.tables import delivery, step
from afschrift.register.tables import plan as plan_table


@dataclass(frozen=True)
class DeliveryRow:
    """A hand-over of a bundle.

    Attributes:
        kind: `full`, `partial` or `supplement`.
        uri: where it lies; opaque.
        bytes, sha256: of what arrived there.
    """

    id: str
    request: str
    kind: str
    destination: str
    uri: str
    bytes: int
    sha256: str
    delivered_at: str


class Steps(LedgerBase):
    """Remembers what is done, so that a repeated task does nothing twice."""

    def step(self, request_id: str, name: str, inputs: str, part: str = "") -> dict[str, Any] | None:
        """Result of a finished step with these inputs (a digest), or None."""
        with self._db.read() as tx:
            return self._step(tx, request_id, name, inputs, part)

    def latest_step(self, request_id: str, name: str) -> dict[str, Any] | None:
        """Result of the step that finished last under this name, whatever its inputs, or None."""
        found = (
            select(step.c.result)
            .where(step.c.request_id == request_id, step.c.name == name)
            .order_by(step.c.id.desc())
            .limit(1)
        )
        with self._db.read() as tx:
            row = tx.execute(found).first()
        return None if row is None else dict(row.result)

    def finish_step(
        self,
        request_id: str,
        name: str,
        inputs: str,
        result: Mapping[str, Any],
        *events: NewEvent,
        part: str = "",
    ) -> dict[str, Any]:
        """Record a step's result and its events once; a second finish returns the first result.

        Args:
            request_id: the request.
            name: name of the step.
            inputs: digest of all that the result depends on.
            result: plain JSON: references, counts and digests of whole files.
            events: recorded with the first finish alone.
            part: which part of a divided step, for example a source.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.write() as tx:
            self._request_row(tx, request_id)
            this = {"request_id": request_id, "name": name, "inputs": inputs, "part": part}
            if self._step(tx, **this) is None:
                tx.execute(insert(step).values(**this, result=dict(result), finished_at=self._now()))
                self._append(tx, request_id, *events)
            return self._step(tx, **this) or {}

    def save_plan(self, plan: Plan) -> str:
        """Keep a plan, encrypted under the request's key; returns its digest. Twice is as good as once.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request's data key was destroyed.
        """
        digest = plan.digest()
        with self._db.write() as tx:
            self._request_row(tx, plan.request)
            key = self._key(tx, plan.request)
            if tx.execute(select(plan_table.c.digest).where(_is_plan(plan.request, digest))).first() is None:
                sealed = key.encrypt(msgspec.json.encode(plan), "plan", "ciphertext", digest)
                values = {"request_id": plan.request, "digest": digest, "ciphertext": sealed}
                tx.execute(insert(plan_table).values(**values, created_at=self._now()))
        return digest

    def plan(self, request_id: str, digest: str) -> Plan:
        """A plan by digest.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request has no such plan, or its data key was destroyed.
            ConfigurationError: the kept plan was altered.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            row = tx.execute(select(plan_table).where(_is_plan(request_id, digest))).first()
            if row is None:
                raise RefusedError(
                    f"Request {request_id} has no plan with this digest.",
                    way_out="clear `classify` to make one.",
                )
            plain = self._key(tx, request_id).decrypt(row.ciphertext, "plan", "ciphertext", digest)
        kept = msgspec.json.decode(plain, type=Plan)
        if kept.digest() != digest:
            raise ConfigurationError(
                f"The plan of request {request_id} was kept by another version of the software.",
                way_out="clear `classify` to make it again; a review of the old one does not count for it.",
            )
        return kept

    def record_delivery(
        self,
        request_id: str,
        destination: str,
        receipt: Receipt,
        *events: NewEvent,
        kind: str = "full",
        expires_at: str | None = None,
        by: str = "system",
    ) -> DeliveryRow:
        """Record a hand-over and its event `bundle_delivered` once; the same receipt again changes nothing.

        Args:
            request_id: the request.
            destination: name in the registry of destinations.
            receipt: what the destination gave.
            events: recorded besides, with the first recording alone.
            kind: `full`, `partial` (R44) or `supplement` (R54).
            expires_at: instant after which the bundle is removed there.
            by: who handed it over.

        Raises:
            UnknownRequestError: no such request.
        """
        same = (delivery.c.sha256 == receipt.sha256) & (delivery.c.uri == receipt.uri)
        mine = select(delivery).where(same & (delivery.c.request_id == request_id))
        with self._db.write() as tx:
            self._request_row(tx, request_id)
            row = tx.execute(mine).first()
            if row is None:
                told = {"kind": kind, "destination": destination, **vars(receipt)}
                columns = {**told, "delivered_at": self._now(), "expires_at": expires_at, "detail": {}}
                tx.execute(insert(delivery).values(id=new_id("dlv"), request_id=request_id, **columns))
                self._append(tx, request_id, NewEvent("bundle_delivered", by, told), *events)
                row = tx.execute(mine).one()
            return _delivery(row)

    def deliveries(self, request_id: str) -> tuple[DeliveryRow, ...]:
        """Deliveries of a request, oldest first."""
        mine = select(delivery).where(delivery.c.request_id == request_id)
        with self._db.read() as tx:
            rows = tx.execute(mine.order_by(delivery.c.delivered_at, delivery.c.id))
            return tuple(_delivery(row) for row in rows)

    def _step(
        self, tx: Connection, request_id: str, name: str, inputs: str, part: str
    ) -> dict[str, Any] | None:
        found: dict[str, Any] | None = tx.execute(
            select(step.c.result).where(
                step.c.request_id == request_id,
                step.c.name == name,
                step.c.part == part,
                step.c.inputs == inputs,
            )
        ).scalar()
        return found


def _is_plan(request_id: str, digest: str) -> ColumnElement[bool]:
    return (plan_table.c.request_id == request_id) & (plan_table.c.digest == digest)


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
