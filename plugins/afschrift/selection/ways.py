"""Finds which rows of a table are the person's: the *ways* from the table to the person's keys.

A way is a key in the row (`Match`), or a join to a parent row that is the person's (`Via`), which has ways
itself. The templates of `include/sql/` turn this tree into conditions, and read its fields by name: to rename
a field, change the templates too. The person's keys are rows of the session's table `afschrift_key`, so a
statement is the same for all persons. A row with a key that always belongs to one person is theirs alone,
whatever it refers to (R31).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.keys import KeyMatch, Unique
from afschrift.domain.sources import Catalogue, ColumnType, Dialect
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.joins import hops
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.inventory.table import FORMER_ROWS, SubjectKey
from afschrift.selection.map_entries import column_sql, of_entries, unseen


@dataclass(frozen=True)
class Near:
    """A condition that an index can use: it finds all rows of the person, and perhaps others.

    Attributes:
        opening, closing: SQL around a SELECT of values, of which the row holds one.
        found: SQL of such a value.
    """

    opening: str
    found: str
    closing: str


@dataclass(frozen=True)
class Match:
    """A way by a key in the row.

    Attributes:
        key: name of the key, as a literal.
        name: of the key.
        match: how spellings may differ, if the column holds texts; None: values are compared.
        holds: condition that the column holds the bound key `k`.
        instant: the row's time as an instant, for keys that are passed on; None: see `timeless`.
        timeless: the row counts at any time (`at: any`, or a key that always belongs to one person).
        unless: columns of better keys; the row must have no value in any of them.
        sides: the column and the bound key, if the dialect collects keys before rows are read.
        near: wider condition for an index, if EXISTS alone uses none.
        text: SQL of the column's value as the text of a key.
        exact: equal to a key in the database means the same normal form, so that a row can be checked without
            the database (`held_keys`).
    """

    key: str
    name: str
    match: KeyMatch | None
    holds: str
    instant: str | None
    timeless: bool
    unless: tuple[str, ...] = ()
    sides: tuple[str, str] | None = None
    near: Near | None = None
    text: str = ""
    exact: bool = False


@dataclass(frozen=True)
class Via:
    """A way over a join: the row refers to a row of a parent table, under an alias, that is the person's.

    Attributes:
        pairs: conditions of the join.
        belongs: the parent's ways.
        unless: columns of keys that always belong to one person; a row with a value in one is that person's,
            whatever it refers to. Empty: the data map says that such rows are shared.
        theirs: the parent's columns in `pairs`, quoted, each with the SQL to group its rows by.
        columns: all columns of the parent that may be read, quoted.
        alike: both sides of each pair have the same type, so that equal values are identical.
        near: wider condition for an index, if EXISTS alone uses none.
    """

    relation: str
    alias: str
    pairs: tuple[str, ...]
    belongs: tuple[Match | Via, ...]
    unless: tuple[str, ...] = ()
    theirs: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    alike: bool = False
    near: Near | None = None


@dataclass(frozen=True)
class Ways:
    """All ways of a table, the names of their keys, and a description; a row counts once."""

    belongs: tuple[Match | Via, ...]
    keys: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class ForeignRows:
    """Ways to rows that nearly belong to the person: they have another key or spelling, and are not given.

    Attributes:
        own: the ways to the person's rows.
        near: ways over joins that ignore the row's own keys, and by what the database itself compares as
            equal.
    """

    own: tuple[Match | Via, ...]
    near: tuple[Match | Via, ...]


_VALUES = {ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.UUID, ValueKind.DATE}


def closed(column: str) -> NeedsPersonError:
    """The error for a column (`source.table.column`) that the account has no right to."""
    return NeedsPersonError(
        f"The connection has no right to read {column}.",
        question="no_right",
        detail={"table": column},
        remedy="give its account SELECT on the column, or on the whole table.",
    )


class WayFinder:
    """Finds the ways of a source's tables, and writes SQL for their columns."""

    def __init__(
        self, source: SourceFile, identity: IdentityFile, dialect: Dialect, catalogue: Catalogue
    ) -> None:
        self._source = source
        self._identity = identity
        self._dialect = dialect
        self._catalogue = of_entries(source, catalogue, dialect)

    @property
    def dialect(self) -> Dialect:
        """The dialect of the source."""
        return self._dialect

    @property
    def tables(self) -> Collection[str]:
        """Tables of the inventory that the source has."""
        return self._catalogue.keys()

    def relation(self, table: str) -> str:
        """SQL expression for a table of the inventory in a FROM clause."""
        return self._dialect.relation(self._source.in_source(table))

    def all_rows(self, table: str) -> str:
        """As `relation`, with former rows if the inventory says so."""
        former = self._source.tables[table].history == "read"
        return self.relation(table) + (FORMER_ROWS if former else "")

    def ways(self, table: str) -> Ways:
        """The ways of a table.

        Raises:
            ConfigurationError: the table is not in the source.
        """
        keys: dict[str, None] = {}
        words: list[str] = []
        belongs = self._belongs(table, "t", frozenset(), keys, words, table)
        return Ways(belongs, tuple(keys), "; ".join(words))

    def foreign(self, table: str) -> ForeignRows | None:
        """Ways to rows that nearly belong to the person, by another key or spelling; None: none."""
        own = self.ways(table).belongs
        likened = self._belongs(table, "t", frozenset(), {}, [], table, likens=True)
        near = tuple(replace(way, unless=()) if isinstance(way, Via) else way for way in likened)
        near = tuple(way for way in near if way not in own)
        return ForeignRows(own, near) if near else None

    def belongs(self, table: str, alias: str, without: str) -> tuple[Match | Via, ...]:
        """The ways of a table under an alias, as a parent of table `without`; none leads through that."""
        return self._belongs(table, alias, frozenset({without}), {}, [], table)

    def key_match(self, table: str, key: str) -> Match | None:
        """The way by a key that is a text; None: the table has no such way, or compares values."""
        found = dict(self._matches(table, "t")).get(key)
        return found if found is not None and found.match is not None else None

    def native(self, table: str, column: str) -> str:
        """The catalogue's type of a column.

        Raises:
            ConfigurationError: the table or the column is not in the source.
            NeedsPersonError: it may be there, but the connection has no right to it.
        """
        columns = self._catalogue.get(table)
        if columns is None or column not in columns:
            raise unseen(self._source.source, table, column, columns, hides=self._dialect.hides_tables)
        return columns[column].native

    def _belongs(
        self,
        table: str,
        alias: str,
        seen: frozenset[str],
        keys: dict[str, None],
        words: list[str],
        trail: str,
        *,
        likens: bool = False,
    ) -> tuple[Match | Via, ...]:
        """The ways; `likens`: with the database's own equality, which may be wider than that of bytes."""
        found: list[Match | Via] = []
        for name, match in self._matches(table, alias, likens=likens):
            found.append(match)
            keys[name] = None
            words.append(f"{trail} by {name}")
        shared = self._source.tables[table].shared_rows is not None
        unless = () if shared else self._best(table, alias)
        for number, hop in enumerate(hops(self._source, table), start=1):
            if hop.parent in seen | {table}:  # never from a row to who refers to it (R14)
                continue
            way = f"{trail} -> {hop.parent}"
            parent = f"{alias}{number}"
            inner = self._belongs(hop.parent, parent, seen | {table}, keys, words, way, likens=likens)
            if inner:
                pairs = tuple(
                    self.equal((table, own, alias), (hop.parent, theirs, parent), likens=likens)
                    for own, theirs in hop.pairs
                )
                grouped = (
                    (self._dialect.quote(its), self._grouped(hop.parent, its, parent)) for _, its in hop.pairs
                )
                theirs = tuple(dict.fromkeys(grouped))
                alike = all(self._alike((table, own), (hop.parent, its)) for own, its in hop.pairs)
                readable, relation = self.readable(hop.parent), self.relation(hop.parent)
                own, their = hop.pairs[0]
                sides = self.column(table, own, alias), self.column(hop.parent, their, parent)
                near = self._near(*sides) if " = ".join(sides) in pairs[0] else None
                found.append(Via(relation, parent, pairs, inner, unless, theirs, readable, alike, near))
        alone = len(found) < 2 and not self._dialect.asks_each_row
        return tuple(replace(way, near=None) if alone else way for way in found)

    def _near(self, column: str, found: str | None) -> Near | None:
        among = self._dialect.among(column)
        return None if among is None or found is None else Near(among[0], found, among[1])

    def equal(self, own: tuple[str, str, str], theirs: tuple[str, str, str], *, likens: bool = False) -> str:
        """Condition: two columns are equal, each given by table, name and alias."""
        sides = [(self.column(*side), self.native(side[0], side[1])) for side in (own, theirs)]
        loose = any(self._catalogue[table][column].loose for table, column, _ in (own, theirs))
        if likens and loose and all(self._dialect.is_text(native) for _, native in sides):
            return self._dialect.likens(sides[0], sides[1])
        return self._dialect.joins(sides[0], sides[1], loose=loose)

    def _grouped(self, table: str, column: str, alias: str) -> str:
        """SQL to group rows by a column: texts by bytes, since GROUP BY uses the database's equality."""
        native, quoted = self.native(table, column), f"{alias}.{self._dialect.quote(column)}"
        loose = self._catalogue[table][column].loose and self._dialect.is_text(native)
        return self._dialect.text_bytes(quoted, native) if loose else quoted

    def _alike(self, own: tuple[str, str], theirs: tuple[str, str]) -> bool:
        """Whether two columns have the same type, for which equal values are identical."""
        kinds = {self._catalogue[table][column].kind for table, column in (own, theirs)}
        texts = {ValueKind.TEXT} if self._dialect.compares_bytes else set()
        return self.native(*own) == self.native(*theirs) and kinds <= _VALUES | texts

    def readable(self, table: str) -> tuple[str, ...]:
        """The columns that the source has of a table and the connection may read, quoted."""
        columns = self._catalogue[table].items()
        return tuple(
            self._dialect.quote(name)
            for name, column in columns
            if not column.closed and not (column.part and column.part.path)
        )

    def column(self, table: str, column: str, alias: str = "t") -> str:
        """A column that the connection may read, qualified and quoted; of a document the SQL of its part."""
        self.native(table, column)
        found = self._catalogue[table][column]
        if found.closed:
            raise closed(f"{self._source.source}.{table}.{column}")
        return column_sql(self._dialect, column, found, alias)

    def holds(self, table: str, key: str, alias: str = "t") -> str:
        """Condition: the table's column of a key equals the bound key `k`."""
        link, column, native = self._linked(table, key, alias)
        return self._dialect.holds_key(column, native, link.match, normal=link.normal is not None)

    def bears(
        self, table: str, column: str, key: str, *, of_row: bool, match: KeyMatch = KeyMatch.EXACT
    ) -> str:
        """Condition: a column holds the person's key at any time; `of_row`: the key of the row's person."""
        native, quoted = self.native(table, column), self.column(table, column)
        keys = f"FROM {self._dialect.keys} AS k WHERE k.name = {self._dialect.literal(key)}"
        if of_row:
            keys += " AND k.person = t.afschrift_person"
        sides = self._dialect.key_sides(quoted, native, match)
        if sides and not of_row:
            return f"{sides[0]} IN (SELECT {sides[1]} {keys} AND {sides[1]} IS NOT NULL)"
        return f"EXISTS (SELECT 1 {keys} AND {self._dialect.holds_key(quoted, native, match)})"

    def sides(self, table: str, key: str, alias: str = "t") -> tuple[str, str] | None:
        """Both sides of `holds`, if the dialect collects keys before rows are read."""
        link, column, native = self._linked(table, key, alias)
        return self._dialect.key_sides(column, native, link.match, normal=link.normal is not None)

    def form(self, table: str, key: str, alias: str = "t", match: KeyMatch | None = None) -> str:
        """SQL of a key, of a text in the form `match` (default: of the table), to be compared by bytes."""
        link, column, native = self._linked(table, key, alias)
        if link.normal is not None and match in (None, link.match) and self._dialect.is_text(native):
            return self._dialect.text_bytes(column, native)
        match = match or link.match
        if self._dialect.is_text(native) or match is KeyMatch.DIGITS:
            return self._dialect.key_form(column, native, match)
        return self._dialect.key_text(column, native)

    def stored(self, table: str, key: str) -> str:
        """SQL of a key of text as it is stored, to be compared by bytes."""
        _, column, native = self._linked(table, key, "t")
        return self._dialect.text_bytes(column, native)

    def stored_and_form(self, table: str, key: str) -> dict[str, str]:
        """A key of text as it is `stored`, and its normal form."""
        link, column, native = self._linked(table, key, "t")
        match = KeyMatch.CASEFOLD if link.match is KeyMatch.EMAIL else link.match
        return {"stored": self.stored(table, key), "form": self._dialect.key_form(column, native, match)}

    def _linked(self, table: str, key: str, alias: str) -> tuple[SubjectKey, str, str]:
        link = self._source.tables[table].subject[key]
        return link, self.column(table, link.column, alias), self.native(table, link.column)

    def type_of(self, table: str, column: str) -> ColumnType:
        """A column of the catalogue; errors as for `native`."""
        self.native(table, column)
        return self._catalogue[table][column]

    def instant(self, table: str, column: str, alias: str = "t") -> str:
        """A column of times as an instant."""
        native = self.native(table, column)
        return self._dialect.instant(self.column(table, column, alias), native, self._source.zone)

    def _matches(self, table: str, alias: str, *, likens: bool = False) -> Iterator[tuple[str, Match]]:
        """The matches of a table. The best key in a row decides; others count only without it."""
        subject = self._source.tables[table].subject
        best = [name for name in subject if self._unique(name) is Unique.YES]
        unless = self._best(table, alias)
        for name in best:
            yield name, self._match(table, alias, name, timeless=True, likens=likens)
        for name, link in subject.items():
            if name not in best and not (best and (link.valid_from or link.valid_to)):
                timeless = link.at == "any"
                match = self._match(table, alias, name, timeless=timeless, unless=unless, likens=likens)
                yield name, match

    def _best(self, table: str, alias: str) -> tuple[str, ...]:
        """Columns of the keys that always belong to one person: a row with such a key is that person's."""
        subject = self._source.tables[table].subject
        best = [link for name, link in subject.items() if self._unique(name) is Unique.YES]
        return tuple(self.column(table, link.column, alias) for link in best)

    def _match(
        self,
        table: str,
        alias: str,
        name: str,
        *,
        timeless: bool,
        unless: tuple[str, ...] = (),
        likens: bool = False,
    ) -> Match:
        dialect, (link, column, native) = self._dialect, self._linked(table, name, alias)
        of_type = self._catalogue[table][link.column]
        is_text = dialect.is_text(native) or link.match is KeyMatch.DIGITS
        holds, sides = self.holds(table, name, alias), self.sides(table, name, alias)
        normal = link.normal is not None
        if likens and of_type.loose and dialect.is_text(native):
            holds, sides, normal = dialect.likens_key(column, native, link.match), None, True
        looked = dialect.near_key(column, native, link.match, normal=normal)
        near = self._near(*looked) if looked else None
        return Match(
            key=dialect.literal(name),
            name=name,
            match=link.match if is_text else None,
            holds=holds,
            instant=self.instant(table, link.at, alias) if link.at and not timeless else None,
            timeless=timeless,
            unless=unless,
            sides=sides,
            near=near,
            text=dialect.key_text(column, native),
            exact=of_type.kind in _VALUES
            or (dialect.compares_bytes and of_type.kind is not ValueKind.NUMBER),
        )

    def _unique(self, key: str) -> Unique:
        return self._identity.keys[key].unique
