"""Searches all tables of a source for the person, before an answer says that no data are held (R08, R09).

The ways of the inventory find rows by key, but not rows that name the person in another column or role. Here
the warehouse searches each column of text for the person's identifiers, and columns of plain numbers for
theirs. It counts the rows that hold one and that no way reaches; no value and no row leaves the warehouse.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from afschrift.domain.decision import Protect
from afschrift.domain.errors import AfschriftError
from afschrift.domain.extracted import NotSearched, Searched, SearchLimits
from afschrift.domain.keys import Key
from afschrift.domain.redaction import PointerKind
from afschrift.domain.sources import ColumnType, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.joins import key_columns
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.law.person import below
from afschrift.selection.identifiers import CATEGORIES, EDGES, GAPS, SIGNS, kind_of, search_name, whole_name
from afschrift.selection.statements import render
from afschrift.selection.ways import Match, Via, WayFinder

_TEXTS = (ValueKind.TEXT, ValueKind.JSON)
_LARGE = 500_000  # rows from which a table may take longer than its budget
_SAMPLE = 50_000  # rows of such a table whose search tells how long the whole one would take


@dataclass(frozen=True)
class _Look:
    """The search of a column for a kind of identifier, by the bound key `k`.

    Attributes:
        kind: of identifier; empty: plain numbers.
        text: SQL of the text to search, and its name in `may`, so that it is computed once for each row and
            not for each spelling; None for numbers.
        may: quick condition, which may hold by chance.
        does: exact condition.
        sign: condition without the keys that every matching text fulfils, for a first scan; empty: there is
            none.
    """

    column: str
    kind: str
    text: tuple[str, str] | None
    may: str
    does: str
    sign: str = ""


@dataclass(frozen=True)
class ResidualSearch:
    """Searches the tables of a source, in an open session whose key table holds the identifiers.

    Attributes:
        session: with the person's keys and `identifiers.search_keys` bound.
        keys: the same, as they were bound.
        hidden: `source.table` or `source.table.column` whose existence is hidden (R84).
    """

    inventory: Inventory
    declared: SourceFile
    session: Source
    keys: Sequence[Key]
    sql: Path
    limits: SearchLimits
    hidden: Collection[str] = ()

    def run(self) -> tuple[Searched, ...]:
        """Search each table that the inventory describes, once; results have the table's name in the source.

        Raises:
            ConfigurationError: a column that a way needs is not there.
            SourceDownError: the source is down.
        """
        catalogue = self.session.catalogue()
        history = self.session.structure().history
        finder = WayFinder(self.declared, self.inventory.identity, self.session.dialect, catalogue)
        entries: dict[str, list[str]] = {}
        for name, described in self.declared.tables.items():
            if not described.copy_of or described.unconfirmed:  # a copy repeats a table that is searched
                entries.setdefault(self.declared.in_source(name), []).append(name)
        return tuple(
            self._table(finder, table, names, catalogue.get(table), former=table in history)
            for table, names in entries.items()
            if not any(f"{self.declared.source}.{name}" in self.hidden for name in names)
        )

    def _table(
        self,
        finder: WayFinder,
        table: str,
        names: Sequence[str],
        columns: Mapping[str, ColumnType] | None,
        *,
        former: bool,
    ) -> Searched:
        """Search a table, with former rows if they are read; `FORMER`: that is not decided."""
        if columns is None:
            return Searched(table, reason=NotSearched.ABSENT)
        try:
            open_columns = dict(self._open(names, columns))
        except AfschriftError:  # no right to the table; if its rows are needed, the plan has asked
            return Searched(table, reason=NotSearched.RIGHT)
        looks = list(self._looks(names, open_columns))
        asked = {look.column for look in looks}
        reason = self._not_whole(names, open_columns, asked)
        if not looks:
            return Searched(table, reason=reason)
        history = {name: self.declared.tables[name].history for name in names}
        if former and None in history.values():
            reason = reason or NotSearched.FORMER
        relation = finder.all_rows(next((name for name in names if history[name] == "read"), names[0]))
        most = self.limits.rows + 1
        rows = self._counts("row_count.sql", relation=relation, most=most)[0]
        if rows == most:
            return Searched(table, reason=NotSearched.ROWS)
        if rows > _LARGE and self._seconds(relation, looks) * rows / _SAMPLE > self.limits.seconds:
            return Searched(table, reason=NotSearched.TIME)
        held = [look for some in _by_kind(looks) if self._holding(relation, some)[0] for look in some]
        readable = [column for column, found in columns.items() if not found.closed]
        found = self._found(finder, relation, names, readable, held) if held else {}
        return Searched(table, len(asked), rows, found, reason)

    def _found(
        self,
        finder: WayFinder,
        relation: str,
        names: Sequence[str],
        readable: Sequence[str],
        looks: Sequence[_Look],
    ) -> dict[str, int]:
        """Column -> number of rows with an identifier there that no way reaches."""
        belongs = [way for name in names for way in self._belongs(finder, name)]
        columns = dict.fromkeys(look.column for look in looks)
        counted = [[look.does for look in looks if look.column == column] for column in columns]
        _, *counts = self._holding(relation, looks, readable, counted=counted, belongs=belongs)
        return {column: count for column, count in zip(columns, counts, strict=True) if count}

    def _not_whole(
        self, names: Sequence[str], columns: Mapping[str, ColumnType], asked: Collection[str]
    ) -> NotSearched | None:
        """Why not all columns are searched; None: they are. Columns of secrets hold no identifiers."""
        for column, found in columns.items():
            declared = [self.declared.tables[name].columns.get(column) for name in names]
            secret = any(known and known.protect is Protect.SECRET for known in declared)
            if found.closed and not secret:
                return NotSearched.RIGHT
            if found.kind is None and not found.closed and column not in asked:
                return NotSearched.TYPE
        return None

    def _belongs(self, finder: WayFinder, name: str) -> tuple[Match | Via, ...]:
        return finder.ways(name).belongs if self.declared.tables[name].personal else ()

    def _seconds(self, relation: str, looks: Sequence[_Look]) -> float:
        """Seconds that the search of the first rows takes."""
        began = time.monotonic()
        names = ", ".join(dict.fromkeys(self.session.dialect.quote(look.column) for look in looks))
        some = f"(\nSELECT {names}\nFROM {relation} AS t\nLIMIT {_SAMPLE})"
        for kind in _by_kind(looks):
            self._holding(some, kind)
        return time.monotonic() - began

    def _holding(
        self, relation: str, looks: Sequence[_Look], readable: Sequence[str] = (), **parts: object
    ) -> list[int]:
        """Number of rows that may hold an identifier of the person, and further counts of them.

        Args:
            relation: to search.
            looks: the searches.
            readable: further columns that the statement needs.
            parts: of the statement.
        """
        signs = [look.sign for look in looks] if all(look.sign for look in looks) else []
        parts = {"counted": (), "belongs": (), **parts}
        quote = self.session.dialect.quote
        needed = dict.fromkeys((*readable, *(look.column for look in looks if look.text is None)))
        texts = [(f"t.{quote(column)}", quote(column)) for column in needed]
        texts += [look.text for look in looks if look.text is not None]
        may = [look.may for look in looks]
        return self._counts("residual.sql", relation=relation, texts=texts, may=may, signs=signs, **parts)

    def _looks(self, names: Sequence[str], columns: Mapping[str, ColumnType]) -> Iterator[_Look]:
        """Searches of columns that may name the person: texts, and plain numbers that ways do not use."""
        kinds = [kind for kind in EDGES if any(key.name == search_name(kind) for key in self.keys)]
        plain = {key.name for key in self.keys} & self.inventory.identity.keys.keys()
        numbers = {column: key_columns(self.declared, names, column) for column in columns}
        codes = self._columns_of_codes(names)
        for number, (column, column_type) in enumerate(columns.items()):
            if column_type.closed:
                continue
            if column_type.kind in _TEXTS and column not in codes:
                yield from (self._text(column, kind, number) for kind in kinds)
            yield from (self._number(column, column_type, key) for key in sorted(numbers[column] & plain))

    def _columns_of_codes(self, names: Sequence[str]) -> set[str]:
        """Columns of a key that is no address or number, such as a device: the ways search those already."""
        country, found = self.inventory.controller.country, set()
        for table in (self.declared.tables[name] for name in names):
            for name, link in table.subject.items():
                own = [key.value for key in self.keys if key.name == name]
                described = table.columns.get(link.column)
                if own:
                    code = not any(kind_of(value, country) for value in own)
                else:  # the person has no such key: the data map's category decides
                    category = described.category if described else None
                    code = category is not None and not below(category, CATEGORIES)
                if code:
                    found.add(link.column)
        return found

    def _text(self, column: str, kind: PointerKind, number: int) -> _Look:
        dialect = self.session.dialect
        own = dialect.text(f"t.{dialect.quote(column)}")
        text, gaps = own if kind is PointerKind.PHONE else f"lower({own})", GAPS.get(kind, "")
        spelt, whole = (f"k.name = {dialect.literal(name)}" for name in (search_name(kind), whole_name(kind)))
        bare = dialect.without(text, gaps) if gaps else text
        name = dialect.quote(f"afschrift_{kind}_{number}")
        may = f"({spelt} AND {dialect.mentions(f't.{name}', 'k.value')})"
        does = may
        matches = dialect.matches(text, "k.value")
        if matches is not None:  # CASE: no other value of the key table is a pattern
            does = f"CASE WHEN {whole} THEN {matches} END"
        return _Look(
            column, kind, (bare, name), may, does, dialect.matches(own, dialect.literal(SIGNS[kind])) or ""
        )

    def _number(self, column: str, column_type: ColumnType, key: str) -> _Look:
        dialect = self.session.dialect
        holds = dialect.holds_key(f"t.{dialect.quote(column)}", column_type.native)
        same = f"(k.name = {dialect.literal(key)} AND {holds})"
        return _Look(column, "", None, same, same)

    def _open(
        self, names: Sequence[str], columns: Mapping[str, ColumnType]
    ) -> Iterator[tuple[str, ColumnType]]:
        """The columns that are not excluded from the search."""
        for column, column_type in columns.items():
            declared = [self.declared.tables[name].columns.get(column) for name in names]
            out = any(c and c.mentions and c.mentions.settled == "not_searched" for c in declared)
            hidden = any(self._is_hidden(name, column) for name in names)
            if not out and not hidden:
                yield column, column_type

    def _is_hidden(self, name: str, column: str) -> bool:
        """Whether a column is hidden; a document is if any part is, since it is searched as a whole."""
        members = (n for n, part in self.declared.tables[name].parts.items() if part.column == column)
        return any(f"{self.declared.source}.{name}.{member}" in self.hidden for member in (column, *members))

    def _counts(self, template: str, **parts: object) -> list[int]:
        dialect = self.session.dialect
        statement = render(self.sql, template, keys=dialect.keys, gathered=dialect.gathers_keys, **parts)
        return [int(count) for count in self.session.rows(statement)[0]]


def _by_kind(looks: Sequence[_Look]) -> Iterator[list[_Look]]:
    """The searches grouped by kind of identifier, since `sign` is compared by kind."""
    for kind in dict.fromkeys(look.kind for look in looks):
        yield [look for look in looks if look.kind == kind]
