"""Which columns hold one value: those of a key of the person, and those that a join or a foreign key ties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from afschrift.canary.made_values import Place
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Source
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table
from afschrift.selection.statements import render

Node = tuple[str, str, str]
"""Source, table in the source, column; a key of the person is `("", "", name)`."""
Make = Callable[[Sequence[Place]], str | None]


class SameValues:
    """Columns by the value that they share, over all sources."""

    def __init__(self, sql: Path) -> None:
        """`sql`: folder of the templates."""
        self._sql = sql
        self._over: dict[Node, Node] = {}
        self._places: dict[Node, Place] = {}
        self._values: dict[Node, str | None] = {}
        self._there: dict[Node, str | None] = {}
        self._parents: dict[tuple[str, str], set[str]] = {}

    def of(self, source: SourceFile, session: Source) -> None:
        """Take in a source: its columns, what ties them, and the rows elsewhere that they must point to."""
        catalogue, name = session.catalogue(), source.source
        for entry, table in source.tables.items():
            physical = source.in_source(entry)
            for column, native in catalogue.get(physical, {}).items():
                node = (name, physical, column)
                if node not in self._places or column in table.columns:
                    self._places[node] = Place(column, native, table.columns.get(column))
            if not table.personal:
                continue
            for key, link in table.subject.items():
                self._tie((name, physical, link.column), ("", "", key))
            targets = [pair for join in table.join for pair in join.items()]
            for column, target in (*targets, *table.references.items()):
                other, _, there = target.rpartition(".")
                self._points(source, physical, column, source.in_source(other), there)
        for foreign in session.structure().foreign_keys:
            for column, there in zip(foreign.columns, foreign.parent_columns, strict=True):
                self._points(source, foreign.table, column, foreign.parent, there)
        self._read_rows(source, session)

    def _points(self, source: SourceFile, table: str, column: str, parent: str, there: str) -> None:
        self._tie((source.source, table, column), (source.source, parent, there))
        if parent != table:
            self._parents.setdefault((source.source, table), set()).add(parent)

    def _read_rows(self, source: SourceFile, session: Source) -> None:
        """Of a table that holds nothing personal the row must be there: the first one is taken."""
        catalogue, quote = session.catalogue(), session.dialect.quote
        personal = {source.in_source(name) for name, table in source.tables.items() if table.personal}
        parents = {
            parent for (name, _), of in self._parents.items() if name == source.source for parent in of
        }
        for parent in sorted(parents - personal):
            columns = [c for c in catalogue.get(parent, {}) if (source.source, parent, c) in self._over]
            if not columns:
                continue
            texts = [session.dialect.text(f"t.{quote(column)}") for column in columns]
            relation = session.dialect.relation(parent)
            found = session.rows(render(self._sql, "first_row.sql", columns=texts, relation=relation))
            for column, value in zip(columns, found[0] if found else (), strict=bool(found)):
                self._there[source.source, parent, column] = None if value is None else str(value)

    def fix(self, source: SourceFile, table: str, column: str, value: str) -> None:
        """Say what a column holds, by the table's name in the data map."""
        self._values[self._root((source.source, source.in_source(table), column))] = value

    def key(self, name: str, make: Make) -> str:
        """The person's value of a key.

        Raises:
            ConfigurationError: no table of the data map holds the key.
        """
        found = self._of(("", "", name), make)
        if found is None:
            raise ConfigurationError(
                f"No value can be made for the identity key {name}.",
                remedy="see that a `subject` of the data map names a column for it.",
            )
        return found

    def value(self, source: SourceFile, table: str, column: str, make: Make) -> str | None:
        """The value of a column, by the table's name in the source; NULL where nothing can be pointed to."""
        return self._of((source.source, table, column), make)

    @staticmethod
    def leads_up(table: Table, column: str) -> bool:
        """Whether a column ties a row to the person or to the row above it, so every row has the same."""
        ties = {link.column for link in table.subject.values()} | {c for join in table.join for c in join}
        return column in ties | set(table.references)

    def order(self, source: SourceFile) -> list[str]:
        """Tables of the source, those that others point to first; a ring is entered where the file begins."""
        done: dict[str, None] = {}
        waiting: set[str] = set()

        def visit(table: str) -> None:
            if table in done or table in waiting:
                return
            waiting.add(table)
            for parent in sorted(self._parents.get((source.source, table), ())):
                visit(parent)
            done[table] = None

        for name in source.tables:
            visit(source.in_source(name))
        return list(done)

    def _of(self, node: Node, make: Make) -> str | None:
        root = self._root(node)
        if root not in self._values:
            members = [one for one in {*self._over, node} if self._root(one) == root]
            there = [self._there[one] for one in sorted(members) if one in self._there]
            known = [self._places[one] for one in sorted(members) if one in self._places]
            self._values[root] = there[0] if there else make(known) if known else None
        return self._values[root]

    def _tie(self, one: Node, other: Node) -> None:
        first, second = self._root(one), self._root(other)
        self._over.setdefault(one, one)
        self._over.setdefault(other, other)
        if first != second:
            self._over[first] = second

    def _root(self, node: Node) -> Node:
        while (over := self._over.get(node, node)) != node:
            node = over
        return node
