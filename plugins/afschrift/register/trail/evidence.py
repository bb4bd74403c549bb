"""Whether the register's tables follow from its trail: of one request before a gate opens, or of all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select, union
from sqlalchemy.engine import Row

from afschrift.domain.event import NewEvent
from afschrift.domain.request import is_id
from afschrift.register.base import Repository
from afschrift.register.database.database import in_snapshot, once
from afschrift.register.database.made_objects import TABLES
from afschrift.register.database.tables import case_file, request
from afschrift.register.database.trail_tables import event_code
from afschrift.register.trail import trail
from afschrift.register.trail.codes import codes
from afschrift.register.trail.differences import Difference, ForgedError
from afschrift.register.trail.height import Height, reached, set_back
from afschrift.register.trail.own_events import acts, not_own, own, own_rows
from afschrift.register.trail.replay import check_case
from afschrift.register.trail.schema_check import schema_changed
from afschrift.register.trail.segments import register_id
from afschrift.register.trail.set_aside import Uncoded, adopt, take_out, uncoded
from afschrift.register.trail.told_rows import read_case_of, stray_rows
from afschrift.register.trail.trail import SET_ASIDE

PROTECTING = (
    *("decision_taken", "fact_decided", "fact_held", "fact_released", "fact_withdrawn"),
    *("data_key_destroyed", "stray_data_keys_destroyed", "index_key_forgotten", "signing_key_revoked"),
    *("map_confirmation_taken_back", "set_aside"),
)
"""Events of decisions, holds and destructions: to lose one of them is to do what it forbade."""


class Evidence(Repository):
    """Holds the tables against the events, by the trail key."""

    def of_request(self, request_id: str) -> tuple[Difference, ...]:
        """Where the rows of a request and of its case do not follow from the trail; empty: nowhere.

        What concerns another request of the case alone is left out.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            return once(tx, ("differences", request_id), lambda: self._of_request(tx, request_id))

    def _of_request(self, tx: Connection, request_id: str) -> tuple[Difference, ...]:
        keys = self._keys.trail_keys()
        if changed := schema_changed(tx):
            return changed
        if in_snapshot(tx) and is_id(request_id):
            read_case_of(tx, request_id)
        case, height = self._request_row(tx, request_id).case_id, self._store.kept_height(tx)
        known = acts(tx, keys, height.seq if height else 0)
        found = [*self._store.set_back(tx, known), *check_case(tx, case, keys, known, rest=True)]
        # What is wrong with an event is never left out: whose it is, it says itself.
        return tuple(d for d in found if d.request in (None, request_id) or not d.table)

    def must_follow(self, request_id: str) -> None:
        """See that the rows of a request follow from the trail, before anybody acts on them.

        Raises:
            UnknownRequestError: no such request.
            ForgedError: they do not.
        """
        if found := self.of_request(request_id):
            raise ForgedError(f"What the register holds of request {request_id}", found)

    def of_types(self, request_id: str | None, *types: str, skip: bool = False) -> list[trail.Recorded]:
        """Own events of some types, of a request or of none; `skip`: pass over those without a code.

        Raises:
            ForgedError: one has no code that holds.
        """
        with self._db.read() as tx:
            found = own(tx, self._keys.trail_keys(), types, request_id, skip=skip)
            return [trail.recorded(row) for row in found]

    def id(self) -> str:
        """The register's id; "" while it has no event."""
        with self._db.read() as tx:
            return register_id(tx)

    def height(self) -> Height | None:
        """How far the trail came, by the service's last own event; None: nowhere yet."""
        with self._db.read() as tx:
            return reached(tx, self._keys.trail_keys())

    def kept(self) -> Height | None:
        """The height that is kept beside the keys; None: none is."""
        with self._db.read() as tx:
            place = self._store.beside.of(tx)
        return place.read() if place else None

    def uncoded(self) -> Uncoded:
        """What can be set aside: events and rows that no code vouches for."""
        with self._db.read() as tx:
            return uncoded(tx, self._by_case(tx), self._keys.trail_key().key)

    def set_aside(self, what: Mapping[str, Any], by: str, signed: Mapping[str, Any]) -> Uncoded | None:
        """Set aside what was proposed, told by an event; None: what has no code is something else now.

        Args:
            what: payload of `Uncoded`.
            by: who signs.
            signed: who proposed it, and in which role it was signed.

        Raises:
            RefusedError: a row of the service points to a row of it.
        """
        with self._db.write() as tx:
            now = uncoded(tx, self._by_case(tx), self._keys.trail_key().key)
            if now.payload() != what:
                return None
            self._append(tx, None, NewEvent(SET_ASIDE, by, {**what, **signed}))
            take_out(tx, now, trail.head(tx)[0])
        return now

    def aside(self) -> list[str]:
        """What was set aside, a line each, with who did so."""
        with self._db.read() as tx:
            return [
                f"{what} was set aside by {row.actor} and {said['proposed_by']} (event {row.seq})."
                for row in own_rows(tx, self._keys.trail_keys(), (SET_ASIDE,), 0)
                if (said := json.loads(row.payload or "{}"))
                for what in (
                    *(f"Event {seq}" for seq, _ in said["events"]),
                    *(f"{table} {name}" for table, name, _ in said["rows"]),
                )
            ]

    def lost_heights(self, *more: Height | None) -> bool:
        """Whether the register lacks a height: that beside the keys, or one of these."""
        return any(self.lacking(height) for height in (self.kept(), *more) if height)

    def lacking(self, height: Height) -> tuple[Difference, ...]:
        """A difference where the register does not hold a height."""
        with self._db.read() as tx:
            return set_back(tx, height, self._keys.trail_keys())

    def protecting(self, after: int) -> list[list[Any]]:
        """Own events after a number that stop something from being read, delivered or destroyed.

        Each as its number, type, request and a code; no more than anybody may know.
        """
        with self._db.read() as tx:
            rows = own_rows(tx, self._keys.trail_keys(), PROTECTING, after)
            return [[row.seq, row.type, row.request, _code(row)] for row in rows]

    def not_held(self, events: Mapping[tuple[int, int], list[Any]]) -> list[str]:
        """Of protecting events by restorations and number, those that were lost and not entered again."""
        with self._db.read() as tx:
            said = acts(tx, self._keys.trail_keys()).restorations
        here = self.protecting(0)
        held, anew = {tuple(row[:3]) for row in here}, {tuple(row[1:]) for row in here}
        return [
            f"{kind} of {request or 'the installation'}{f' ({code})' if code else ''}, event {seq}"
            for (restorations, _), (seq, kind, request, code) in sorted(events.items())
            if (seq, kind, request) not in held
            and not (restorations < len(said) and (kind, request, code) in anew)
        ]

    def by_other_keys(self) -> bool:
        """Whether the last event was written with a key that is not at hand here: another's, or lost."""
        newest = select(event_code.c.key_id).order_by(event_code.c.seq.desc()).limit(1)
        with self._db.read() as tx:
            key_id = tx.scalar(newest)
        return key_id is not None and key_id not in self._keys.trail_keys()

    def file_codes(self, digests: Mapping[str, str]) -> dict[str, str]:
        """Name -> code, of name -> digest of files; equal in all requests, so that answers compare."""
        maker = codes(self._keys.trail_key().key)
        return {name: maker.of_file(digest) for name, digest in digests.items()}

    def differences(self) -> Iterator[Difference]:
        """Likewise of every case and of the events that concern none, case by case.

        Where a table is not what it was made as, its rows tell nothing and are not looked at.
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
        known, told = acts(tx, keys), set[int]()
        for case in sorted(tx.scalars(cases)):
            found = list(check_case(tx, case, keys, known))
            told |= {d.seq for d in found}
            yield found
        yield [d for d in not_own(tx, keys) if d.seq not in told]
        for place in stray_rows(tx):
            yield [Difference("row_added", 0, place.table, place.row, request=place.request)]

    def adopt(self, by: str = "system") -> int:
        """Give events from before there were codes theirs, and take the rows as they are; how many events.

        Raises:
            RefusedError: some events have a code, and others have none.
        """
        with self._db.write() as tx:
            return adopt(tx, self._now(), self._keys.trail_key(), by)


def _code(row: Row[Any]) -> str:
    """What a protecting event was about, in a code; "" where it says no more or was erased."""
    said = json.loads(row.payload or "{}")
    return " ".join(str(said[name]) for name in ("kind", "choice", "rule", "year") if said.get(name))
