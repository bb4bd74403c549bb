"""Facts of a whole case in one transaction, and the holds that keep its records from being destroyed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, select

from afschrift.domain.request import Hold
from afschrift.law.clock.facts import FactKind, Timeline
from afschrift.law.dispute import NewFacts, in_force, under_hold
from afschrift.register.base import RegisterStore, Repository, case_of
from afschrift.register.database.tables import fact, request
from afschrift.register.database.timeline_rows import fact_row
from afschrift.register.timelines import Timelines
from afschrift.register.trail.told_rows import rows_of_request

_HOLDS = (FactKind.HELD, FactKind.RELEASED)


class Disputes(Repository):
    """Records what concerns one request or all of a case."""

    def __init__(self, store: RegisterStore, facts: Timelines) -> None:
        super().__init__(store)
        self._facts = facts

    def record(
        self,
        owner: str,
        make: Callable[[Sequence[Timeline]], NewFacts],
        by: str,
        *,
        authority: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> tuple[Timeline, ...]:
        """Append facts to one request, or to several of a case, each with its event: one transaction.

        Args:
            owner: a request, or a case: then all of its requests.
            make: gives the facts to append by request, looking at them as they are then; what it raises
                passes, and nothing was written.
            by: account that records them.
            authority: the role in which they do, and what says that they hold it.
            text: reasons in words to the first fact of each; kept once, under the key of the owner.

        Returns:
            The requests with the new facts.

        Raises:
            UnknownRequestError: no such case or request.
            RefusedError: a text was given, and the owner's data key was destroyed.
        """
        with self._db.write() as tx:
            case_id, request_id = case_of(tx, owner)
            which = request.c.id == request_id if request_id else request.c.case_id == case_id
            timelines = self._facts.find(tx, which)
            new = make(tuple(timelines.values()))
            text_id = None
            if text is not None:
                text_id = self._facts.keep_reasons(tx, owner, case_id, request_id, text, by)
            for name in new:
                self._facts.append(
                    tx, timelines[name], lambda t: new[t.request], by, authority, None, text_id
                )
            return tuple(self._facts.find(tx, which).values())

    def timelines(self, owner: str) -> tuple[Timeline, ...]:
        """A request with its facts, or all of a case.

        Raises:
            UnknownRequestError: no such case or request.
        """
        with self._db.read() as tx:
            case_id, request_id = case_of(tx, owner)
            which = request.c.id == request_id if request_id else request.c.case_id == case_id
            return tuple(self._facts.find(tx, which).values())

    def holds(self, request_id: str | None = None) -> tuple[Hold, ...]:
        """The holds in force on a request or on all, the oldest first of each request."""
        with self._db.read() as tx:
            return holds_of(tx, request_id)


def holds_of(tx: Connection, request_id: str | None = None) -> tuple[Hold, ...]:
    """The holds in force on a request or on all."""
    if request_id is not None:
        facts = [row for row in rows_of_request(tx, fact, request_id) if row.kind in _HOLDS]
        return in_force(fact_row(row) for row in sorted(facts, key=lambda row: row.number))
    found = select(fact).where(fact.c.kind.in_(_HOLDS)).order_by(fact.c.request_id, fact.c.number)
    return in_force(fact_row(row) for row in tx.execute(found))


def must_be_free(tx: Connection, request_id: str, what: str) -> None:
    """Turn down whatever would destroy something of a request under hold.

    Raises:
        RefusedError: it is; names the holds and the remedy. `what`: that stays, in a clause.
    """
    found = holds_of(tx, request_id)
    if found:
        raise under_hold(request_id, found, what)
