"""Repository of runs: at most one run of a request is going, and each begins and ends with an event."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from afschrift.domain.event import NewEvent
from afschrift.domain.instants import rfc3339
from afschrift.domain.request import LOST, Run
from afschrift.register.base import Repository
from afschrift.register.database.tables import run
from afschrift.register.trail.attested_rows import change_row, insert_row, rows_of_request


class Runs(Repository):
    """Begins and ends runs, one at a time for each request."""

    def begin(self, request_id: str, run_id: str, patience: timedelta, *, by: str = "system") -> Run:
        """Begin a run, or continue one that has begun.

        Another run of the request without a sign of life for `patience` is ended as `lost`.

        Args:
            request_id: the request.
            run_id: name of the run (`domain.run.run_name`).
            patience: how long a run may be silent.
            by: account that started it.

        Returns:
            The run that is going. Where nothing began, the one that prevents it: another run of the request,
            or a run of this name for another request.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.write() as tx:
            self._request_row(tx, request_id)
            elsewhere = (run.c.run_id == run_id) & (run.c.request_id != request_id)
            row = tx.execute(select(run).where(elsewhere)).first()
            return _run(row) if row else self._go(tx, request_id, run_id, patience, by)

    def see(self, request_id: str, run_id: str, patience: timedelta) -> Run | None:
        """Mark a run as alive at the beginning of a step. A run that had ended is opened again.

        A recent sign of life is not renewed, which spares a write: as long as it is younger than `patience`,
        no other run can begin.

        Returns:
            As `begin`; None: this run never began for this request.
        """
        with self._db.read() as tx:
            mine = _mine(tx, request_id, run_id)
            if mine is None:
                return None
            if mine.ended_at is None and mine.seen_at >= rfc3339(self._clock() - patience / 60):
                return _run(mine)
        with self._db.write() as tx:
            return self._go(tx, request_id, run_id, patience, "system")

    def keep_alive(self, request_id: str, run_id: str) -> None:
        """Give a sign of life within a long step; an ended run stays ended."""
        with self._db.write() as tx:
            row = _mine(tx, request_id, run_id)
            if row is not None and row.ended_at is None:
                change_row(tx, run, row, {"seen_at": self._now()})

    def end(self, request_id: str, run_id: str, outcome: str, *, seen_at: str | None = None) -> bool:
        """End a run; returns whether it was going.

        Args:
            request_id: the request.
            run_id: name of the run.
            outcome: state of the request, a code.
            seen_at: end it only if this is still its last sign of life.
        """
        with self._db.write() as tx:
            row = _mine(tx, request_id, run_id)
            if row is None or row.ended_at is not None or (seen_at or row.seen_at) != row.seen_at:
                return False
            self._end(tx, row, outcome)
            return True

    def all(self, *, request_id: str | None = None, going: bool = False) -> tuple[Run, ...]:
        """Runs, oldest first: of one request or of all; `going`: only those that have not ended."""
        wanted = select(run).order_by(run.c.started_at, run.c.request_id, run.c.run_id)
        if request_id is not None:
            wanted = wanted.where(run.c.request_id == request_id)
        if going:
            wanted = wanted.where(run.c.ended_at.is_(None))
        with self._db.read() as tx:
            return tuple(_run(row) for row in tx.execute(wanted))

    def request_of(self, run_id: str) -> str | None:
        """The request of a run; None: it never began."""
        with self._db.read() as tx:
            return tx.execute(select(run.c.request_id).where(run.c.run_id == run_id)).scalar()

    def _go(self, tx: Connection, request_id: str, run_id: str, patience: timedelta, by: str) -> Run:
        others = (row for row in rows_of_request(tx, run, request_id) if row.run_id != run_id)
        other = next((row for row in others if row.ended_at is None), None)
        if other is not None:
            if other.seen_at >= rfc3339(self._clock() - patience):
                return _run(other)
            self._end(tx, other, LOST)
        row, now = _mine(tx, request_id, run_id), self._now()
        if row is None:
            values = {"request_id": request_id, "run_id": run_id, "started_at": now, "seen_at": now}
            insert_row(tx, run, values)
        elif row.ended_at is None:
            change_row(tx, run, row, {"seen_at": now})
        else:
            change_row(tx, run, row, {"seen_at": now, "ended_at": None, "outcome": None})
        if row is None or row.ended_at is not None:
            payload = {"run": run_id, "again": row is not None}
            self._append(tx, request_id, NewEvent("run_started", by, payload))
        return Run(request_id, run_id, row.started_at if row else now, now, None, None)

    def _end(self, tx: Connection, row: Row[Any], outcome: str) -> None:
        ended = {"ended_at": self._now(), "outcome": outcome}
        change_row(tx, run, row, ended)
        payload = {"run": row.run_id, "outcome": outcome, "seen_at": row.seen_at}
        self._append(tx, row.request_id, NewEvent("run_ended", "system", payload))


def _mine(tx: Connection, request_id: str, run_id: str) -> Row[Any] | None:
    return next((row for row in rows_of_request(tx, run, request_id) if row.run_id == run_id), None)


def _run(row: Row[Any]) -> Run:
    return Run(row.request_id, row.run_id, row.started_at, row.seen_at, row.ended_at, row.outcome)
