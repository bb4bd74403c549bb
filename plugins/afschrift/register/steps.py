"""Repositories of finished work: results of steps and frozen plans, each recorded once."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.engine import Row

from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.plan import Plan
from afschrift.register.base import Repository
from afschrift.register.database.tables import plan as plan_table
from afschrift.register.database.tables import step
from afschrift.register.trail.attested_rows import insert_row, rows_of_request


class StepResults:
    """Results of a request's finished steps."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._rows = sorted(rows, key=lambda row: row.id)

    def of(self, name: str, inputs: str, part: str = "") -> dict[str, Any] | None:
        """Result of a finished step with these inputs (a digest), or None."""
        asked = (name, part, inputs)
        found = (row.result for row in self._rows if (row.name, row.part, row.inputs) == asked)
        return next(found, None)

    def latest(self, name: str) -> dict[str, Any] | None:
        """Result of the step that finished last under this name, with any inputs, or None."""
        return next((dict(row.result) for row in reversed(self._rows) if row.name == name), None)

    def every(self, name: str) -> tuple[Row[Any], ...]:
        """All finished steps of a name, in order, with `part`, `result` and `finished_at`."""
        return tuple(row for row in self._rows if row.name == name)


class Steps(Repository):
    """Stores the results of steps, so that a repeated task does nothing twice."""

    def results(self, request_id: str) -> StepResults:
        """Results of the steps of a request that are finished."""
        with self._db.read() as tx:
            return StepResults(rows_of_request(tx, step, request_id))

    def result(self, request_id: str, name: str, inputs: str, part: str = "") -> dict[str, Any] | None:
        """As `StepResults.of`."""
        return self.results(request_id).of(name, inputs, part)

    def latest(self, request_id: str, name: str) -> dict[str, Any] | None:
        """As `StepResults.latest`."""
        return self.results(request_id).latest(name)

    def finish(
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
            done = StepResults(rows_of_request(tx, step, request_id)).of(name, inputs, part)
            if done is None:
                done = json.loads(json.dumps(dict(result)))  # as later calls will read it
                this = {"request_id": request_id, "name": name, "inputs": inputs, "part": part}
                insert_row(tx, step, {**this, "result": done, "finished_at": self._now()})
                finished = NewEvent("step_finished", payload={"step": name, "part": part})
                self._append(tx, request_id, *(events or (finished,)))
            return done


_NOT_COMPRESSED = b"{"
"""First byte of a plan that an earlier version stored; a compressed plan begins with `x`."""


class Plans(Repository):
    """Stores the plans of requests."""

    def save(self, plan: Plan) -> str:
        """Store a plan once, encrypted under the request's key; returns its digest.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request's data key was destroyed.
        """
        digest = plan.digest()
        with self._db.write() as tx:
            self._request_row(tx, plan.request)
            key = self._key(tx, plan.request)
            if tx.execute(select(plan_table.c.digest).where(_is_plan(plan.request, digest))).first() is None:
                sealed = key.encrypt(zlib.compress(msgspec.json.encode(plan)), "plan", "ciphertext", digest)
                values = {"request_id": plan.request, "digest": digest, "ciphertext": sealed}
                tx.execute(insert(plan_table).values(**values, created_at=self._now()))
        return digest

    def get(self, request_id: str, digest: str) -> Plan:
        """A plan by digest.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request has no such plan, or its data key was destroyed.
            ConfigurationError: the stored plan does not have this digest.
        """
        with self._db.read() as tx:
            self._request_row(tx, request_id)
            key = self._key(tx, request_id)
            row = tx.execute(select(plan_table).where(_is_plan(request_id, digest))).first()
            if row is None:
                raise RefusedError(
                    f"Request {request_id} has no plan with this digest.",
                    remedy="clear `classify` to make one.",
                )
            plain = key.decrypt(row.ciphertext, "plan", "ciphertext", digest)
        kept = _decoded(plain)
        if kept.digest() != digest:
            raise ConfigurationError(
                f"The plan of request {request_id} was kept by another version of the software.",
                remedy="clear `classify` to make it again; a review of the old one does not count for it.",
            )
        return kept


@lru_cache(maxsize=4)
def _decoded(plain: bytes) -> Plan:
    """Cached: a step reads its plan several times, and `Plan.digest` takes longer than all the rest."""
    whole = plain if plain.startswith(_NOT_COMPRESSED) else zlib.decompress(plain)
    return msgspec.json.decode(whole, type=Plan)


def _is_plan(request_id: str, digest: str) -> ColumnElement[bool]:
    return (plan_table.c.request_id == request_id) & (plan_table.c.digest == digest)
