"""Reads for scheduled checks: the status of requests, past events, and the findings of a sweep."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from afschrift.domain.event import Header, NewEvent
from afschrift.domain.instants import rfc3339
from afschrift.domain.request import RequestStatus, Run
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind
from afschrift.law.grounds import Outcome
from afschrift.law.letter import NOT_TO_ARRIVE, UNSETTLED, LetterState
from afschrift.register.base import Repository
from afschrift.register.database.database import cached
from afschrift.register.database.errors import as_written
from afschrift.register.database.tables import (
    case_fact,
    data_key,
    decision,
    fact,
    letter,
    question,
    request,
    run,
    step,
)
from afschrift.register.database.trail_tables import event, event_code, event_payload
from afschrift.register.records import AFTER_THE_END
from afschrift.register.timelines import active_holds
from afschrift.register.trail import trail
from afschrift.register.trail.attested_rows import read_requests, rows_of_request
from afschrift.register.trail.own_events import own

_OPEN = [state for state in State if state.open]
_FOUND = "sweep_found"


class Oversight(Repository):
    """Reads requests from outside a run."""

    def progress(self, also: Collection[str] = ()) -> tuple[RequestStatus, ...]:
        """Status of every open request and of those named, known or not; by id."""
        with self._db.read() as tx:
            found = self._statuses(tx, request.c.state.in_(_OPEN) | request.c.id.in_(sorted(also)))
        unknown = {name: RequestStatus(name, None) for name in also}
        return tuple(status for _, status in sorted((unknown | found).items()))

    def height(self) -> int:
        """Number of the last event."""
        with self._db.read() as tx:
            return tx.scalar(select(func.max(event.c.seq))) or 0

    def changed(self, after: int) -> set[str]:
        """The requests of the cases that have an event after a number."""
        owners = select(event_code.c.owner).where(event_code.c.seq > after)
        with self._db.read() as tx:
            return set(tx.scalars(select(request.c.id).where(request.c.case_id.in_(owners))))

    def unfinished(self, *, closed: bool = False) -> list[str]:
        """The open requests, and the closed ones of which something may be left to do; `closed`: all."""
        to_arrive = letter.c.state.not_in(NOT_TO_ARRIVE) & (letter.c.kind == State.MERGED)
        ways = {
            question: question.c.answered_at.is_(None) & question.c.kind.in_(AFTER_THE_END),
            letter: letter.c.state.in_((*UNSETTLED, LetterState.BOUNCED)),
            fact: fact.c.kind.in_((FactKind.HELD, FactKind.COMPLAINED, FactKind.PARTLY_DELIVERED)),
            decision: decision.c.choice == Outcome.RESTRICT,
        }
        found = [
            request.c.state.in_([*_OPEN, State.PERSON_DECEASED]),
            request.c.case_id.in_(select(case_fact.c.case_id)),
            (request.c.state == State.MERGED)
            & request.c.id.not_in(select(letter.c.request_id).where(to_arrive)),
            *(request.c.id.in_(select(table.c.request_id).where(which)) for table, which in ways.items()),
        ]
        with self._db.read() as tx:
            # A statement each: the database answers each by an index, and a disjunction of all by none.
            seen = [tx.scalars(select(request.c.id).where(which)).all() for which in found]
            return sorted(set(tx.scalars(select(request.c.id))) if closed else set().union(*seen))

    def seen(self) -> dict[str, str]:
        """Request whose run has not ended -> the last sign of life of that run."""
        with self._db.read() as tx:
            going = select(run.c.request_id, run.c.seen_at).where(run.c.ended_at.is_(None))
            return {row.request_id: row.seen_at for row in tx.execute(going)}

    @contextmanager
    def many(self, ids: Collection[str]) -> Iterator[list[str]]:
        """A snapshot in which these requests are read already; gives those that there are."""
        with self._db.read_snapshot(), self._db.read() as tx:
            yield read_requests(tx, set(ids))

    def status(self, request_id: str) -> RequestStatus:
        """Status of a request, by its runs and questions.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            row = self._request_row(tx, request_id)
            found = sorted(rows_of_request(tx, run, request_id), key=lambda r: (r.started_at, r.run_id))
            questions = list(rows_of_request(tx, question, request_id))
        return _status(row, True, tuple(map(_run, found)), None, questions)

    def entered_by(self, ids: Collection[str]) -> dict[str, str]:
        """Request -> account that entered it."""
        received = (event.c.type == "request_received") & event.c.request.in_(ids)
        with self._db.read() as tx:
            asked = tx.execute(select(event.c.request, event.c.actor).where(received))
            return {row.request: row.actor for row in asked}

    def kept_too_long(self, ids: Collection[str]) -> dict[str, list[str]]:
        """Request -> purposes whose period was over when its last bundle was packed (R75)."""
        packed = (event.c.type == "packed") & event.c.request.in_(ids)
        rows = select(event.c.request, event_payload.c.payload).join(event_payload).order_by(event.c.seq)
        with self._db.read() as tx:
            found = [(row.request, json.loads(row.payload or "{}")) for row in tx.execute(rows.where(packed))]
        return {name: payload.get("retention_over", []) for name, payload in found}

    def happened(
        self, after: int, since: datetime, types: Sequence[str]
    ) -> list[tuple[Header, dict[str, Any] | None]]:
        """Events of some types, in order: those after a number, or since an instant where that is 0."""
        later = event.c.seq > after if after else event.c.at >= rfc3339(since)
        rows = select(event, event_payload.c.payload).outerjoin(event_payload).order_by(event.c.seq)
        with self._db.read() as tx:
            found = tx.execute(rows.where(later, event.c.type.in_(types))).all()
        return [
            (trail.header_of(row), None if row.payload is None else json.loads(row.payload)) for row in found
        ]

    def last(self, event_type: str) -> datetime | None:
        """Time of the last event of a type; None: there is none."""
        newest = select(event.c.at).where(event.c.type == event_type).order_by(event.c.seq.desc()).limit(1)
        with self._db.read() as tx:
            at = tx.scalar(newest)
        return None if at is None else datetime.fromisoformat(at)

    def last_of_system(self, event_type: str) -> dict[str, Any] | None:
        """Payload of the last event of a type that concerns no request; None: there is none."""
        with self._db.read() as tx:
            return cached(tx, ("last", event_type), lambda: self._last_of_system(tx, event_type))

    def append_after_last(
        self, event_type: str, make: Callable[[dict[str, Any] | None], dict[str, Any]], actor: str
    ) -> dict[str, Any]:
        """Append an event that concerns no request; `make` gets the payload of the last one of its type.

        Returns:
            The new payload.
        """
        with self._db.write() as tx:
            payload = make(self._last_of_system(tx, event_type))
            self._append(tx, None, NewEvent(event_type, actor, payload))
            return payload

    def _last_of_system(self, tx: Connection, event_type: str) -> dict[str, Any] | None:
        row = next(own(tx, self._keys.trail_keys(), (event_type,), None, newest=True), None)
        return None if row is None or row.payload is None else dict(json.loads(row.payload))

    def database_time(self) -> datetime | None:
        """Time by the clock of the database server; None on SQLite, which uses the clock of this machine."""
        if self._db.sqlite:
            return None
        with self._db.read() as tx:
            found: datetime | None = tx.scalar(select(func.clock_timestamp()))
        return found

    def record_findings(self, findings: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """Record findings as events `sweep_found` of their requests, each once; returns how many were new.

        Args:
            findings: request id, and a payload of codes and instants. A finding whose payload is in the
                trail already is not recorded again.
        """
        known: dict[str, list[Any]] = {}
        new = 0
        with self._db.write() as tx:
            for request_id, payload in findings:
                if request_id not in known:
                    events = trail.read(tx, request_id)
                    known[request_id] = [payload for header, payload in events if header.type == _FOUND]
                if dict(payload) not in known[request_id]:
                    self._append(tx, request_id, NewEvent(_FOUND, payload=dict(payload)))
                    known[request_id].append(dict(payload))
                    new += 1
        return new

    def while_no_run_goes(self, request_id: str, act: Callable[[RequestStatus], NewEvent | None]) -> bool:
        """Act on a request while no run of it is going or can begin; returns whether it did something.

        `act` runs under the register's write lock, so it must be short. The event that it returns is recorded
        in the same transaction; None: there was nothing to do.
        """
        with self._db.write() as tx:
            status = self._statuses(tx, request.c.id == request_id).get(request_id)
            status = status or RequestStatus(request_id, None)
            done = None if status.going else act(status)
            if done is not None:
                self._append(tx, request_id, done)
            return done is not None

    def _statuses(self, tx: Connection, which: ColumnElement[bool]) -> dict[str, RequestStatus]:
        rows = tx.execute(select(request).where(which)).all()
        ids = select(request.c.id).where(which)
        readable = set(tx.scalars(select(data_key.c.owner).where(data_key.c.owner.in_(ids))))
        runs: dict[str, list[Run]] = defaultdict(list)
        of_runs = select(run).where(run.c.request_id.in_(ids)).order_by(run.c.started_at, run.c.run_id)
        for r in tx.execute(of_runs):
            runs[r.request_id].append(_run(r))
        steps: dict[str, Any] = {}
        of_steps = select(step.c.request_id, step.c.name, step.c.part, step.c.finished_at)
        for s in tx.execute(of_steps.where(step.c.request_id.in_(ids)).order_by(step.c.id)):
            steps[s.request_id] = s
        questions: dict[str, list[Any]] = defaultdict(list)
        of_questions = select(question.c.request_id, question.c.asked_at, question.c.answered_at)
        for q in tx.execute(of_questions.where(question.c.request_id.in_(ids))):
            questions[q.request_id].append(q)
        holds = active_holds(tx)
        return {
            row.id: replace(
                _status(row, row.id in readable, tuple(runs[row.id]), steps.get(row.id), questions[row.id]),
                holds=tuple(hold for hold in holds if hold.request == row.id),
            )
            for row in rows
        }


def _run(row: Any) -> Run:
    return Run(row.request_id, row.run_id, row.started_at, row.seen_at, row.ended_at, row.outcome)


def _status(
    row: Any, readable: bool, runs: tuple[Run, ...], last: Any, questions: list[Any]
) -> RequestStatus:
    answers = [q.answered_at for q in questions if q.answered_at]
    moments = [row.created_at, row.changed_at, *answers, *(q.asked_at for q in questions)]
    moments += [moment for r in runs for moment in (r.seen_at, r.ended_at) if moment]
    if last is not None:
        moments.append(last.finished_at)
    return RequestStatus(
        request=row.id,
        state=as_written(State, row.state),
        readable=readable,
        created_at=row.created_at,
        active_at=max(moments),  # text order is time order
        runs=runs,
        step=f"{last.name} {last.part}".strip() if last is not None else None,
        open_questions=len(questions) - len(answers),
        answered_at=max(answers, default=None),
        zone=row.zone,
    )
