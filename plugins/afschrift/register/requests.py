"""Repository of requests: opens them with their identity keys and moves them from state to state."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.engine import Row

from afschrift.domain.errors import RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import instant
from afschrift.domain.keys import Key
from afschrift.domain.request import Request, new_id
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, Timeline
from afschrift.register.base import RegisterStore, Repository, changed_meanwhile
from afschrift.register.database.errors import as_written
from afschrift.register.database.tables import fact, request
from afschrift.register.identities import Identities
from afschrift.register.timelines import MakeFacts, Timelines
from afschrift.register.trail.attested_rows import change_row, insert_row, requests_of_case, rows_of_request


class Requests(Repository):
    """Opens, reads and moves requests."""

    def __init__(self, store: RegisterStore, identities: Identities, facts: Timelines) -> None:
        super().__init__(store)
        self._identities = identities
        self._facts = facts

    def open(
        self,
        case: str,
        right: Right,
        received_at: str,
        zone: str,
        language: str,
        formats: Sequence[str],
        destination: str,
        keys: Sequence[Key],
        casefold: Collection[str] = (),
        limits: Mapping[str, Any] | None = None,
        *,
        by: str = "system",
        verified_by: str | None = None,
    ) -> Request:
        """Open a request of a case in state `received`, with its keys encrypted and its event.

        Args:
            case: case id.
            right: the right exercised.
            received_at: instant of first arrival, as of the case; starts the clock.
            zone: IANA time zone of the establishment that must act.
            language: of the person's bundle.
            formats: names in the registry of formats, checked by the caller.
            destination: name in the registry of destinations.
            keys: identity keys of the person; the order is kept.
            casefold: names of the keys that are compared without regard to case.
            limits: the person's own limits (R24).
            by: account that entered it.
            verified_by: channel or person that authenticated the person; None: the keys were only typed.

        Raises:
            UnknownRequestError: no such case.
            RefusedError: the time is no instant.
        """
        request_id = new_id("req")
        facts = {
            "right": right.value,
            "received_at": instant(received_at),
            "zone": zone,
            "language": language,
            "formats": list(formats),
            "destination": destination,
        }
        with self._db.write() as tx:
            self._case_row(tx, case)
            key, now = self._new_key(tx, request_id), self._now()
            sealed = key.encrypt(json.dumps(limits).encode(), "request", "limits") if limits else None
            row = {"id": request_id, "case_id": case, "state": State.RECEIVED, "version": 1, "limits": sealed}
            insert_row(tx, request, {**facts, **row, "created_at": now, "changed_at": now})
            for identity_key in keys:
                fold = identity_key.name in casefold
                self._identities.keep(tx, key, request_id, identity_key, fold=fold, verified_by=verified_by)
            payload = {"case": case, "keys": [k.name for k in keys], "limited": bool(limits)}
            self._append(tx, request_id, NewEvent("request_received", by, {**facts, **payload}))
            return self._request(tx, self._request_row(tx, request_id))

    def get(self, request_id: str) -> Request:
        """The request; its limits are empty once its data key was destroyed.

        Raises:
            UnknownRequestError: no such request, or the text is no id.
        """
        with self._db.read() as tx:
            return self._request(tx, self._request_row(tx, request_id))

    def made_by(self, request_id: str) -> str:
        """Who asks for the person: `self`, `parent`, `guardian` or `proxy`.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            case_id = self._request_row(tx, request_id).case_id
            return str(self._case_row(tx, case_id).made_by)

    def all(self, *, open_only: bool = False, case: str | None = None) -> list[Request]:
        """Requests in the order in which they were received."""
        wanted = select(request).order_by(request.c.received_at, request.c.created_at, request.c.id)
        if open_only:
            wanted = wanted.where(request.c.state.in_([s for s in State if s.open]))
        with self._db.read() as tx:
            if case is not None:
                rows = requests_of_case(tx, case)
                every = [self._request(tx, row) for row in rows]
                return [found for found in every if found.state.open or not open_only]
            corrected = self._corrected(tx)
            return [self._request(tx, row, corrected) for row in tx.execute(wanted).all()]

    def move(
        self,
        request_id: str,
        to: State,
        event: NewEvent,
        *events: NewEvent,
        version: int | None = None,
        by: str = "system",
    ) -> Request:
        """Change the state and append the events, in one transaction (compare-and-swap).

        A change writes `state_changed` (from, to, by, version) before the given events. With the same state
        only the given events are appended, and the version stays.

        Args:
            request_id: the request.
            to: the new state.
            event: that moves it, by the table of transitions.
            events: recorded with it.
            version: the version that the caller read; None: any.
            by: account that moves it.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: there is no such transition.
            RetriableError: the request has another version now; nothing was written.
        """
        with self._db.write() as tx:
            row = self._request_row(tx, request_id)
            if version is not None and version != row.version:
                raise changed_meanwhile(request_id)
            self._set_state(tx, row, event.type, to, by)
            self._append(tx, request_id, event, *events)
            return self._request(tx, self._request_row(tx, request_id))

    def change_options(
        self,
        request_id: str,
        *,
        formats: Sequence[str] | None = None,
        language: str | None = None,
        destination: str | None = None,
        by: str = "system",
    ) -> Request:
        """Change how the answer is given, with an event; equal values write nothing.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: the request is closed.
        """
        given = {"formats": formats, "language": language, "destination": destination}
        with self._db.write() as tx:
            row = self._request_row(tx, request_id)
            now = self._request(tx, row)
            asked = {name: value for name, value in given.items() if value is not None}
            if "formats" in asked:
                asked["formats"] = list(asked["formats"])
            before = {name: getattr(row, name) for name in asked}
            changed = {name: value for name, value in asked.items() if before[name] != value}
            if not changed:
                return now
            if not now.state.open:
                raise RefusedError(f"Request {request_id} is closed ({now.state}): its answer is given.")
            change_row(tx, request, row, changed)
            self._append(tx, request_id, NewEvent("options_changed", by, {"changed": changed}))
            return self._request(tx, self._request_row(tx, request_id))

    def read_right(
        self,
        request_id: str,
        right: Right,
        make: MakeFacts,
        by: str,
        *,
        authority: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> Timeline:
        """Append the facts of an officer's reading and set the right, in one transaction.

        Args and errors as for `Timelines.record`; a changed right is recorded as `options_changed`.
        """
        with self._db.write() as tx:
            self._facts.append(tx, self._facts.read(tx, request_id), make, by, authority, text)
            row = self._request_row(tx, request_id)
            if row.right != right.value:
                change_row(tx, request, row, {"right": right.value})
                changed = {"changed": {"right": right.value}}
                self._append(tx, request_id, NewEvent("options_changed", by, changed))
            return self._facts.read(tx, request_id)

    def _corrected(self, tx: Connection) -> dict[str, str]:
        """Requests whose receipt was corrected -> the instant by the last correction."""
        kind = fact.c.kind == FactKind.RECEIPT_CORRECTED.value
        which = select(fact.c.request_id, fact.c.instant).where(kind).order_by(fact.c.number)
        return {row.request_id: row.instant for row in tx.execute(which)}

    def _corrected_to(self, tx: Connection, request_id: str) -> str | None:
        facts = [
            row for row in rows_of_request(tx, fact, request_id) if row.kind == FactKind.RECEIPT_CORRECTED
        ]
        return str(max(facts, key=lambda row: row.number).instant) if facts else None

    def _request(self, tx: Connection, row: Row[Any], corrected: Mapping[str, str] | None = None) -> Request:
        arrived = self._corrected_to(tx, row.id) if corrected is None else corrected.get(row.id)
        key = self._find_key(tx, row.id) if row.limits is not None else None
        return Request(
            id=row.id,
            case=row.case_id,
            right=as_written(Right, row.right),
            received_at=arrived or row.received_at,
            entered_at=row.received_at if arrived else "",
            zone=row.zone,
            state=as_written(State, row.state),
            version=row.version,
            language=row.language,
            formats=tuple(row.formats),
            destination=row.destination,
            limits=json.loads(key.decrypt(row.limits, "request", "limits")) if key else {},
        )
