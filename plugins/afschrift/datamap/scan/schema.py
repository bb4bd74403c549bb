"""A source as its own catalogue describes it: what a draft of the data map is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from afschrift.datamap.reader import Answer, NotAnsweredError, StatementRunner
from afschrift.domain.errors import AfschriftError
from afschrift.domain.notation import count
from afschrift.domain.sources import ColumnType, Described, ForeignKey, Source, Structure
from afschrift.sources.table_errors import enter_schema

_FEW = 3


@dataclass(frozen=True)
class ScannedColumn:
    """A column.

    Attributes:
        type: as `Source.catalogue()` has it.
        comment: what the database's owner wrote beside it.
        points_to: the look-up table of which it names a row, once the scan knows.
    """

    name: str
    type: ColumnType
    nullable: bool = True
    comment: str = ""
    points_to: str = ""


@dataclass(frozen=True)
class ScannedTable:
    """A table or a view.

    Attributes:
        name: as in the source.
        columns: in order.
        key: its primary key, in order; empty: it has none.
        unique: further unique keys.
        comment: what the database's owner wrote beside it.
        rows: as the database believes; None: it does not say.
        computed: a view.
        part_of: the table with which its rows are read (a partition, a child of PostgreSQL's INHERITS).
        readable: False: the account may not read it, or it was gone when it was read.
        reads: of a view, the tables that it reads, as far as the database tells.
    """

    name: str
    columns: tuple[ScannedColumn, ...]
    key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    comment: str = ""
    rows: int | None = None
    computed: bool = False
    part_of: str | None = None
    readable: bool = True
    reads: tuple[str, ...] = ()

    def column(self, name: str) -> ScannedColumn | None:
        """A column by its name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class ScannedSource:
    """All tables of a source.

    Attributes:
        tables: by their names, in order.
        notes: what could not be read, in words.
    """

    tables: Mapping[str, ScannedTable]
    foreign_keys: tuple[ForeignKey, ...]
    notes: tuple[str, ...] = ()


def read_source(reader: StatementRunner) -> ScannedSource:
    """All tables, columns, keys and what they say of themselves.

    What the account may not see is left out and named in the notes.

    Args:
        reader: of the source, opened.

    Raises:
        AfschriftError: not even the list of its tables can be read.
    """
    notes: list[str] = []
    catalogue = reader.session.catalogue()
    structure = _or_nothing(reader, lambda session: session.structure(), Structure(), "keys and views", notes)
    described = _or_nothing(
        reader, lambda session: session.described(), Described(), "comments and sizes", notes
    )
    names = dict.fromkeys([*catalogue, *structure.parts])
    tables = {name: _table(name, catalogue.get(name, {}), structure, described, notes) for name in names}
    shut = Counter(name.partition(".")[0] for name in structure.hidden)
    notes += [
        f"The account may not enter the schema {schema}: {count(number, 'table')} of it "
        f"{'is' if number == 1 else 'are'} not described. What to do: {enter_schema(schema)}."
        for schema, number in shut.items()
    ]
    notes += [
        f"{name} keeps former rows (system versioning): say under `history` whether they are given."
        for name in structure.history
    ]
    seen_by = f" It was read as {who}." if (who := reader.account()) else ""
    closed = [name for name, table in tables.items() if not table.readable]
    if closed:
        notes.append(
            f"The account may read {len(tables) - len(closed):,} of {count(len(tables), 'table')}: give it "
            f"SELECT on the others and USAGE on their schema, and scan again.{seen_by}"
        )
    elif len(tables) < _FEW and reader.dialect.hides_tables:
        why = "The database lists only what the account may read: is SELECT granted on all tables?"
        notes.append(f"{why}{seen_by}")
    keys = tuple(key for key in structure.foreign_keys if key.table in tables and key.parent in tables)
    return ScannedSource(tables, keys, tuple(notes))


def _or_nothing(
    reader: StatementRunner, what: Callable[[Source], Answer], nothing: Answer, named: str, notes: list[str]
) -> Answer:
    try:
        return reader.ask(what)
    except AfschriftError as error:
        notes.append(f"The source does not tell its {named}: {error.args[0]}")
        reader.broke_off |= isinstance(error, NotAnsweredError) and error.broke_off
        return nothing


def _table(
    name: str,
    types: Mapping[str, ColumnType],
    structure: Structure,
    described: Described,
    notes: list[str],
) -> ScannedTable:
    readable = True
    try:
        found = dict(types)
    except AfschriftError as error:
        found, readable = {}, False
        notes.append(f"{name} is not described: {error}")
    closed = [column for column, of_type in found.items() if of_type.closed]
    if closed:
        notes.append(f"{name}: the account has no right to read {', '.join(closed)}.")
    required = described.required.get(name, frozenset())
    comments = described.column_comments.get(name, {})
    return ScannedTable(
        name,
        tuple(
            ScannedColumn(column, of_type, column not in required, comments.get(column, ""))
            for column, of_type in found.items()
        ),
        key=described.keys.get(name, ()),
        unique=described.unique.get(name, ()),
        comment=described.comments.get(name, ""),
        rows=described.rows.get(name),
        computed=name in structure.views,
        part_of=structure.parts.get(name) if not found and readable else None,
        readable=readable,
        reads=described.reads.get(name, ()),
    )
