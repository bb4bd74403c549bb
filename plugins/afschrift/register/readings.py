"""Which right a request exercises, where its message did not say so."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import update

from afschrift.domain.event import NewEvent
from afschrift.domain.right import Right
from afschrift.law.clock.facts import Timeline
from afschrift.register.facts import Facts, Make
from afschrift.register.tables import request


class Readings(Facts):
    """Records readings."""

    def read_right(
        self,
        request_id: str,
        right: Right,
        make: Make,
        by: str,
        *,
        held: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> Timeline:
        """Append the facts of a reading and let the request exercise that right, in one transaction.

        Args and errors as for `record_facts`; a change of the right is an event `options_changed`.
        """
        with self._db.write() as tx:
            self._add(tx, self._timeline(tx, request_id), make, by, held, text)
            if self._request_row(tx, request_id).right != right.value:
                tx.execute(update(request).where(request.c.id == request_id).values(right=right.value))
                changed = {"changed": {"right": right.value}}
                self._append(tx, request_id, NewEvent("options_changed", by, changed))
            return self._timeline(tx, request_id)
