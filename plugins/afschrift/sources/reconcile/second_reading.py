"""A second reading by another way, for sources that have no hash of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from afschrift.domain.own_account import SameRows, Sample, Sums
from afschrift.domain.sources import Dialect
from afschrift.sources.reconcile.own_texts import OF_PERSON, Own, Rows, SqlOracle
from afschrift.values.row_sums import row_hashes, total

ReadRows = Callable[[str], Iterator[Sequence[Sequence[Any]]]]


@dataclass(frozen=True)
class Again:
    """How a column is read a second time.

    Attributes:
        own: to count its values, and value forms in the spelling of `text`.
        reads: SQL of what is read, with `{c}` for the quoted column.
        text: what was read as a text; None for NULL.
    """

    own: Own
    reads: tuple[str, ...]
    text: Callable[..., str | None]


class SecondReading(SqlOracle):
    """Rows and values are counted by the database, their texts are hashed here.

    Args:
        rows: runs a statement with a small result.
        read: runs one with a large result, in batches of rows.
        dialect: of the session.
        statement: of the extract.
        columns: all that leave; None where a value is only counted.
        values: SQL of the columns that are parts of documents.
    """

    def __init__(
        self,
        rows: Rows,
        read: ReadRows,
        dialect: Dialect,
        statement: str,
        columns: Mapping[str, Again | None],
        values: Mapping[str, str] | None = None,
    ) -> None:
        own = {name: None if one is None else one.own for name, one in columns.items()}
        super().__init__(rows, dialect, statement, own, _none, values)
        self._read = read
        self._again = {name: one for name, one in columns.items() if one is not None}

    def sums(self, columns: Sequence[str], sample: Sample | None) -> Sums:
        """Count in the database, read again and hash."""
        counted = super().sums((), None)
        if not columns:
            return counted
        selected = self._selected(columns)
        drawn = f"\nAND {self._drawn(sample)}" if sample else ""
        statement = f"SELECT {', '.join(selected)}\n{self._same_rows}{drawn}"
        hashed = summed = 0
        for rows in self._read(statement):
            hashed += len(rows)
            summed += total(row_hashes(self._texts(columns, rows)))
        return Sums(counted.rows, counted.present, hashed, summed % 2**64)

    def together(self, same_rows: SameRows) -> dict[int, Sums]:
        """Count each person's in the database, read all again in one pass and hash."""
        counted, columns = self._together(same_rows, ()), self.hashed
        if not columns:
            return counted
        whose = self._dialect.text(OF_PERSON)
        statement = f"SELECT {', '.join((whose, *self._selected(columns)))}\n{same_rows()}"
        summed: dict[int, tuple[int, int]] = {}
        for rows in self._read(statement):
            hashes = row_hashes(self._texts(columns, [row[1:] for row in rows]))
            persons = np.array([int(row[0]) for row in rows])
            for person in np.unique(persons).tolist():
                own = hashes[persons == person]
                number, of_all = summed.get(person, (0, 0))
                summed[person] = (number + len(own), of_all + total(own))
        return {
            person: Sums(one.rows, one.present, number, of_all % 2**64)
            for person, one in counted.items()
            for number, of_all in [summed.get(person, (0, 0))]
        }

    def _selected(self, columns: Sequence[str]) -> list[str]:
        return [
            reads.replace("{c}", self._quoted(name)) for name in columns for reads in self._again[name].reads
        ]

    def _texts(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[pa.Array]:
        cells = list(zip(*rows, strict=True))
        found, at = [], 0
        for name in columns:
            one = self._again[name]
            width = len(one.reads)
            found.append(pa.array(list(map(one.text, *cells[at : at + width])), pa.string()))
            at += width
        return found


def _none(texts: Sequence[str]) -> str:
    raise AssertionError(f"{len(texts)} columns are hashed by no SQL")
