"""Finished work: steps with their results, frozen plans and deliveries, each recorded once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from afschrift.domain.event import NewEvent
from afschrift.register.base import Repository
from afschrift.register.database.tables import step
from afschrift.register.trail.told_rows import insert_row


class Steps(Repository):
    """Remembers what is done, so that a repeated task does nothing twice."""

    def result(self, request_id: str, name: str, inputs: str, part: str = "") -> dict[str, Any] | None:
        """Result of a finished step with these inputs (a digest), or None."""
        with self._db.read() as tx:
            return self._step(tx, request_id, name, inputs, part)

    def latest(self, request_id: str, name: str) -> dict[str, Any] | None:
        """Result of the step that finished last under this name, whatever its inputs, or None."""
        found = (
            select(step.c.result)
            .where(step.c.request_id == request_id, step.c.name == name)
            .order_by(step.c.id.desc())
            .limit(1)
        )
        with self._db.read() as tx:
            row = self._db.once(tx, (step.name, request_id, name), lambda: tx.execute(found).first())
        return None if row is None else dict(row.result)

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
            this = {"request_id": request_id, "name": name, "inputs": inputs, "part": part}
            if self._step(tx, **this) is None:
                insert_row(tx, step, {**this, "result": dict(result), "finished_at": self._now()})
                finished = NewEvent("step_finished", payload={"step": name, "part": part})
                self._append(tx, request_id, *(events or (finished,)))
            return self._step(tx, **this) or {}

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
