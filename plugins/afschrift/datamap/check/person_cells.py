"""How much of what drawn persons would get they can understand: *readable*, next to *classified*.

Fifty persons are drawn, their keys are followed by the ways of the map, and each source counts the cells of
their rows. Keys stay in memory and counts are all that is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from afschrift.datamap.check.probe import CheckedSource, Probe, ProbeDeadline
from afschrift.domain.errors import AfschriftError
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.keys import Key, Unique
from afschrift.domain.notation import count
from afschrift.domain.right import Right
from afschrift.domain.sources import Source
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.readable import (
    GivenTable,
    Need,
    ReadableShare,
    described_columns,
    readable_share,
)
from afschrift.selection.identity_graph import Expansion
from afschrift.selection.key_statements import KeyStatements
from afschrift.selection.table_decision import Classifier, PersonFacts

PERSONS, _DRAWN_FROM = 50, 5_000


def readable_by_map(inventory: Inventory) -> ReadableShare:
    """Return the share by columns, as the map alone has them."""
    return readable_share(inventory, described_columns(inventory))


def readable_by_cells(
    inventory: Inventory, opens: Callable[[SourceFile], Source], sql: Path, deadline: ProbeDeadline
) -> ReadableShare:
    """Return the share by the cells of drawn persons; by columns if none can be drawn.

    Args:
        inventory: the data map.
        opens: a session on a source, not opened yet.
        sql: the folder of statements.
        deadline: of the check; what it leaves no time for is named in `not_counted`.
    """
    counting = _Counting(inventory, opens, sql, deadline)
    try:
        chosen = counting.draw()
        keys = counting.expand(chosen) if chosen else ()
    except AfschriftError:  # the other parts of the check say why
        keys = ()
    if not keys:
        return readable_by_map(inventory)
    for source in inventory.sources.values():
        counting.count(source, keys)
    if not any(map(dict.values, counting.cells.values())):
        return readable_by_map(inventory)
    return readable_share(inventory, counting.given, counting.cells, len(chosen), counting.missed)


@dataclass
class _Counting:
    """Draws persons and counts the cells of their rows."""

    inventory: Inventory
    opens: Callable[[SourceFile], Source]
    sql: Path
    deadline: ProbeDeadline
    given: list[GivenTable] = field(default_factory=list)
    cells: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def draw(self) -> tuple[Key, ...]:
        """Return keys of persons, spread over a table with each person's own key; none: there is no table."""
        person = self.inventory.identity.person
        if self.inventory.identity.keys[person].unique is not Unique.YES:
            return ()
        for declared, name in self._tables_of_persons():
            with self._probe(declared) as probe:
                session = probe.session
                tables, structure, limits = session.catalogue(), session.structure(), self.deadline.limits
                of = CheckedSource(
                    self.inventory, declared, probe, session.dialect, tables, structure, limits, self.sql
                )
                if name not in of.finder.tables:
                    continue
                rows = of.rows(name)
                text = of.finder.form(name, person)
                statement = (
                    f"SELECT DISTINCT {text} AS one FROM {rows.relation} AS t "  # noqa: S608 - quoted
                    f"WHERE {text} IS NOT NULL ORDER BY one LIMIT {_DRAWN_FROM}"
                )
                values = [str(value) for (value,) in probe.rows(statement)]
            if values:
                step = max(1, len(values) // PERSONS)
                return tuple(Key(person, value) for value in values[::step][:PERSONS])
        return ()

    def _tables_of_persons(self) -> Iterator[tuple[SourceFile, str]]:
        """Yield the tables that hold the person's own key, those whose key it is first."""
        person = self.inventory.identity.person
        found = [
            (table.key != (table.subject[person].column,), source, name)
            for source in self.inventory.sources.values()
            for name, table in source.tables.items()
            if table.personal and person in table.subject
            if source.may_follow(name, table.subject[person].column)
        ]
        for _, source, name in sorted(found, key=lambda entry: entry[0]):
            yield source, name

    def expand(self, chosen: tuple[Key, ...]) -> tuple[Key, ...]:
        """Return all keys of the drawn persons."""
        sources = self.inventory.sources
        expansion = Expansion(
            self.inventory, lambda name, *_: self.opens(sources[name]), self.sql, rfc3339(utc_now())
        )
        return expansion.run(chosen, only=True).keys

    def count(self, declared: SourceFile, keys: tuple[Key, ...]) -> None:
        """Count the cells of a source's tables."""
        tables = [name for name, table in declared.tables.items() if table.personal]
        try:
            with self._probe(declared, keys) as probe:
                session, identity = probe.session, self.inventory.identity
                made = KeyStatements(self.sql, declared, identity, session.dialect, session.catalogue())
                for name in list(tables):
                    if name in made.catalogue and self._table(probe, made, declared, name):
                        tables.remove(name)
        except AfschriftError:  # not reached, or out of time: the check says so itself
            pass
        self.missed += [f"{declared.source}.{name}" for name in tables]

    def _table(self, probe: Probe, made: KeyStatements, declared: SourceFile, name: str) -> bool:
        try:
            classifier = Classifier(self.inventory, Right.ACCESS, PersonFacts())
            decision = classifier.table(declared, name, made.columns(name))
            numbers = probe.numbers(made.cells(name, decision.selected, decision.scope))
        except AfschriftError:
            if self.deadline.statement <= 0:
                raise
            return False
        counts, short, ids = dict[str, int](), set[str](), set[str]()
        thirds = zip(decision.selected, numbers[1::3], numbers[2::3], numbers[3::3], strict=True)
        for planned, filled, longer, other in thirds:
            counts[planned.name] = filled
            short |= {planned.name} if filled and not longer else set()
            ids |= {planned.name} if filled and not other else set()
        self.given.append(GivenTable(declared.source, name, decision.selected, short, ids))
        self.cells[declared.source, name] = counts
        return True

    def _probe(self, declared: SourceFile, keys: tuple[Key, ...] = ()) -> Probe:
        return _KeyProbe(lambda: self.opens(declared), self.deadline, keys)


class _KeyProbe(Probe):
    """A session in which the drawn persons' keys are bound."""

    def __init__(self, opens: Callable[[], Source], deadline: ProbeDeadline, keys: tuple[Key, ...]) -> None:
        super().__init__(opens, deadline)
        self._keys = keys

    def prepare(self, session: Source) -> None:
        """Fill the key table."""
        if self._keys:
            session.bind(self._keys, rfc3339(utc_now()))
        else:
            super().prepare(session)


def readable_lines(found: ReadableShare) -> Iterator[str]:
    """Yield the share, a line for each column that lacks something, and what the words mean."""
    of = (
        f"of {count(found.cells, 'cell')} of {count(found.persons, 'drawn person')}"
        if found.persons
        else f"of {count(found.cells, 'column')}; no persons were drawn, so each column counts the same"
    )
    share = f"{found.percent} % {of}" if found.cells else "no column is given yet, so none was judged"
    yield f"Readable: {share}."
    for column in found.columns:
        lost = f" ({count(column.cells, 'cell')})" if found.persons else ""
        yield f"  {column.path}{lost}: write {', '.join(need.in_words('write') for need in column.needs)}"
    for need in Need:
        if any(need in column.needs for column in found.columns):
            yield f"    {need.in_words('write')}: {need.in_words('means')}"
    if found.not_counted:
        yield f"  not counted: {', '.join(found.not_counted)}"
