"""Finished work: steps with their results, frozen plans and deliveries, each recorded once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from afschrift.domain.event import NewEvent
from afschrift.register.base import Repository
from afschrift.register.database.tables import step
from afschrift.register.trail.told_rows import insert_row, rows_of_request


class Steps(Repository):
    """Remembers what is done, so that a repeated task does nothing twice."""

    def result(self, request_id: str, name: str, inputs: str, part: str = "") -> dict[str, Any] | None:
        """Result of a finished step with these inputs (a digest), or None."""
        with self._db.read() as tx:
            return self._step(tx, request_id, name, inputs, part)

    def latest(self, request_id: str, name: str) -> dict[str, Any] | None:
        """Result of the step that finished last under this name, whatever its inputs, or None."""
        with self._db.read() as tx:
            done = [row for row in rows_of_request(tx, step, request_id) if row.name == name]
        return dict(max(done, key=lambda row: row.id).result) if done else None

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
            done = self._step(tx, **this)
            if done is None:
                done = json.loads(json.dumps(dict(result)))  # as it is read from then on
                insert_row(tx, step, {**this, "result": done, "finished_at": self._now()})
                finished = NewEvent("step_finished", payload={"step": name, "part": part})
                self._append(tx, request_id, *(events or (finished,)))
            return done

    def _step(
        self, tx: Connection, request_id: str, name: str, inputs: str, part: str
    ) -> dict[str, Any] | None:
        asked = (name, part, inputs)
        rows = rows_of_request(tx, step, request_id)
        return next((row.result for row in rows if (row.name, row.part, row.inputs) == asked), None)
