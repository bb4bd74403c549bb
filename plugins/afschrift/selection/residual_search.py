"""Looks for the person in all tables of a source, before anything says that none is held (R08, R09).

The ways of the inventory find rows by key. A row that names the person in another column, or in another role,
they do not find: here the warehouse looks for the person's identifiers in each column of text, and for their
plain numbers in columns of such numbers. It counts the rows that hold one and that no way reaches; no value
and no row leaves it.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from afschrift.domain.extracted import NotSearched, Searched, SearchLimits
from afschrift.domain.keys import Key
from afschrift.domain.pointer import PointerKind
from afschrift.domain.sources import ColumnType, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.joins import key_columns
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.selection.identifiers import EDGES, SIGNS, search_name
from afschrift.selection.person import Match, Via, WayFinder
from afschrift.selection.statements import render

_TEXTS = (ValueKind.TEXT, ValueKind.JSON)
_SAMPLE = 50_000  # rows of a large table whose search tells how long the whole one would take


@dataclass(frozen=True)
class _Look:
    """What is asked of one column, of the key `k`: whether it may be in there, and whether it is.

    Attributes:
        signs: what every text has that it may be in, for a first look without the keys; empty: unknown.
    """

    may: tuple[str, ...]
    does: tuple[str, ...]
    signs: tuple[str, ...]

    @classmethod
    def of(cls, asked: Sequence[_Look]) -> _Look:
        """All of them together; the signs count where each has some."""
        may = (one for look in asked for one in look.may)
        does = (one for look in asked for one in look.does)
        signs = (one for look in asked for one in look.signs)
        return cls(tuple(may), tuple(does), tuple(signs) if all(look.signs for look in asked) else ())


@dataclass(frozen=True)
class ResidualSearch:
    """Searches the tables of one source, in an open session whose key table holds what is looked for.

    Attributes:
        session: with the person's keys and `identifiers.search_keys` bound.
        keys: the same, as they were bound.
        hidden: `source.table` or `source.table.column` of which nobody may know (R84).
    """

    inventory: Inventory
    declared: SourceFile
    session: Source
    keys: Sequence[Key]
    sql: Path
    limits: SearchLimits
    hidden: Collection[str] = ()

    def run(self) -> tuple[Searched, ...]:
        """Each table that the inventory describes, once, by its name in the source.

        Raises:
            ConfigurationError: a column that a way needs is not there.
            SourceDownError: the source is down.
        """
        catalogue = self.session.catalogue()
        finder = WayFinder(self.declared, self.inventory.identity, self.session.dialect, catalogue)
        entries: dict[str, list[str]] = {}
        for name, described in self.declared.tables.items():
            if not described.copy_of:  # it repeats a table that is searched
                entries.setdefault(self.declared.in_source(name), []).append(name)
        return tuple(
            self._table(finder, table, names, catalogue.get(table))
            for table, names in entries.items()
            if not any(f"{self.declared.source}.{name}" in self.hidden for name in names)
        )

    def _table(
        self, finder: WayFinder, table: str, names: Sequence[str], columns: Mapping[str, ColumnType] | None
    ) -> Searched:
        if columns is None:
            return Searched(table, reason=NotSearched.ABSENT)
        looks = dict(self._looks(names, columns))
        unknown = any(one.kind is None and name not in looks for name, one in self._open(names, columns))
        reason = NotSearched.TYPE if unknown else None
        if not looks:
            return Searched(table, reason=reason)
        relation = self.session.dialect.relation(table)
        most = self.limits.rows + 1
        rows = self._counts("row_count.sql", relation=relation, most=most)[0]
        if rows == most:
            return Searched(table, reason=NotSearched.ROWS)
        if rows > _SAMPLE and self._seconds(relation, looks) * rows / _SAMPLE > self.limits.seconds:
            return Searched(table, reason=NotSearched.TIME)
        found: dict[str, int] = {}
        if self._holding(relation, looks)[0]:
            belongs = [way for name in names for way in self._belongs(finder, name)]
            counted = [look.does for look in looks.values()]
            _, *counts = self._holding(relation, looks, counted=counted, belongs=belongs)
            found = {column: count for column, count in zip(looks, counts, strict=True) if count}
        return Searched(table, len(looks), rows, found, reason)

    def _belongs(self, finder: WayFinder, name: str) -> tuple[Match | Via, ...]:
        return finder.ways(name).belongs if self.declared.tables[name].personal else ()

    def _seconds(self, relation: str, looks: Mapping[str, _Look]) -> float:
        """How long the search of the first rows takes."""
        began = time.monotonic()
        names = ", ".join(self.session.dialect.quote(column) for column in looks)
        some = f"(\nSELECT {names}\nFROM {relation} AS t\nLIMIT {_SAMPLE})"
        self._holding(some, looks)
        return time.monotonic() - began

    def _holding(self, relation: str, looks: Mapping[str, _Look], **parts: object) -> list[int]:
        """How many rows may hold an identifier of the person, and what else is counted of them."""
        look = _Look.of(list(looks.values()))
        parts = {"counted": (), "belongs": (), **parts}
        return self._counts("residual.sql", relation=relation, may=look.may, signs=look.signs, **parts)

    def _looks(self, names: Sequence[str], columns: Mapping[str, ColumnType]) -> Iterator[tuple[str, _Look]]:
        """The columns that may name the person: texts, and plain numbers beside those that the ways use."""
        kinds = [kind for kind in EDGES if any(key.name == search_name(kind) for key in self.keys)]
        plain = {key.name for key in self.keys} & self.inventory.identity.keys.keys()
        numbers = {column: key_columns(self.declared, names, column) for column in columns}
        for column, column_type in self._open(names, columns):
            quoted = f"t.{self.session.dialect.quote(column)}"
            asked = [self._text(quoted, kind) for kind in kinds if column_type.kind in _TEXTS]
            asked += [self._number(quoted, column_type, key) for key in sorted(numbers[column] & plain)]
            if asked:
                yield column, _Look.of(asked)

    def _text(self, column: str, kind: PointerKind) -> _Look:
        dialect = self.session.dialect
        text = f"lower({dialect.text(column)})"
        named = f"k.name = {dialect.literal(search_name(kind))}"
        may, does = dialect.mentions(text, "k.value"), dialect.mentions(text, "k.value", EDGES[kind])
        signs = [
            dialect.mentions(dialect.text(column), dialect.literal(sign)) for sign in SIGNS.get(kind, ())
        ]
        return _Look((f"({named} AND {may})",), (f"({named} AND {does})",), tuple(signs))

    def _number(self, column: str, column_type: ColumnType, key: str) -> _Look:
        dialect = self.session.dialect
        holds = dialect.holds_key(column, column_type.native, casefold=False)
        same = (f"(k.name = {dialect.literal(key)} AND {holds})",)
        return _Look(same, same, ())

    def _open(
        self, names: Sequence[str], columns: Mapping[str, ColumnType]
    ) -> Iterator[tuple[str, ColumnType]]:
        """The columns that nobody took out of the search."""
        for column, column_type in columns.items():
            declared = [self.declared.tables[name].columns.get(column) for name in names]
            out = any(one and one.mentions and one.mentions.settled == "not_searched" for one in declared)
            hidden = any(f"{self.declared.source}.{name}.{column}" in self.hidden for name in names)
            if not out and not hidden:
                yield column, column_type

    def _counts(self, template: str, **parts: object) -> list[int]:
        statement = render(self.sql, template, keys=self.session.dialect.keys, **parts)
        return [int(count) for count in self.session.rows(statement)[0]]
