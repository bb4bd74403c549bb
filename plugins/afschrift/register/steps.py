"""Finished work: steps with their results, frozen plans and deliveries, each recorded once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from afschrift.domain.event import NewEvent
from afschrift.register.base import Repository
from afschrift.register.database.tables import step
from afschrift.register.trail.told_rows import insert_row, rows_of_request


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
        """Result of the step that finished last under this name, whatever its inputs, or None."""
        return next((dict(row.result) for row in reversed(self._rows) if row.name == name), None)


class Steps(Repository):
    """Remembers what is done, so that a repeated task does nothing twice."""

    def results(self, request_id: str) -> StepResults:
        """What is finished by now."""
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
                done = json.loads(json.dumps(dict(result)))  # as it is read from then on
                this = {"request_id": request_id, "name": name, "inputs": inputs, "part": part}
                insert_row(tx, step, {**this, "result": done, "finished_at": self._now()})
                finished = NewEvent("step_finished", payload={"step": name, "part": part})
                self._append(tx, request_id, *(events or (finished,)))
            return done
