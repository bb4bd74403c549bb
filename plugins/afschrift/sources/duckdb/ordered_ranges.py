"""Reads ordered rows in constant memory: one range of the order after the other.

DuckDB keeps all rows that it sorts in memory. A result that is too large is read in ranges of the first
expression of ORDER BY. Equal values stay in the same range; the rows of a frequent value are read in ranges
of the next expression. A range that turns out too large is halved, and so are the ranges after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from afschrift.sources.catalogue import Rows

RANGE_BYTES = 64 << 20
"""Arrow bytes of the rows that DuckDB sorts at once; it needs several times as much memory for that."""

FEW_ROWS = 256
"""So many rows are sorted at once whatever their size."""

_SAMPLED = 20_000
_PROBED = 64
_CUTS = "afschrift_cuts"
_SAMPLE_INTO = """
SET VARIABLE {cuts} = (
  SELECT list(struct_pack(value := value, number := number) ORDER BY value) FROM (
    SELECT value, count(*) AS number FROM (
      SELECT * FROM (SELECT {by} AS value
{found}
      ) USING SAMPLE {number} ROWS
    ) WHERE value IS NOT NULL GROUP BY value
  )
)
"""
_ORDER = "\nORDER BY "
_PLAIN = re.compile(r".+ AS t\nWHERE |\(\n(?s:.+)\) AS t\nWHERE 1 = 1")
_PARTS = re.compile(r"""("(?:[^"]|"")*"|'(?:[^']|'')*'|[(),]|[^"'(),]+)""")

Read = Callable[[str], Iterator[pa.RecordBatch]]
Try = Callable[[str], Iterator[pa.RecordBatch] | None]


@dataclass(frozen=True)
class Tries:
    """Ways to run an ordered statement; each returns None if the memory does not suffice.

    Attributes:
        in_little: within the memory of a range.
        in_all: within all memory of the session.
        a_range: within the first, or else within the second.
    """

    in_little: Try
    in_all: Try
    a_range: Try


def in_order(statement: str, rows: Rows, read: Read, tries: Tries) -> Iterator[pa.RecordBatch]:
    """Read the rows of a statement in its order, with the same result as the statement itself.

    Args:
        statement: made from `include/sql/extract.sql`; any other statement is run unchanged.
        rows: runs a statement with a small result; all in one session on one snapshot.
        read: runs a statement with a large result, and raises if the memory does not suffice.
        tries: run the same statements within limits.
    """
    selected, _, order = statement.rstrip().rpartition(_ORDER)
    _, _, found = selected.partition("\nFROM ")
    if not statement.startswith("SELECT\n") or not _PLAIN.match(found):
        return read(statement)
    if (at_once := tries.in_little(statement)) is not None:
        return at_once
    ranges = _Ranges(selected, f"FROM {found.rstrip()}", rows, read, tries)
    return ranges.ordered("", _expressions(order), whole=True)


class _Ranges:
    """The rows of one statement.

    Args:
        selected: the statement without its order.
        found: its FROM and WHERE.
    """

    def __init__(self, selected: str, found: str, rows: Rows, read: Read, tries: Tries) -> None:
        self._selected, self._found = selected.rstrip(), found
        self._rows, self._read, self._tries = rows, read, tries
        self._row_bytes = 0.0
        self._range_bytes: float = RANGE_BYTES

    def ordered(
        self, where: str, order: Sequence[str], depth: int = 0, *, whole: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """Read the rows of a region in which the previous expressions of the order have a single value.

        Args:
            where: condition of the region, beginning with AND; empty for all rows.
            order: the remaining expressions.
            depth: number of previous expressions.
            whole: this is the only region, so the statement is run even if it finds nothing.
        """
        count = self._rows(f"SELECT count(*)\n{self._found}{where}")[0][0]
        if count <= FEW_ROWS or count * self._bytes_of_a_row() <= self._range_bytes:
            if not count and not whole:
                return
            at_once = self._try(where, order)
            if at_once is None and count > FEW_ROWS and order:
                self._range_bytes = min(self._range_bytes, count * self._bytes_of_a_row()) / 2
                at_once = self._in_ranges(where, order, depth, count)
            yield from at_once or self._read(self._statement(where, order))  # `_read` raises
        elif order:
            yield from self._in_ranges(where, order, depth, count)
        else:  # rows that are equal in all expressions have no order
            yield from self._read(f"{self._selected}{where}")

    def _in_ranges(
        self, where: str, order: Sequence[str], depth: int, count: int
    ) -> Iterator[pa.RecordBatch]:
        by, cuts = order[0], f"{_CUTS}_{depth}"
        samples = self._cut(where, by, cuts)
        rows_each = count / max(sum(samples), min(count, _SAMPLED))
        above, at = f"\nAND {by} IS NOT NULL", 0
        while at < len(samples):
            limit = max(1.0, self._range_bytes / self._bytes_of_a_row() / rows_each)
            upto = _end_of_range(samples, at, limit)
            value = f"getvariable('{cuts}')[{max(upto, at + 1)}].value"
            if upto > at:
                batches = self._try(f"{where}{above} AND {by} <= {value}", order)
                if batches is None and upto > at + 1:
                    self._range_bytes = self._bytes_of_a_row() * rows_each * sum(samples[at:upto]) / 2
                    continue
            else:
                batches = None
            if batches is not None:
                yield from batches
            else:  # many rows have this value, or the rows up to it do not fit into memory
                yield from self._few(f"{where}{above} AND {by} < {value}", order, depth)
                yield from self.ordered(f"{where}\nAND {by} = {value}", order[1:], depth + 1)
            above, at = f"\nAND {by} > {value}", max(upto, at + 1)
        yield from self._few(f"{where}{above}", order, depth)
        yield from self.ordered(f"{where}\nAND {by} IS NULL", order[1:], depth + 1)  # DuckDB sorts NULL last

    def _few(self, where: str, order: Sequence[str], depth: int) -> Iterator[pa.RecordBatch]:
        """Read the rows between two sampled values: usually few enough."""
        yield from self._try(where, order) or self.ordered(where, order, depth + 1)

    def _cut(self, where: str, by: str, cuts: str) -> list[int]:
        """Sample values of an expression into a variable, in order; return how often each was sampled.

        The values stay in a variable of DuckDB: no statement holds a value, and no type is converted.
        """
        self._rows(_SAMPLE_INTO.format(cuts=cuts, by=by, found=f"{self._found}{where}", number=_SAMPLED))
        return self._rows(f"SELECT list_transform(getvariable('{cuts}'), lambda x: x.number)")[0][0] or []

    def _try(self, where: str, order: Sequence[str]) -> Iterator[pa.RecordBatch] | None:
        """The rows of a region as DuckDB sorts them; None if the memory does not suffice."""
        attempt = self._tries.a_range if where else self._tries.in_all
        batches = attempt(self._statement(where, order))
        return None if batches is None else self._measure(batches)

    def _statement(self, where: str, order: Sequence[str]) -> str:
        by = f"{_ORDER}{', '.join(order)}" if order else ""
        return f"{self._selected}{where}{by}\n"

    def _measure(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Measure batches as they pass, to choose the size of the next range."""
        rows = size = 0
        for batch in batches:
            rows += batch.num_rows
            size += batch.nbytes
            yield batch
        if rows > FEW_ROWS:
            self._row_bytes = size / rows
        self._range_bytes = min(RANGE_BYTES, max(self._range_bytes, size))  # so much does fit

    def _bytes_of_a_row(self) -> float:
        if not self._row_bytes:
            samples = f"SELECT * FROM (\n{self._selected}\n) USING SAMPLE {_PROBED} ROWS"  # noqa: S608 - a statement
            batches = list(self._read(samples))  # a sample, since the first rows may be the smallest
            self._row_bytes = sum(batch.nbytes for batch in batches) / max(
                sum(batch.num_rows for batch in batches), 1
            )
        return max(self._row_bytes, 1.0)


def _end_of_range(samples: Sequence[int], at: int, limit: float) -> int:
    """End of the range that begins at `at` and has at most `limit` samples; `at` if that value has more."""
    taken = 0
    for upto in range(at, len(samples)):
        taken += samples[upto]
        if taken > limit:
            return upto
    return len(samples)


def _expressions(order: str) -> list[str]:
    """Split ORDER BY into its expressions."""
    found, depth = [""], 0
    for part in _PARTS.findall(order):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if part == "," and not depth:
            found.append("")
        else:
            found[-1] += part
    return [part.strip() for part in found]
