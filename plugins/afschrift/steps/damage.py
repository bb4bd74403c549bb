"""Traces a value that cannot be read to its column, and records what is done about the column.

Each column is read apart. After an error another session reads on, as some databases end the transaction. An
outage or a missing right passes on as what it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import replace

from afschrift.casework.partial_response.damaged import damaged_columns, record_damage
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.decision import Action
from afschrift.domain.errors import DamagedValueError
from afschrift.domain.keys import PersonKeys
from afschrift.domain.plan import ExtractPlan, FieldPlan, Place
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.law.partial_response import Given
from afschrift.questions.ask import asking
from afschrift.selection.statements import Scope, Statements
from afschrift.steps.plan_gates import Gate
from afschrift.steps.residual import search
from afschrift.values.forms import text_batch

Found = dict[Place, tuple[str, Given]]


class DamageSearch:
    """Looks for the damaged columns of a source."""

    def __init__(self, gate: Gate, source: str, keys: PersonKeys) -> None:
        self._gate, self._services, self._source, self._keys = gate, gate.services, source, keys
        self._opened = ExitStack()
        self._last: Source | None = None

    def record(self) -> bool:
        """Record what is found; return whether anything is new, so that a new plan reads on.

        Raises:
            SourceDownError: the source is down, which says nothing about a value.
            NeedsPersonError: the account lacks a right.
        """
        register, request_id = self._services.register, self._gate.request.id
        known = damaged_columns(self._services, request_id)
        with asking(register, request_id, KINDS), self._opened:
            found = dict(self._in_the_plan()) or dict(self._in_the_search(known))
        return record_damage(register, request_id, found, known)

    def _session(self) -> Source:
        """A session with the person's keys: the last one, where no error ended it."""
        if self._last is None:
            opening = self._gate.plan.opening(self._source)
            session = self._services.open_source(self._source, self._gate.request.id, **opening)
            self._last = self._opened.enter_context(session)
            self._last.bind(*self._keys)
        return self._last

    def _end_session(self) -> None:
        self._last = None
        self._opened.close()

    def _in_the_plan(self) -> Iterator[tuple[Place, tuple[str, Given]]]:
        """Yield the columns of the plan with a value that cannot be read, and whether its text can."""
        for part in self._gate.plan.of_source(self._source):
            for field in part.selected:
                place = Place(part.source, part.table, field.name)
                exact = None if field.damage else self._error(part, field, place, as_text=False)
                if not field.damage and exact is None:
                    continue
                if text := self._error(part, field, place, as_text=True):
                    yield place, (text.damage, Given.NOT)
                elif exact:
                    yield place, (exact.damage, Given.AS_TEXT)

    def _error(
        self, part: ExtractPlan, field: FieldPlan, place: Place, *, as_text: bool
    ) -> DamagedValueError | None:
        """Read one column of the person's rows; return what went wrong with a value."""
        services = self._services
        declared = services.inventory.sources[self._source]
        kind = ValueKind.TEXT if as_text or field.action is Action.MASK else field.read_as or field.kind
        rule = part.row_rule
        scope = Scope(rule["column"], tuple(rule["included"])) if rule else None
        session = self._session()
        statements = Statements(
            services.sql,
            declared,
            services.inventory.identity,
            session.dialect,
            session.catalogue(),
            self._gate.hidden,
            {place: field.damage or "text"} if as_text else {},
        )
        try:
            for batch in session.stream(statements.extract(part.table, [field], scope)):
                text_batch(batch.select([field.name]), [replace(field, kind=kind)])
        except DamagedValueError as error:
            self._end_session()
            return error
        return None

    def _in_the_search(self, known: Collection[Place]) -> Iterator[tuple[Place, tuple[str, Given]]]:
        """Yield columns that cannot be searched: they hold such a value in any row, whose ever it is."""
        services = self._services
        catalogue = self._session().catalogue()
        declared = services.inventory.sources[self._source]
        places = [
            Place(self._source, name, column)
            for name in declared.tables
            for column in catalogue.get(declared.in_source(name), ())
        ]
        for place in places:
            unread = {other for other in (*places, *known) if other != place}
            try:
                search(services, self._source, self._session(), self._keys[0], self._gate.hidden, unread)
            except DamagedValueError as error:
                self._end_session()
                yield place, (error.damage, Given.NOT_SEARCHED)
