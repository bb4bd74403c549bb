"""Which rows of a table are the person's: a tree of key matches and ways over joins.

The tree holds quoted identifiers only; `include/sql/` spells it out. The person's keys are rows of
the session's table `afschrift_key`, so the text of a statement is the same for everybody. A row that bears
a key that is for ever one person's is theirs alone, whatever it points to (R31).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from afschrift.domain.errors import ConfigurationError, NeedsPersonError
from afschrift.domain.keys import Unique
from afschrift.domain.sources import ColumnType, Dialect
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.joins import hops
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.inventory.table import FORMER_ROWS
from afschrift.selection.part_columns import column_sql, of_entries

_EXACT = {ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.UUID, ValueKind.DATE}
Catalogue = Mapping[str, Mapping[str, ColumnType]]


def closed(column: str) -> NeedsPersonError:
    """The account may read other columns of the table, and not this one (`source.table.column`)."""
    return NeedsPersonError(
        f"The connection has no right to read {column}.",
        question="no_right",
        detail={"table": column},
        remedy="give its account SELECT on the column, or on the whole table.",
    )


@dataclass(frozen=True)
class Near:
    """A condition by which an index finds rows, all that are the person's and perhaps others.

    Attributes:
        opening, closing: SQL around a SELECT of values, of which the row holds one.
        found: SQL of such a value.
    """

    opening: str
    found: str
    closing: str


@dataclass(frozen=True)
class Match:
    """The row holds a key of the person.

    Attributes:
        key: name of the key, as a literal.
        holds: condition that the column equals the bound key `k`.
        instant: the row's own time as an instant, for keys that change hands; None: see `timeless`.
        timeless: the row counts whatever its time (`at: any`, or a key that is for ever one person's).
        unless: columns of better keys; the row must hold none of them.
        sides: the column and the bound key, where the keys are to be gathered before rows are read.
        near: the keys among which the row's is at least, where EXISTS alone uses no index.
        text: SQL of the column's value as the text of a key.
        exact: what the database finds equal to a key is equal to whoever compares its text, so that a row
            can be told to be this person's without the database.
    """

    key: str
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
    """A row of a parent table, under an alias, is the person's and this row points to it.

    Attributes:
        unless: columns of keys that are for ever one person's; a row that holds one is that person's,
            whatever it points to. Empty where the data map says that such rows are shared.
        theirs: the parent's columns in `pairs`, quoted.
        columns: all columns of the parent that may be read, quoted.
        alike: both sides of each pair have the same type, so that what is equal to a value is one value.
        near: the parents to which the row points at least, where EXISTS alone uses no index.
    """

    relation: str
    alias: str
    pairs: tuple[str, ...]
    belongs: tuple[Match | Via, ...]
    unless: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    alike: bool = False
    near: Near | None = None


@dataclass(frozen=True)
class Ways:
    """All the ways by which rows of a table are the person's; a row counts once by however many."""

    belongs: tuple[Match | Via, ...]
    keys: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class ForeignRows:
    """Rows that a way over a join reaches though they bear somebody else's key.

    Attributes:
        borne: columns of keys that are for ever one person's.
        own: the rows that bear the person's own.
        joined: the ways over joins, as if no row bore a key.
    """

    borne: tuple[str, ...]
    own: tuple[Match | Via, ...]
    joined: tuple[Match | Via, ...]


class WayFinder:
    """Finds the ways of one source's tables to the person."""

    def __init__(
        self, source: SourceFile, identity: IdentityFile, dialect: Dialect, catalogue: Catalogue
    ) -> None:
        self._source = source
        self._identity = identity
        self._dialect = dialect
        self._catalogue = of_entries(source, catalogue, dialect)

    @property
    def dialect(self) -> Dialect:
        """How the source spells things."""
        return self._dialect

    @property
    def tables(self) -> Collection[str]:
        """Tables of the inventory that the source has."""
        return self._catalogue.keys()

    def relation(self, table: str) -> str:
        """What stands after FROM for a table of the inventory."""
        return self._dialect.relation(self._source.in_source(table))

    def all_rows(self, table: str) -> str:
        """The same, with former rows where the inventory says so."""
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
        """Rows that a join reaches and that bear another person's key; None where there can be none."""
        belongs = self.ways(table).belongs
        joined = tuple(replace(way, unless=()) for way in belongs if isinstance(way, Via) and way.unless)
        if not joined:
            return None
        own = tuple(way for way in belongs if isinstance(way, Match))
        return ForeignRows(self._best(table, "t"), own, joined)

    def native(self, table: str, column: str) -> str:
        """The catalogue's type of a column.

        Raises:
            ConfigurationError: the table or the column is not in the source.
            NeedsPersonError: it may be there, but the connection has no right to it.
        """
        columns = self._catalogue.get(table)
        if self._dialect.hides_tables and (columns is None or column not in columns):
            table_path = f"{self._source.source}.{table}"
            raise NeedsPersonError(
                f"The connection of {self._source.source} sees no {table}.{column}: it has no right to read "
                "it, or it is not there.",
                question="no_right",
                detail={"table": table_path},
                remedy="give its account SELECT on the table, or correct the inventory.",
            )
        if columns is None:
            raise ConfigurationError(
                f"Source {self._source.source} has no table {table}, but the inventory names it.",
                remedy="correct the inventory, or give the connection the right to see the table.",
            )
        if column not in columns:
            raise ConfigurationError(
                f"Table {self._source.source}.{table} has no column {column}, but the inventory names it.",
                remedy="correct the inventory.",
            )
        return columns[column].native

    def _belongs(
        self,
        table: str,
        alias: str,
        seen: frozenset[str],
        keys: dict[str, None],
        words: list[str],
        trail: str,
    ) -> tuple[Match | Via, ...]:
        found: list[Match | Via] = []
        for name, match in self._matches(table, alias):
            found.append(match)
            keys[name] = None
            words.append(f"{trail} by {name}")
        shared = self._source.tables[table].shared_rows is not None
        unless = () if shared else self._best(table, alias)
        for number, hop in enumerate(hops(self._source, table), start=1):
            if hop.parent in seen | {table}:
                continue
            way = f"{trail} -> {hop.parent}"
            parent = f"{alias}{number}"
            inner = self._belongs(hop.parent, parent, seen | {table}, keys, words, way)
            if inner:
                pairs = tuple(
                    self._dialect.joins(
                        (self.column(table, own, alias), self.native(table, own)),
                        (self.column(hop.parent, theirs, parent), self.native(hop.parent, theirs)),
                    )
                    for own, theirs in hop.pairs
                )
                theirs = tuple(dict.fromkeys(self._dialect.quote(column) for _, column in hop.pairs))
                alike = all(self._alike((table, own), (hop.parent, its)) for own, its in hop.pairs)
                readable, relation = self.readable(hop.parent), self.relation(hop.parent)
                own, their = hop.pairs[0]
                near = self._near(self.column(table, own, alias), self.column(hop.parent, their, parent))
                found.append(Via(relation, parent, pairs, inner, unless, theirs, readable, alike, near))
        if len(found) > 1 or self._dialect.asks_each_row:
            return tuple(found)
        return tuple(replace(way, near=None) for way in found)

    def _near(self, column: str, found: str | None) -> Near | None:
        among = self._dialect.among(column)
        return None if among is None or found is None else Near(among[0], found, among[1])

    def _alike(self, own: tuple[str, str], theirs: tuple[str, str]) -> bool:
        """Whether two columns have the same type, of which equal values are one value to GROUP BY too."""
        kinds = {self._catalogue[table][column].kind for table, column in (own, theirs)}
        texts = {ValueKind.TEXT} if self._dialect.names_collations else set()
        return self.native(*own) == self.native(*theirs) and kinds <= _EXACT | texts

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
        link = self._source.tables[table].subject[key]
        column, native = self.column(table, link.column, alias), self.native(table, link.column)
        return self._dialect.holds_key(column, native, casefold=link.match == "casefold")

    def instant(self, table: str, column: str, alias: str = "t") -> str:
        """A column of times as an instant."""
        native = self.native(table, column)
        return self._dialect.instant(self.column(table, column, alias), native, self._source.zone)

    def _matches(self, table: str, alias: str) -> Iterator[tuple[str, Match]]:
        """The best key a row holds decides: others count only where it holds none better."""
        subject = self._source.tables[table].subject
        best = [name for name in subject if self._unique(name) is Unique.YES]
        unless = self._best(table, alias)
        for name in best:
            yield name, self._match(table, alias, name, timeless=True)
        for name, link in subject.items():
            if name not in best and not (best and (link.valid_from or link.valid_to)):
                timeless = link.at == "any"
                yield name, self._match(table, alias, name, timeless=timeless, unless=unless)

    def _best(self, table: str, alias: str) -> tuple[str, ...]:
        """Columns of the keys that are for ever one person's: who bears one is that person."""
        subject = self._source.tables[table].subject
        best = [link for name, link in subject.items() if self._unique(name) is Unique.YES]
        return tuple(self.column(table, link.column, alias) for link in best)

    def _match(
        self, table: str, alias: str, name: str, *, timeless: bool, unless: tuple[str, ...] = ()
    ) -> Match:
        link = self._source.tables[table].subject[name]
        column, of_type = self.column(table, link.column, alias), self._catalogue[table][link.column]
        native, casefold = self.native(table, link.column), link.match == "casefold"
        return Match(
            key=self._dialect.literal(name),
            holds=self.holds(table, name, alias),
            instant=self.instant(table, link.at, alias) if link.at and not timeless else None,
            timeless=timeless,
            unless=unless,
            sides=self._dialect.key_sides(column, native, casefold=casefold),
            near=self._near(column, self._dialect.near_key(native, casefold=casefold)),
            text=self._dialect.key_text(column, native),
            exact=not of_type.loose and of_type.kind is not ValueKind.NUMBER,
        )

    def _unique(self, key: str) -> Unique:
        return self._identity.keys[key].unique
