"""The repository of what was recorded of cases: facts, each with its event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from afschrift.domain.event import NewEvent
from afschrift.domain.request import new_id
from afschrift.law.case_facts import CaseFactKind, CaseFactRow, NewCaseFact
from afschrift.register.base import Repository
from afschrift.register.database.database import cached_or_none
from afschrift.register.database.errors import as_written
from afschrift.register.database.tables import case_fact
from afschrift.register.trail.attested_rows import insert_row

EVENT = "case_fact_"
"""Prefix of the event type of a case's fact; the fact's kind follows."""

MakeCaseFacts = Callable[[tuple[CaseFactRow, ...]], Sequence[NewCaseFact]]


class CaseTimelines(Repository):
    """Reads and appends the facts of cases."""

    def of(self, case_id: str | None = None) -> tuple[CaseFactRow, ...]:
        """The facts of one case or of all, each case's in the order of recording.

        Raises:
            UnknownRequestError: no such case.
        """
        with self._db.read() as tx:
            if case_id is not None:
                self._case_row(tx, case_id)
            return self._case_facts(tx, case_id)

    def record(self, case_id: str, make: MakeCaseFacts, by: str) -> tuple[CaseFactRow, ...]:
        """Append facts of a case, each with its event, in one transaction.

        Args:
            case_id: the case.
            make: returns the facts to append, from those there are. If it raises, nothing is written.
            by: account that records them.

        Returns:
            All facts of the case.

        Raises:
            UnknownRequestError: no such case.
        """
        with self._db.write() as tx:
            self._case_row(tx, case_id)
            self.append(tx, case_id, make, by)
            return self._case_facts(tx, case_id)

    def append(self, tx: Connection, case_id: str, make: MakeCaseFacts, by: str) -> None:
        """As `record`, in the caller's transaction."""
        known = self._case_facts(tx, case_id)
        for number, new in enumerate(make(known), start=len(known) + 1):
            values: dict[str, Any] = {"id": new_id("cf"), "case_id": case_id, "number": number}
            values |= {"kind": new.kind.value, "at": self._now(), "about": new.about}
            values["detail"] = dict(new.detail)
            insert_row(tx, case_fact, {**values, "by": by})
            self._append(tx, None, NewEvent(EVENT + new.kind, by, {"case": case_id, "fact": values}))

    def _case_facts(self, tx: Connection, case_id: str | None) -> tuple[CaseFactRow, ...]:
        wanted = select(case_fact).order_by(case_fact.c.case_id, case_fact.c.number)
        if case_id is not None:
            wanted = wanted.where(case_fact.c.case_id == case_id)
        rows: Sequence[Any] | None = cached_or_none(tx, ("case_facts", case_id))
        if rows is None:
            rows = tx.execute(wanted).all()
        return tuple(
            CaseFactRow(
                id=row.id,
                case=row.case_id,
                number=row.number,
                kind=as_written(CaseFactKind, row.kind),
                at=row.at,
                by=row.by,
                about=row.about,
                detail=row.detail,
            )
            for row in rows
        )
