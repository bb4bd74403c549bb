"""Whether the register's tables follow from its trail: of one request before a gate opens, or of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import select, union

from afschrift.register.base import Repository
from afschrift.register.database.made_objects import TABLES
from afschrift.register.database.tables import case_file, request
from afschrift.register.database.trail_tables import event_code
from afschrift.register.trail.adopt import adopt
from afschrift.register.trail.codes import codes
from afschrift.register.trail.differences import Difference, ForgedError
from afschrift.register.trail.replay import check_case, check_rest
from afschrift.register.trail.schema_check import schema_changed
from afschrift.register.trail.told_rows import stray_rows


class Evidence(Repository):
    """Holds the tables against the events, by the trail key."""

    def of_request(self, request_id: str) -> tuple[Difference, ...]:
        """Where the rows of a request and of its case do not follow from the trail; empty: nowhere.

        What concerns another request of the case alone is left out.

        Raises:
            UnknownRequestError: no such request.
        """
        keys = self._keys.trail_keys()
        with self._db.read() as tx:
            if changed := schema_changed(tx):
                return changed
            case = self._request_row(tx, request_id).case_id
            found = [*check_case(tx, case, keys), *check_rest(tx, case, keys)]
        # What is wrong with an event is never left out: whose it is, it says itself.
        return tuple(one for one in found if one.request in (None, request_id) or not one.table)

    def must_follow(self, request_id: str) -> None:
        """See that the rows of a request follow from the trail, before anybody acts on them.

        Raises:
            UnknownRequestError: no such request.
            ForgedError: they do not.
        """
        if found := self.of_request(request_id):
            raise ForgedError(f"What the register holds of request {request_id}", found)

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
        keys = self._keys.trail_keys()
        with self._db.read() as tx:
            yield from (changed := schema_changed(tx))
            if any(one.table in TABLES for one in changed):
                return
            known = union(select(case_file.c.id), select(request.c.case_id), select(event_code.c.owner))
            for case in sorted(tx.scalars(known)):
                yield from check_case(tx, case, keys)
            for place in stray_rows(tx):
                yield Difference("row_added", 0, place.table, place.row, request=place.request)

    def adopt(self, by: str = "system") -> int:
        """Give events from before there were codes theirs, and take the rows as they are; how many events.

        Raises:
            RefusedError: some events have a code, and others have none.
        """
        with self._db.write() as tx:
            return adopt(tx, self._now(), self._keys.trail_key(), by)
