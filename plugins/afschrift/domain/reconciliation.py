"""Types for estimating a statement's cost, and for reconciling what was read with the source."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from afschrift.domain.value_kind import DocumentPart, ValueKind

PRIME = 1_000_003
"""Modulus for choosing a sample: SQL and Arrow compute with it alike, without overflow."""


@dataclass(frozen=True)
class Extract:
    """What is read of a table, and is to be reconciled.

    Attributes:
        statement: that reads the rows.
        kinds: the columns that leave, in order, as they are planned.
        whole: those of them that leave unchanged; of the others values are only counted.
        parts: those of them that are parts of documents.
    """

    statement: str
    kinds: Mapping[str, ValueKind | None]
    whole: Collection[str]
    parts: Mapping[str, DocumentPart] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """The rows with `(column mod PRIME) * factor mod PRIME` below a bound.

    Attributes:
        column: whole numbers; one of the table's key.
        factor: from 1 to PRIME - 1; the seed.
        percent: about this share of the rows.
    """

    column: str
    factor: int
    percent: float

    @property
    def below(self) -> int:
        """The bound."""
        return round(PRIME * self.percent / 100)


@dataclass(frozen=True)
class Sums:
    """Counts and hashes of a table's rows by one side, independent of their order.

    Attributes:
        rows: their number.
        present: column -> number of values that are not NULL.
        hashed: number of rows in `total`.
        total: sum of their hashes, modulo 2**64.
    """

    rows: int
    present: dict[str, int]
    hashed: int
    total: int


class SameRows(Protocol):
    """The rows of an extract for several persons."""

    def __call__(self, relation: str = "", further: Sequence[str] = ()) -> str:
        """FROM and WHERE of them, under the alias `t`; `t.afschrift_person` says whose a row is.

        Args:
            relation: read instead of the table itself.
            further: columns of it beside the table's own, quoted.
        """


class Reconciliation(Protocol):
    """Sums by the source of the rows of an extract, to compare with those of what was read.

    Arrow arrays are Any.
    """

    @property
    def hashed(self) -> tuple[str, ...]:
        """The columns of which the source's own text is known for each value form."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Those of them by which a sample can be chosen: integers of 64 bits."""

    @property
    def documents(self) -> frozenset[str]:
        """Those for which the source writes nothing but JSON documents, each on one line."""

    def own(self, column: str, forms: Any) -> Any:
        """Value forms of a column (`pa.string`) as the source's own texts."""

    def begin(self, columns: Sequence[str], sample: Sample | None) -> None:
        """Announce the call of `sums` with these arguments; a source may begin while rows are still read."""

    def sums(self, columns: Sequence[str], sample: Sample | None) -> Sums:
        """Count the rows and all values; hash the rows' own texts of some columns."""

    def together(self, same_rows: SameRows) -> dict[int, Sums]:
        """The same of the columns in `hashed` and all rows, for each person that has rows."""


@dataclass(frozen=True)
class TableEstimate:
    """How one table would be read.

    Attributes:
        table: its name in the source.
        whole: True: from end to end; False: by an index; None: the database does not say.
        index: the index, as the database calls it; empty where there is none.
        rows: of the whole table, as the database believes; None: it does not say.
        size: bytes of the whole table; None: not known.
        files: how many files of a lake are read; None elsewhere.
        of_files: how many the table has, where its log says which are read.
    """

    table: str
    whole: bool | None
    index: str = ""
    rows: int | None = None
    size: int | None = None
    files: int | None = None
    of_files: int | None = None


@dataclass(frozen=True)
class Estimate:
    """Estimate of a statement that was explained and not run.

    Attributes:
        rows: that it would give, as the database believes; None: it does not say.
        cost: in the database's own unit, which compares only with itself; None: it knows none.
        readings: the tables that it would read, without the table of the person's keys.
    """

    rows: int | None = None
    cost: float | None = None
    readings: tuple[TableEstimate, ...] = ()
