"""Compares the register's tables with its trail: for a request before a gate opens, or for all of them.

Rows *follow* from the trail where replaying its events gives the same codes (`replay`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select, union
from sqlalchemy.engine import Row

from afschrift.domain.event import NewEvent
from afschrift.domain.request import is_id
from afschrift.register.base import Repository
from afschrift.register.database.database import cached, in_snapshot
from afschrift.register.database.made_objects import TABLES
from afschrift.register.database.tables import case_file, request
from afschrift.register.database.trail_tables import event_code
from afschrift.register.trail import trail
from afschrift.register.trail.attested_rows import read_case_of, stray_rows
from afschrift.register.trail.codes import codes
from afschrift.register.trail.differences import Difference, ForgedError
from afschrift.register.trail.height import Height, reached, set_back
from afschrift.register.trail.own_events import acts, not_own, own, own_rows
from afschrift.register.trail.replay import check_case, check_cases
from afschrift.register.trail.schema_check import schema_changed
from afschrift.register.trail.segments import register_id
from afschrift.register.trail.set_aside import Uncoded, adopt, take_out, uncoded
from afschrift.register.trail.trail import SET_ASIDE

PROTECTING = (
    *("decision_taken", "fact_decided", "fact_held", "fact_released", "fact_withdrawn", "fact_deceased"),
    *("data_key_destroyed", "stray_data_keys_destroyed", "index_key_forgotten", "signing_key_revoked"),
    *("map_confirmation_taken_back", "set_aside", "denial_policy"),
)
"""Events of decisions, holds and destructions: after the loss of one, the software may do what it forbade."""


class Evidence(Repository):
    """Compares the tables with the events, by the trail key."""

    def of_request(self, request_id: str) -> tuple[Difference, ...]:
        """Differences of the rows of a request and of its case from the trail; empty: there are none.

        Differences of another request of the case are left out.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            return cached(tx, ("differences", request_id), lambda: self._of_request(tx, request_id))

    def _of_request(self, tx: Connection, request_id: str) -> tuple[Difference, ...]:
        keys = self._keys.trail_keys()
        if changed := schema_changed(tx):
            return changed
        if in_snapshot(tx) and is_id(request_id):
            read_case_of(tx, request_id)
        case, height = self._request_row(tx, request_id).case_id, self._store.kept_height(tx)
        known = acts(tx, keys, height.seq if height else 0)
        found = [*self._store.set_back(tx, known), *check_case(tx, case, keys, known, rest=True)]
        # A difference of an event is never left out: the event itself says whose it is, and may be forged.
        return tuple(d for d in found if d.request in (None, request_id) or not d.table)

    def must_follow(self, request_id: str) -> None:
        """Check, before anything is done with a request, that its rows follow from the trail.

        Raises:
            UnknownRequestError: no such request.
            ForgedError: they do not.
        """
        if found := self.of_request(request_id):
            raise ForgedError(f"What the register holds of request {request_id}", found)

    def of_types(self, request_id: str | None, *types: str, skip: bool = False) -> list[trail.Recorded]:
        """Own events of some types, of a request or of none; `skip`: ignore events without a valid code.

        Raises:
            ForgedError: an event has no valid code.
        """
        with self._db.read() as tx:
            found = own(tx, self._keys.trail_keys(), types, request_id, skip=skip)
            return [trail.recorded(row) for row in found]

    def id(self) -> str:
        """The register's id; "" if it has no event yet."""
        with self._db.read() as tx:
            return register_id(tx)

    def height(self) -> Height | None:
        """How far the trail came, by the service's last own event; None: there is none."""
        with self._db.read() as tx:
            return reached(tx, self._keys.trail_keys())

    def kept(self) -> Height | None:
        """The height that is kept next to the keys; None: there is none."""
        with self._db.read() as tx:
            place = self._store.height_keeper.of(tx)
        return place.read() if place else None

    def uncoded(self) -> Uncoded:
        """What can be set aside: events and rows without a valid code."""
        with self._db.read() as tx:
            return uncoded(tx, self._by_case(tx), self._keys.trail_key().key)

    def set_aside(self, what: Mapping[str, Any], by: str, signed: Mapping[str, Any]) -> Uncoded | None:
        """Set aside what was proposed, with an event; None: the events and rows without a code have changed.

        Args:
            what: payload of `Uncoded`.
            by: account that signs.
            signed: who proposed it, and in which role it was signed.

        Raises:
            RefusedError: a row of the service refers to one of its rows.
        """
        with self._db.write() as tx:
            now = uncoded(tx, self._by_case(tx), self._keys.trail_key().key)
            if now.payload() != what:
                return None
            self._append(tx, None, NewEvent(SET_ASIDE, by, {**what, **signed}))
            take_out(tx, now, trail.head(tx)[0])
        return now

    def aside(self) -> list[str]:
        """A line for each event or row that was set aside, with who did so."""
        with self._db.read() as tx:
            return [
                f"{what} was set aside by {row.actor} and {payload['proposed_by']} (event {row.seq})."
                for row in own_rows(tx, self._keys.trail_keys(), (SET_ASIDE,), 0)
                if (payload := json.loads(row.payload or "{}"))
                for what in (
                    *(f"Event {seq}" for seq, _ in payload["events"]),
                    *(f"{table} {name}" for table, name, _ in payload["rows"]),
                )
            ]

    def lost_heights(self, *more: Height | None) -> bool:
        """Whether the register lacks a height: the one next to the keys, or one of `more`."""
        return any(self.lacking(height) for height in (self.kept(), *more) if height)

    def lacking(self, height: Height) -> tuple[Difference, ...]:
        """A difference if the register lacks a height; else nothing."""
        with self._db.read() as tx:
            return set_back(tx, height, self._keys.trail_keys())

    def protecting(self, after: int) -> list[list[Any]]:
        """Own events after a number that prevent reading, delivering or destroying.

        Each as number, type, request and a code: nothing that must stay secret.
        """
        with self._db.read() as tx:
            rows = own_rows(tx, self._keys.trail_keys(), PROTECTING, after)
            return [[row.seq, row.type, row.request, _code(row)] for row in rows]

    def not_held(self, events: Mapping[tuple[int, int], list[Any]]) -> list[str]:
        """Protecting events that were lost in a restoration and not entered again, a line each.

        `events`: (restorations before it, number) -> as `protecting` returns it.
        """
        with self._db.read() as tx:
            signed = acts(tx, self._keys.trail_keys()).restorations
        here = self.protecting(0)
        held, anew = {tuple(row[:3]) for row in here}, {tuple(row[1:]) for row in here}
        return [
            f"{kind} of {request or 'the installation'}{f' ({code})' if code else ''}, event {seq}"
            for (restorations, _), (seq, kind, request, code) in sorted(events.items())
            if (seq, kind, request) not in held
            and not (restorations < len(signed) and (kind, request, code) in anew)
        ]

    def by_other_keys(self) -> bool:
        """Whether the last event was coded with a key that this installation does not have."""
        newest = select(event_code.c.key_id).order_by(event_code.c.seq.desc()).limit(1)
        with self._db.read() as tx:
            key_id = tx.scalar(newest)
        return key_id is not None and key_id not in self._keys.trail_keys()

    def file_codes(self, digests: Mapping[str, str]) -> dict[str, str]:
        """Codes of files by name, from their digests; equal files have equal codes in all requests."""
        maker = codes(self._keys.trail_key().key)
        return {name: maker.of_file(digest) for name, digest in digests.items()}

    def differences(self) -> Iterator[Difference]:
        """Differences of all cases, case by case, and of the events that concern none.

        Where a table is not as the migrations make it, its rows prove nothing and are not compared.
        """
        with self._db.read() as tx:
            yield from (changed := schema_changed(tx))
            if any(d.table in TABLES for d in changed):
                return
            yield from self._store.set_back(tx)
            for found in self._by_case(tx):
                yield from found

    def _by_case(self, tx: Connection) -> Iterator[list[Difference]]:
        """The differences of each case, then of what belongs to none."""
        keys = self._keys.trail_keys()
        cases = union(select(case_file.c.id), select(request.c.case_id), select(event_code.c.owner))
        known, reported = acts(tx, keys), set[int]()
        for _, found in check_cases(tx, sorted(tx.scalars(cases)), keys, known):
            reported |= {d.seq for d in found}
            yield found
        yield [d for d in not_own(tx, keys, coded=False) if d.seq not in reported]
        for place in stray_rows(tx):
            yield [Difference("row_added", 0, place.table, place.row, request=place.request)]

    def adopt(self, by: str = "system") -> int:
        """Code the events of a register from before codes, and accept its rows; returns how many events.

        Raises:
            RefusedError: some events have a code and others have none.
        """
        with self._db.write() as tx:
            return adopt(tx, self._now(), self._keys.trail_key(), by)


def _code(row: Row[Any]) -> str:
    """What a protecting event was about, as a code; "" if it has none, or was erased."""
    payload = json.loads(row.payload or "{}")
    return " ".join(str(payload[name]) for name in ("kind", "choice", "rule", "year") if payload.get(name))
