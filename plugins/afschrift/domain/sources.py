"""Protocols of sources and their SQL dialects, and records of what a catalogue says.

The inventory names a connection, never a password. Arrow types are written as Any, so that the domain does
not import Arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

from afschrift.domain.keys import EXACT, Key, PersonKeys
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation
from afschrift.domain.value_kind import DocumentPart, ValueKind


@dataclass(frozen=True)
class Connection:
    """Address and credentials of a system, as Airflow keeps them under a connection id.

    Attributes:
        id: the connection id, for messages.
        kind: type of the system, for example `postgres`.
        database: Airflow calls it `schema`.
        extra: parameters of the driver, such as `sslmode`.
    """

    id: str
    kind: str
    host: str | None = None
    port: int | None = None
    login: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    database: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def place(self) -> str:
        """Host and port, for messages."""
        port = f":{self.port}" if self.port else ""
        return f"{self.host or 'the host of its extra'}{port}"


Connect = Callable[[str], Connection]
"""Finds a connection by its id; a ConfigurationError names the id where there is none."""


@dataclass(frozen=True)
class ColumnType:
    """A column as the source's catalogue describes it.

    Attributes:
        native: name of its type in the source.
        kind: logical kind of its value forms; None where the software does not know the type.
        expression: SQL that selects it exactly, with `{column}` for the quoted column.
        text: SQL of its value form, where that differs from a cast of `expression` to text; else empty.
        verbatim: SQL of the database's own text of a value, for `kind: text`; empty: it is `expression`.
        remedy: what to do about values that cannot be read exactly, not even as text; empty: they can.
        closed: the account has no right to it, though it may read other columns of the table.
        loose: the database compares texts as equal whose bytes differ, or this is not known.
        part: of a document that a column of the inventory represents; None: it is a column of the source.
        value: SQL of that part, with `{column}` for the quoted column that holds the document; NULL where
            there is none. It replaces the column in the templates above.
        damage: code of a damaged value for which the column is read as text; empty: none was found.
    """

    native: str
    kind: ValueKind | None
    expression: str
    text: str = ""
    verbatim: str = ""
    remedy: str = ""
    closed: bool = False
    loose: bool = False
    part: DocumentPart | None = None
    value: str = ""
    damage: str = ""

    def as_text(self, damage: str = "") -> ColumnType:
        """The column as `kind: text` in the inventory has it, or because a value of it is damaged."""
        text = self.verbatim or self.expression
        return replace(self, kind=ValueKind.TEXT, expression=text, text="", damage=damage or self.damage)


Catalogue = Mapping[str, Mapping[str, ColumnType]]
"""Table -> its columns in order."""


def in_template(text: str) -> str:
    """A text as a part of such a template, in which braces are doubled."""
    return text.replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True)
class ForeignKey:
    """A foreign key as the database declares it; the columns of both sides are in the same order."""

    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


@dataclass(frozen=True)
class Structure:
    """Tables are named as in the source; `SourceFile.structure` names them as in the inventory.

    Attributes:
        parts: a partition, or a child of PostgreSQL's INHERITS -> the table that its rows are read with.
        views: what is computed from other tables, so that nothing proves it complete.
        history: tables of which the database keeps former rows that a plain SELECT does not show.
        hidden: tables that exist, in a schema that the account may not use.
        ignored: table of a lake -> how many of its files are ignored, as the inventory says.
        versions: table with a log -> the version that is read.
    """

    foreign_keys: tuple[ForeignKey, ...] = ()
    parts: dict[str, str] = field(default_factory=dict)
    views: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Described:
    """Keys, comments and sizes of tables as in `Source.catalogue()`, as far as the database has them.

    Attributes:
        keys, unique: table -> columns of its primary key, in order; its further unique keys.
        required: table -> columns that are never NULL.
        comments, column_comments: the database's comments on tables and columns.
        rows: table -> number of rows by the database's statistics.
        reads: view -> tables that it reads.
        spread: table of a lake whose log has bounds -> number of its files, and what counts for a column how
            many of them can hold a value from the middle.
    """

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unique: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    required: Mapping[str, frozenset[str]] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    column_comments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spread: Mapping[str, tuple[int, Callable[[str], int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class TableVersions:
    """Versions of a source's tables with a log, chosen for a plan.

    Attributes:
        at: RFC 3339 instant of which they are.
        versions: table in the source -> version; empty: they are not chosen yet.
        not_at_receipt: tables whose log does not have the state at the receipt, if the source asks for
            that; then all are of the instant of the look.
    """

    at: str
    versions: dict[str, str] = field(default_factory=dict)
    not_at_receipt: tuple[str, ...] = ()


Sides = tuple[str, str] | None  # what is compared of a row, and of the bound key


class Dialect(Protocol):
    """The SQL of a kind of database, for the templates of `include/sql`.

    Attributes:
        hides_tables: its catalogue lacks what the account has no right to.
        account: statement whose rows are the account and its roles; empty: there is none.
        version_statement: statement whose row is the server's version.
        compares_bytes: it can be asked for the normal form of a text, and for the bytes of one.
        sorts_in_our_memory: this process holds all rows of a statement while it sorts them, without ranges.
        gathers_keys: the keys are collected before rows are read; a lookup for each row would keep all rows.
        asks_each_row: EXISTS uses no index of the outer table; in other databases two of them, with OR, use
            none.
    """

    name: str
    hides_tables: bool
    account: str
    version_statement: str
    compares_bytes: bool
    sorts_in_our_memory: bool
    gathers_keys: bool
    asks_each_row: bool

    @property
    def keys(self) -> str:
        """SQL expression for the session's key table in a FROM clause."""

    @property
    def one_row(self) -> str:
        """SQL that ends a statement of which only the first row is needed."""

    def quote(self, identifier: str) -> str:
        """An identifier of the inventory, quoted."""

    def relation(self, table: str) -> str:
        """SQL expression for a table of the inventory in a FROM clause (a lake's is a scan of files)."""

    def literal(self, text: str) -> str:
        """A constant of the inventory as a string literal; never a value of a person."""

    def text(self, expression: str) -> str:
        """A value as text."""

    def last_four(self, text: str) -> str:
        """The last four characters of a text; nothing of one shorter than eight."""

    def token(self, salt: str, text: str, digits: int = 8) -> str | None:
        """The first hex digits of SHA-256 over two texts in UTF-8; None where it has no SHA-256."""

    def hexadecimal(self, column: str) -> str:
        """A column of bytes as hex digits in small letters."""

    def uuid_digits(self, column: str) -> str | None:
        """The hex digits of bytes that are as many as a UUID has, else NULL; None: it is not known how."""

    def is_text(self, native: str) -> bool:
        """Whether a type holds texts, which a database may compare in more ways than by their bytes."""

    def holds_key(self, column: str, native: str, match: str = EXACT, *, normal: bool = False) -> str:
        """Condition: a column holds the key `k`; never raises, never rounds. `normal`: stored in its form."""

    def key_sides(self, column: str, native: str, match: str = EXACT, *, normal: bool = False) -> Sides:
        """Both sides of `holds_key` where the database `gathers_keys`."""

    def likens_key(self, column: str, native: str, match: str = EXACT) -> str:
        """Condition: a column of texts equals the key `k` by the column's own collation."""

    def key_form(self, column: str, native: str, match: str = EXACT) -> str:
        """The normal form of a column's text, to be compared by bytes; for an index on the expression too."""

    def index_on(self, relation: str, form: str) -> str | None:
        """Statement that makes an index by which `key_form` is found; None: there is none."""

    def text_bytes(self, column: str, native: str) -> str:
        """A column's text, to be compared by bytes."""

    def near_key(self, column: str, native: str, match: str = EXACT, *, normal: bool = False) -> Sides:
        """What an index holds of a column, and the key as it is looked for there: no row is missed."""

    def among(self, column: str) -> tuple[str, str] | None:
        """What opens and closes a SELECT so that an index finds a column in it; None: EXISTS uses indexes."""

    def mentions(self, text: str, value: str) -> str:
        """Condition: a text holds another one, both in small letters (ASCII); else false or NULL."""

    def matches(self, text: str, pattern: str) -> str | None:
        """Condition: a regular expression of `selection.identifiers` matches; None where it knows none."""

    def plain(self, text: str) -> str:
        """The plain form of a text (`domain.plain_text`), as far as the database can make it."""

    def replaced(self, text: str, pattern: str, by: str) -> str:
        """A text with another one for each match of a pattern; unchanged where it knows none."""

    def without(self, text: str, signs: str) -> str:
        """A text without some signs (ASCII)."""

    def joins(self, own: tuple[str, str], theirs: tuple[str, str], *, loose: bool = True) -> str:
        """Condition: two columns, each with its type, are equal, texts by bytes; `loose`: one's type is."""

    def likens(self, own: tuple[str, str], theirs: tuple[str, str]) -> str:
        """Condition: two columns are equal to the database itself."""

    def key_text(self, column: str, native: str) -> str:
        """A column's value as the text of a key, the same whatever the column's type."""

    def instant(self, column: str, native: str, zone: str | None) -> str:
        """A column of times as an instant; a time without zone is one of the source's zone."""

    def bound(self, instant: str) -> str:
        """An instant as an end of an interval: NULL where it is infinite or outside the years 1 to 9999."""

    def order(self, column: str, native: str) -> str:
        """ORDER BY expression of a column of the table's key: texts by their bytes."""

    def row_order(self, expressions: Sequence[str]) -> str:
        """ORDER BY expression over all columns, for a table without a key."""

    def sampled(self, relation: str, share: float) -> str | None:
        """SQL for a random share (0 to 1) of a table's rows in a FROM clause; None: not possible."""

    def beginning(self, text: str, most: int) -> str:
        """The first characters of a text."""

    def part_of(self, document: ColumnType, part: DocumentPart, place: str) -> ColumnType:
        """How a part of a document is read; with `remedy` where it cannot be. `place`: `table.column`."""


class Source(Protocol):
    """One read-only session on one snapshot of a warehouse. Use as a context manager."""

    name: str
    snapshot: str

    @property
    def chosen(self) -> TableVersions | None:
        """The versions that it reads; None: its tables have none."""

    @property
    def dialect(self) -> Dialect:
        """The dialect of this database."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...

    def catalogue(self) -> Catalogue:
        """Tables and their columns in order, as they are there now."""

    def structure(self) -> Structure:
        """Foreign keys, partitions, views and history, as far as the database declares them."""

    def described(self) -> Described:
        """Keys, comments, sizes and inputs of views, by a few statements for the whole database."""

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        """Replace the session's key table `afschrift_key`.

        Args:
            keys: the person's keys; values are bound, never written into a statement.
            at: instant of the request (RFC 3339).
            others: of further persons, whose rows are read in the same pass.

        The table's columns are `person, name, value, valid_from, valid_to, is_current, asked_at`;
        `person` is the number of whose key it is, from 0 in the order given; `is_current` says whether the
        key was the person's at the instant of the request.
        """

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a small result: counts and identity links."""

    def estimate(self, statement: str) -> Estimate:
        """The cost of a statement of `include/sql/` by the database's estimate; it is not run."""

    def stream(self, statement: str) -> Iterator[Any]:
        """Record batches of a large result, in flat memory."""

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Sums of an extract's rows by the source, with other expressions, on the same snapshot."""


class SourceKind(Protocol):
    """What an inventory may ask of a kind of source, as `sources.registry.Adapter` has it."""

    @property
    def reads_history(self) -> bool:
        """Whether it reads former rows of a table with system versioning."""

    @property
    def skips_files(self) -> bool:
        """Whether the inventory may name files that are not read."""


SourceFactory = Callable[..., Source]  # by name, and the request's id: a session that is not opened yet
