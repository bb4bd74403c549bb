"""A source as its own catalogue describes it: what a draft of the data map is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from afschrift.domain.sources import ColumnType, ForeignKey


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
