"""Proposes what to plant: for each personal table that reaches a person, a row that can be recognised.

Sources are opened read-only, for their catalogues and, where a row must point to one that is there, for one
row of that table. Nothing is planted by this: a team reads what is proposed, and plants it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from afschrift.canary.made_values import CLOCK, LONG_AGO, Mark, Place, made
from afschrift.canary.same_values import SameValues
from afschrift.domain.decision import Action, ConsentState
from afschrift.domain.right import Right
from afschrift.domain.sources import ColumnType, Dialect, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.model import Consent, Inventory, SourceFile
from afschrift.inventory.table import Table
from afschrift.selection.column_facts import PersonFacts
from afschrift.selection.statements import Statements
from afschrift.selection.table_decision import Classifier, TableDecision
from afschrift.services import Services

BORN, YEARS = "1985-03-05", "41"
_LAKE = "parquet"
_FOREVER = f"{LONG_AGO}T{CLOCK}"


@dataclass(frozen=True)
class Row:
    """A row to plant.

    Attributes:
        table: its name in the source.
        values: column -> value as the bundle has it; None: NULL.
        entries: `source.table` of the data map -> right -> columns kept back, or `all`.
    """

    source: str
    table: str
    values: Mapping[str, str | None] = field(repr=False)
    entries: Mapping[str, Mapping[Right, tuple[str, ...] | str]]


@dataclass(frozen=True)
class SourceProposal:
    """What to plant in a source, parents before their children.

    Attributes:
        types: table of the source -> its columns.
        files: its tables are files, which take no statement.
    """

    source: str
    rows: tuple[Row, ...]
    dialect: Dialect
    types: Mapping[str, Mapping[str, ColumnType]]
    files: bool = False


@dataclass(frozen=True)
class Proposal:
    """A canary to be read, and what to plant of it."""

    keys: Mapping[str, str] = field(repr=False)
    sources: tuple[SourceProposal, ...]


def propose(services: Services, mark: Mark) -> Proposal:
    """Derive from the data map what to plant.

    Raises:
        ConfigurationError: the data map does not fit a source, as a request would find.
        SourceDownError: a source is down.
    """
    return _Proposer(services, mark).proposal()


class _Proposer:
    def __init__(self, services: Services, mark: Mark) -> None:
        self._services, self._mark = services, mark
        self._inventory: Inventory = services.inventory
        self._numbers = count(1)
        self._same = SameValues(services.sql)

    def proposal(self) -> Proposal:
        sources = [s for s in self._inventory.sources.values() if any(t.personal for t in s.tables.values())]
        for source in sources:
            with self._services.open_source(source.source) as session:
                self._same.of(source, session)
        self._fix()
        proposed = []
        for source in sources:
            with self._services.open_source(source.source) as session:
                proposed.append(self._source(source, session))
        person = self._inventory.identity.person
        return Proposal({person: self._same.key(person, self._made)}, tuple(proposed))

    def _made(self, places: Sequence[Place]) -> str | None:
        return made(places, self._mark, next(self._numbers))

    def _fix(self) -> None:
        """What the data map itself says of values: when the person was born."""
        identity = self._inventory.identity
        for path, value in ((identity.birth_date, BORN), (identity.age, YEARS)):
            if path is not None:
                source, _, rest = path.partition(".")
                table, _, column = rest.rpartition(".")
                self._same.fix(self._inventory.sources[source], table, column, value)

    def _source(self, source: SourceFile, session: Source) -> SourceProposal:
        catalogue = session.catalogue()
        statements = Statements(
            self._services.sql, source, self._inventory.identity, session.dialect, catalogue
        )
        decisions = {right: dict(self._decided(source, statements, right)) for right in Right}
        rows: list[Row] = []
        for physical in self._same.order(source):
            entries = [n for n in source.entries(physical) if source.tables[n].personal]
            if entries and physical in catalogue:
                columns = catalogue[physical]
                rows += self._rows(source, physical, entries, columns, decisions)
        types = {name: catalogue[name] for name in {row.table for row in rows}}
        return SourceProposal(source.source, tuple(rows), session.dialect, types, source.kind == _LAKE)

    def _decided(
        self, source: SourceFile, statements: Statements, right: Right
    ) -> Iterator[tuple[str, TableDecision]]:
        granted = {
            f"{name}.{purpose}": ConsentState.GRANTED
            for name, one in self._inventory.sources.items()
            for purpose in one.purposes
        }
        classifier = Classifier(self._inventory, right, PersonFacts(granted))
        for name, table in source.tables.items():
            if table.personal and source.in_source(name) in statements.tables:
                yield name, classifier.table(source, name, statements.columns(name))

    def _rows(
        self,
        source: SourceFile,
        physical: str,
        entries: list[str],
        columns: Mapping[str, ColumnType],
        decisions: Mapping[Right, Mapping[str, TableDecision]],
    ) -> Iterator[Row]:
        table = source.tables[entries[0]]
        for number, fixed in enumerate(self._variants(source, entries)):
            values = {
                name: _fitting(fixed[name], column.kind)
                if name in fixed
                else self._value(source, physical, table, name, column, another=number > 0)
                for name, column in columns.items()
            }
            kept = {
                f"{source.source}.{name}": {
                    right: back
                    for right in Right
                    if (back := _kept_back(source.tables[name], decisions[right][name], values))
                }
                for name in entries
            }
            yield Row(source.source, physical, values, kept)

    def _value(
        self,
        source: SourceFile,
        physical: str,
        table: Table,
        name: str,
        column: ColumnType,
        *,
        another: bool,
    ) -> str | None:
        if any(file.column == name and file.store for file in table.file):
            return None  # a file cannot be planted by a statement
        if another and not self._same.leads_up(table, name):
            return self._made([Place(name, column, table.columns.get(name))])
        return self._same.value(source, physical, name, self._made)

    def _variants(self, source: SourceFile, entries: list[str]) -> list[dict[str, str | None]]:
        """Rows that a table needs: one for each consent, or each named origin; else one."""
        fixed: dict[str, str | None] = {}
        for name in entries:
            for link in source.tables[name].subject.values():
                fixed |= {link.valid_from: _FOREVER} if link.valid_from else {}
                fixed |= {link.valid_to: None} if link.valid_to else {}
        for name in entries:
            consents = list(self._consents(source, name))
            if consents:
                return [
                    {
                        **fixed,
                        one.column: one.value,
                        **({one.withdrawn: None} if one.withdrawn else {}),
                        **({one.granted: "true"} if one.granted else {}),
                    }
                    for one in consents
                ]
            if origin := source.tables[name].origin:
                return [{**fixed, origin.by: value} for value in origin.values]
        return [fixed]

    def _consents(self, source: SourceFile, table: str) -> Iterator[Consent]:
        """Where a table keeps consents; purposes of another source name it with its source."""
        for name, other in self._inventory.sources.items():
            for purpose in other.purposes.values():
                one = purpose.consent
                own = table if name == source.source else f"{source.source}.{table}"
                if one is not None and one.table in (own, f"{source.source}.{table}"):
                    yield one


def _fitting(value: str | None, kind: ValueKind | None) -> str | None:
    """The beginning of an interval, in the form of the column's kind."""
    if value != _FOREVER:
        return value
    return LONG_AGO if kind is ValueKind.DATE else f"{value}Z" if kind is ValueKind.INSTANT else value


def _kept_back(
    table: Table, decision: TableDecision, values: Mapping[str, str | None]
) -> tuple[str, ...] | str:
    """The columns of a row that an answer must not give; `all` of them."""
    by = table.origin.by if table.origin else None
    if decision.scope is not None and values.get(decision.scope.column) not in decision.scope.included:
        return "all"
    kept = []
    for one in decision.fields:
        declared = table.columns.get(one.name)
        when = declared.when if declared is not None else None
        elsewhere = when is not None and by is not None and values.get(by) not in when
        if one.action is Action.INCLUDE or (one.action is Action.MASK and elsewhere):
            continue
        if values.get(one.name) is not None:
            kept.append(one.name)
    given = [name for name, value in values.items() if value is not None and name not in kept]
    return "all" if not given else tuple(kept)
