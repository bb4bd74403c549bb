"""Rows in their order in memory that does not grow with them: one range of the order after the other.

DuckDB holds all rows that it orders. What little memory does not hold is read in ranges of the first
expression of the order, cut so that equal values never fall apart; a value that many rows share is ordered
by the next one. A range that is too large after all is halved, and so are those after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from afschrift.sources.catalogue import Rows

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

Read = Callable[[str], Iterator[pa.RecordBatch]]
Try = Callable[[str], Iterator[pa.RecordBatch] | None]


@dataclass(frozen=True)
class Tries:
    """Ways to have the rows of a statement put in order; each gives None where its memory is not enough.

    Attributes:
        in_little: in the memory of a range.
        in_all: in all that the session has.
        a_range: in the one, or else in the other.
    """

    in_little: Try
    in_all: Try
    a_range: Try


def in_order(statement: str, rows: Rows, read: Read, tries: Tries) -> Iterator[pa.RecordBatch]:
    """The rows of a statement in its order, the same as of the statement alone.

    Args:
        statement: of `include/sql/extract.sql`; of any other the rows come as they are.
        rows: runs a statement with a small result; all in one session on one snapshot.
        read: runs one with a large result, and raises where memory is not enough.
        tries: run the same statements.
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
        """The rows of a region, in which all expressions of the order before these have one value.

        Args:
            where: condition of the region, beginning with AND; empty for all rows.
            order: the other expressions.
            depth: how many came before.
            whole: there is no other region, so the statement is run even where it finds nothing.
        """
        count = self._rows(f"SELECT count(*)\n{self._found}{where}")[0][0]
        if count <= FEW_ROWS or count * self._bytes_of_a_row() <= self._range_bytes:
            if not count and not whole:
                return
            at_once = self._tried(where, order)
            if at_once is None and count > FEW_ROWS and order:
                self._range_bytes = min(self._range_bytes, count * self._bytes_of_a_row()) / 2
                at_once = self._in_ranges(where, order, depth, count)
            yield from at_once or self._read(self._statement(where, order))  # which raises
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
            limit = max(1.0, self._range_bytes / self._bytes_of_a_row() / rows_each)
            upto = _fitting(drawn, at, limit)
            value = f"getvariable('{cuts}')[{max(upto, at + 1)}].value"
            if upto > at:
                batches = self._tried(f"{where}{above} AND {by} <= {value}", order)
                if batches is None and upto > at + 1:
                    self._range_bytes = self._bytes_of_a_row() * rows_each * sum(drawn[at:upto]) / 2
                    continue
            else:
                batches = None
            if batches is not None:
                yield from batches
            else:  # many rows share this value, or memory does not hold those up to it
                yield from self._few(f"{where}{above} AND {by} < {value}", order, depth)
                yield from self.ordered(f"{where}\nAND {by} = {value}", order[1:], depth + 1)
            above, at = f"\nAND {by} > {value}", max(upto, at + 1)
        yield from self._few(f"{where}{above}", order, depth)
        yield from self.ordered(f"{where}\nAND {by} IS NULL", order[1:], depth + 1)  # DuckDB has them last

    def _few(self, where: str, order: Sequence[str], depth: int) -> Iterator[pa.RecordBatch]:
        """The rows between two values that were drawn: as a rule few enough."""
        yield from self._tried(where, order) or self.ordered(where, order, depth + 1)

    def _cut(self, where: str, by: str, cuts: str) -> list[int]:
        """Draw values of an expression into a variable, in order; how often each was drawn.

        They stay in DuckDB as it compares them: no statement holds one, and no type is rewritten.
        """
        self._rows(_DRAW.format(cuts=cuts, by=by, found=f"{self._found}{where}", number=_SAMPLED))
        return self._rows(f"SELECT list_transform(getvariable('{cuts}'), lambda x: x.number)")[0][0] or []

    def _tried(self, where: str, order: Sequence[str]) -> Iterator[pa.RecordBatch] | None:
        """The rows of a region as DuckDB orders them; None where memory is not enough."""
        attempt = self._tries.a_range if where else self._tries.in_all
        batches = attempt(self._statement(where, order))
        return None if batches is None else self._measured(batches)

    def _statement(self, where: str, order: Sequence[str]) -> str:
        by = f"{_ORDER}{', '.join(order)}" if order else ""
        return f"{self._selected}{where}{by}\n"

    def _measured(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """What they hold says how large the next range is."""
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
            drawn = f"SELECT * FROM (\n{self._selected}\n) USING SAMPLE {_PROBED} ROWS"  # noqa: S608 - a statement
            batches = list(self._read(drawn))  # the first rows of a table may be its smallest
            self._row_bytes = sum(batch.nbytes for batch in batches) / max(
                sum(batch.num_rows for batch in batches), 1
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
    return [part.strip() for part in found]
