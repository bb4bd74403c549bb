"""Rows in their order in memory that does not grow with them: one range of the order after the other.

DuckDB holds all rows that it orders. What little memory does not hold is read in ranges of the first
expression of the order, cut so that equal values never fall apart; a value that many rows share is ordered
by the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

RANGE_BYTES = 64 << 20
"""Of rows, as Arrow has them, that DuckDB orders at once; it needs some times as much for it."""

FEW_ROWS = 256
"""So many rows are ordered at once whatever their size."""

_SAMPLED = 20_000
_PROBED = 64
_CUTS = "afschrift_cuts"
_DRAW = """
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

Rows = Callable[[str], list[tuple[Any, ...]]]
Read = Callable[[str], Iterator[pa.RecordBatch]]
Try = Callable[[str], Iterator[pa.RecordBatch] | None]


def in_order(
    statement: str, rows: Rows, read: Read, read_range: Read, in_little: Try
) -> Iterator[pa.RecordBatch]:
    """The rows of a statement in its order, the same as of the statement alone.

    Args:
        statement: of `include/sql/extract.sql`; of any other the rows come as they are.
        rows: runs a statement with a small result; all in one session on one snapshot.
        read: runs one with a large result.
        read_range: the same for one range of several.
        in_little: the same where the memory of a range is enough; None where it is not.
    """
    selected, _, order = statement.rstrip().rpartition(_ORDER)
    _, _, found = selected.partition("\nFROM ")
    if not statement.startswith("SELECT\n") or not _PLAIN.match(found):
        return read(statement)
    if (at_once := in_little(statement)) is not None:
        return at_once
    ranges = _Ranges(selected, f"FROM {found.rstrip()}", rows, read, read_range)
    return ranges.ordered("", _expressions(order), whole=True)


class _Ranges:
    """The rows of one statement.

    Args:
        selected: the statement without its order.
        found: its FROM and WHERE.
    """

    def __init__(self, selected: str, found: str, rows: Rows, read: Read, read_range: Read) -> None:
        self._selected, self._found = selected.rstrip(), found
        self._rows, self._read, self._read_range = rows, read, read_range
        self._row_bytes = 0.0

    def ordered(
        self, where: str, order: Sequence[str], depth: int = 0, *, whole: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """The rows of a region, in which all expressions of the order before these have one value.

        Args:
            where: condition of the region, beginning with AND; empty for all rows.
            order: the other expressions.
            depth: how many came before.
            whole: there is no other region, so the statement is run even where it finds nothing.
        """
        count = self._rows(f"SELECT count(*)\n{self._found}{where}")[0][0]
        if count <= FEW_ROWS or count * self._bytes_of_a_row() <= RANGE_BYTES:
            if count or whole:
                yield from self._at_once(where, order)
        elif order:
            yield from self._in_ranges(where, order, depth, count)
        else:  # rows that tie in the whole order have none
            yield from self._read(f"{self._selected}{where}")

    def _in_ranges(
        self, where: str, order: Sequence[str], depth: int, count: int
    ) -> Iterator[pa.RecordBatch]:
        by, cuts = order[0], f"{_CUTS}_{depth}"
        drawn = self._cut(where, by, cuts)
        rows_each = count / max(sum(drawn), min(count, _SAMPLED))
        above, at = f"\nAND {by} IS NOT NULL", 0
        while at < len(drawn):
            limit = max(1.0, RANGE_BYTES / self._bytes_of_a_row() / rows_each)
            upto = _fitting(drawn, at, limit)
            value = f"getvariable('{cuts}')[{max(upto, at + 1)}].value"
            if upto > at:
                yield from self._at_once(f"{where}{above} AND {by} <= {value}", order)
            else:  # many rows share this value
                yield from self._at_once(f"{where}{above} AND {by} < {value}", order)
                yield from self.ordered(f"{where}\nAND {by} = {value}", order[1:], depth + 1)
            above, at = f"\nAND {by} > {value}", max(upto, at + 1)
        yield from self._at_once(f"{where}{above}", order)
        yield from self.ordered(f"{where}\nAND {by} IS NULL", order[1:], depth + 1)  # DuckDB has them last

    def _cut(self, where: str, by: str, cuts: str) -> list[int]:
        """Draw values of an expression into a variable, in order; how often each was drawn.

        They stay in DuckDB as it compares them: no statement holds one, and no type is rewritten.
        """
        self._rows(_DRAW.format(cuts=cuts, by=by, found=f"{self._found}{where}", number=_SAMPLED))
        return self._rows(f"SELECT list_transform(getvariable('{cuts}'), lambda x: x.number)")[0][0] or []

    def _at_once(self, where: str, order: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows of a region as DuckDB orders them; what they hold says how large the next range is."""
        by = f"{_ORDER}{', '.join(order)}" if order else ""
        rows = size = 0
        read = self._read_range if where else self._read
        for batch in read(f"{self._selected}{where}{by}\n"):
            rows += batch.num_rows
            size += batch.nbytes
            yield batch
        if rows > FEW_ROWS:
            self._row_bytes = size / rows

    def _bytes_of_a_row(self) -> float:
        if not self._row_bytes:
            drawn = f"SELECT * FROM (\n{self._selected}\n) USING SAMPLE {_PROBED} ROWS"  # noqa: S608 - a statement
            batches = list(self._read(drawn))  # the first rows of a table may be its smallest
            self._row_bytes = sum(one.nbytes for one in batches) / max(
                sum(one.num_rows for one in batches), 1
            )
        return max(self._row_bytes, 1.0)


def _fitting(drawn: Sequence[int], at: int, limit: float) -> int:
    """Where a range ends that begins at a value and holds at most so many; at that value where it is more."""
    taken = 0
    for upto in range(at, len(drawn)):
        taken += drawn[upto]
        if taken > limit:
            return upto
    return len(drawn)


def _expressions(order: str) -> list[str]:
    """The expressions of ORDER BY."""
    found, depth = [""], 0
    for part in _PARTS.findall(order):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if part == "," and not depth:
            found.append("")
        else:
            found[-1] += part
    return [one.strip() for one in found]
