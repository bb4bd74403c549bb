"""Repositories of the facts of requests: appended with their events, read for one request or for many.

Holds are facts too: they keep the records of a request, or of a whole case, from being destroyed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.engine import Row

from afschrift.domain.errors import RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.request import Hold, is_id, new_id
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, FactRow, NewFact, Timeline, rows
from afschrift.law.dispute import NewFacts, in_force, under_hold
from afschrift.register.base import RegisterStore, Repository, case_of
from afschrift.register.database.tables import decision, fact, message, request, request_identity
from afschrift.register.database.timeline_rows import fact_row, found, timeline_of
from afschrift.register.identities import Identities
from afschrift.register.trail import trail
from afschrift.register.trail.attested_rows import insert_row, insert_rows, requests_of_case, rows_of_request

EVENT = "fact_"
"""Prefix of the event type of a fact; the fact's kind follows."""

MakeFacts = Callable[[Timeline], Sequence[NewFact]]
MakePair = Callable[[Timeline, Timeline, bool, bool], tuple[Sequence[NewFact], Sequence[NewFact]]]
_OPEN = [state for state in State if state.open]


class Timelines(Repository):
    """Reads and appends the facts of requests."""

    def __init__(self, store: RegisterStore, identities: Identities) -> None:
        super().__init__(store)
        self._identities = identities

    def timeline(self, request_id: str) -> Timeline:
        """A request with its facts.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.read() as tx:
            return self.read(tx, request_id)

    def timelines(self, *, open_only: bool = True) -> tuple[Timeline, ...]:
        """Requests with their facts, in the order of their entered receipt, by three statements."""
        with self._db.read() as tx:
            found = self.find(tx, request.c.state.in_(_OPEN) if open_only else request.c.id.is_not(None))
        return tuple(found.values())

    def of_case(self, case: str) -> tuple[Timeline, ...]:
        """The requests of a case with their facts, in the order of their entered receipt."""
        with self._db.read() as tx:
            return tuple(self.read(tx, row.id) for row in requests_of_case(tx, case))

    def with_proof(self, proof: str) -> set[str]:
        """Ids of the requests with a fact that has a reference as its proof."""
        with self._db.read() as tx:
            return set(tx.scalars(select(fact.c.request_id).where(fact.c.proof == proof)))

    def record(
        self,
        request_id: str,
        make: MakeFacts,
        by: str,
        *,
        authority: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> Timeline:
        """Append facts with their events, and move the state where a fact says so, in one transaction.

        Args:
            request_id: the request.
            make: returns the facts to append, from the request as it is then. If it raises, nothing is
                written.
            by: account that records them.
            authority: its role, and the evidence of that role.
            text: reasons in words for the first fact; kept in the case file, with an event.

        Returns:
            The request with the new facts.

        Raises:
            UnknownRequestError: no such request.
            RefusedError: a text was given, and the request's data key was destroyed.
        """
        with self._db.write() as tx:
            self.append(tx, self.read(tx, request_id), make, by, authority, text)
            return self.read(tx, request_id)

    def record_many(self, facts: Mapping[str, MakeFacts], by: str) -> None:
        """Append the facts of many open requests, with their events, in one transaction and few statements.

        Args:
            facts: request -> function that returns the facts to append; none of them may move the state.
            by: account that records them.
        """
        with self._db.write() as tx:
            at = self._now()
            columns: list[dict[str, Any]] = []
            events: list[tuple[str | None, NewEvent]] = []
            for request_id, timeline in self.find(tx, request.c.state.in_(_OPEN)).items():
                new = facts[request_id](timeline) if request_id in facts else ()
                for row in rows(timeline, new, at, by, [new_id("fact") for _ in new]):
                    columns.append(_columns(row, None))
                    events.append((request_id, NewEvent(EVENT + row.kind, by, _payload(columns[-1], None))))
            if columns:
                insert_rows(tx, fact, columns)
                trail.append(tx, at, events)

    def record_pair(
        self,
        request_id: str,
        other_id: str,
        make: MakePair,
        by: str,
        *,
        names: Collection[str],
        authority: Mapping[str, str] | None = None,
    ) -> Timeline:
        """Append facts to two requests of a person, in one transaction.

        Args:
            request_id: the later request.
            other_id: the earlier request.
            make: returns the facts of both. Gets both timelines, whether they share an identity key of
                `names`, and whether the later request asks for nothing beyond the earlier one.
            by: account that records them.
            names: identity keys that belong to one person alone.
            authority: as for `record`.

        Raises:
            UnknownRequestError: no such request.
        """
        with self._db.write() as tx:
            self.append_pair(tx, request_id, other_id, make, by, names, authority)
            return self.read(tx, request_id)

    def append_pair(
        self,
        tx: Connection,
        request_id: str,
        other_id: str,
        make: MakePair,
        by: str,
        names: Collection[str],
        authority: Mapping[str, str] | None,
    ) -> None:
        """As `record_pair`, in the caller's transaction."""
        later, earlier = self.read(tx, request_id), self.read(tx, other_id)
        shared = self._same_person(tx, request_id, other_id, names)
        of_later, of_earlier = make(later, earlier, shared, self._narrower(tx, request_id, other_id))
        self.append(tx, later, lambda _: of_later, by, authority, None)
        if of_earlier:
            self.append(tx, earlier, lambda _: of_earlier, by, authority, None)

    def text(self, fact_id: str) -> str | None:
        """The reasons in words of a fact; None: there are none, or their key was destroyed.

        Raises:
            RefusedError: no such fact.
        """
        with self._db.read() as tx:
            row = self.row(tx, fact_id)
            kept = tx.execute(select(message).where(message.c.id == row.text)).first()
            key = self._find_key(tx, kept.request_id or kept.case_id) if kept else None
            if kept is None or key is None:
                return None
            return key.decrypt(kept.ciphertext, "message", "ciphertext", kept.id).decode()

    def row(self, tx: Connection, fact_id: str) -> Row[Any]:
        """The row of a fact.

        Raises:
            RefusedError: no such fact.
        """
        row = tx.execute(select(fact).where(fact.c.id == fact_id)).first() if is_id(fact_id) else None
        if row is None:
            raise RefusedError(
                "The register knows no fact with this id.", remedy="see `afschrift request show`."
            )
        return row

    def append(
        self,
        tx: Connection,
        timeline: Timeline,
        make: MakeFacts,
        by: str,
        authority: Mapping[str, str] | None,
        text: str | None,
        text_id: str | None = None,
    ) -> None:
        """As `record`, in the caller's transaction; `text_id`: reasons that are stored already."""
        new = make(timeline)
        made = rows(timeline, new, self._now(), by, [new_id("fact") for _ in new])
        if text is not None:
            text_id = self.keep_reasons(tx, timeline.request, timeline.case, timeline.request, text, by)
        for number, (row, given) in enumerate(zip(made, new, strict=True)):
            columns = _columns(row, text_id if number == 0 else None)
            insert_row(tx, fact, columns)
            self._append(tx, timeline.request, NewEvent(EVENT + row.kind, by, _payload(columns, authority)))
            if given.to is not None:
                self._set_state(tx, self._request_row(tx, timeline.request), EVENT + row.kind, given.to, by)

    def keep_reasons(
        self, tx: Connection, owner: str, case_id: str, request_id: str | None, text: str, by: str
    ) -> str:
        """Store the reasons of a fact in the case file, with an event; returns their id."""
        return self._add_text(
            tx, self._key(tx, owner), text.encode(), case=case_id, request_id=request_id, kind="note", by=by
        )

    def read(self, tx: Connection, request_id: str) -> Timeline:
        """As `timeline`, in the caller's transaction."""
        row = self._request_row(tx, request_id)
        facts = rows_of_request(tx, fact, request_id)
        return timeline_of(row, facts, rows_of_request(tx, decision, request_id))

    def find(self, tx: Connection, which: ColumnElement[bool]) -> dict[str, Timeline]:
        """The requests that a condition selects, with their facts, in the order of their entered receipt."""
        return found(tx, which)

    def _same_person(self, tx: Connection, later: str, other: str, names: Collection[str]) -> bool:
        shared = request_identity.c.blind_index.in_(self._identities.indexes(tx, later, names))
        found = select(request_identity.c.id).where(request_identity.c.request_id == other, shared)
        return tx.execute(found).first() is not None

    def _narrower(self, tx: Connection, later: str, other: str) -> bool:
        """Whether the first asks for nothing beyond the second, by the limits that the person set (R24)."""
        mine, theirs = (self._scope(tx, request_id) for request_id in (later, other))
        return theirs is None or (mine is not None and mine <= theirs)

    def _scope(self, tx: Connection, request_id: str) -> set[tuple[str, str]] | None:
        row = self._request_row(tx, request_id)
        if row.limits is None:
            return None
        limits = json.loads(self._key(tx, request_id).decrypt(row.limits, "request", "limits"))
        return {(name, value) for name in ("tables", "categories") for value in limits.get(name, ())}


def _payload(columns: Mapping[str, Any], authority: Mapping[str, str] | None) -> dict[str, Any]:
    """Payload of the event of a fact."""
    members = {n: v for n, v in columns.items() if v is not None and n not in ("request_id", "by")}
    return {"fact": members} if authority is None else {"fact": members, "held": dict(authority)}


def _columns(row: FactRow, text: str | None) -> dict[str, Any]:
    kept = {n: v for n, v in vars(row).items() if n not in ("request", "sent_on", "sent_by")}
    kept |= {"kind": row.kind.value, "day": row.day.isoformat() if row.day else None, "text": text}
    return {**kept, "request_id": row.request, "detail": dict(row.detail)}


_HOLDS = (FactKind.HELD, FactKind.RELEASED)


class Disputes(Repository):
    """Appends facts that concern one request or all requests of a case, and reads holds."""

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
            make: returns the facts to append by request, from the requests as they are then. If it raises,
                nothing is written.
            by: account that records them.
            authority: its role, and the evidence of that role.
            text: reasons in words for the first fact of each; stored once, under the key of the owner.

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
        """The holds in force on a request or on all requests, oldest first within each."""
        with self._db.read() as tx:
            return active_holds(tx, request_id)


def active_holds(tx: Connection, request_id: str | None = None) -> tuple[Hold, ...]:
    """The holds in force on a request or on all requests."""
    if request_id is not None:
        facts = [row for row in rows_of_request(tx, fact, request_id) if row.kind in _HOLDS]
        return in_force(fact_row(row) for row in sorted(facts, key=lambda row: row.number))
    found = select(fact).where(fact.c.kind.in_(_HOLDS)).order_by(fact.c.request_id, fact.c.number)
    return in_force(fact_row(row) for row in tx.execute(found))


def must_be_free(tx: Connection, request_id: str, what: str) -> None:
    """Refuse to destroy anything of a request under hold; `what`: clause that says what stays.

    Raises:
        RefusedError: it is under hold; names the holds and the remedy.
    """
    found = active_holds(tx, request_id)
    if found:
        raise under_hold(request_id, found, what)
