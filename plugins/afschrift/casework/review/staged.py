"""One look at what is staged of a request: its tables, their first rows, what was pointed out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from afschrift.casework.review.resolve import usable_key
from afschrift.casework.review.view import Pointed, ReviewColumn, ReviewRow, ReviewTable
from afschrift.domain.decision import REASONS
from afschrift.domain.errors import RefusedError
from afschrift.domain.extracted import CELL, TableExtract
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan
from afschrift.domain.redaction import LineError, RedactionLine, TablePointers, parse
from afschrift.extraction.staged_records import staged_pointers, staged_record, staged_samples
from afschrift.extraction.staged_rows import Row, StagedTable
from afschrift.formats.registry import FORMATS
from afschrift.inventory.model import Inventory
from afschrift.staging.encrypted import EncryptedStaging

AROUND = 60
"""Characters shown on either side of what was pointed out."""


@dataclass(frozen=True)
class StagedReview:
    """One look.

    Attributes:
        values: whether whoever looks may see values.
        rows: of a table at most.
        table: this one alone, with whole values; None: all, from their samples.
        row: one row of it, as a line names it.
    """

    staging: EncryptedStaging
    inventory: Inventory
    plan: Plan
    values: bool
    rows: int
    table: str | None
    row: str | None

    def tables(self) -> Iterator[ReviewTable]:
        """The tables of which something leaves."""
        for source in self.plan.sources:
            record = staged_record(self.staging, source)
            written = {one.table: one for one in record.tables} if record else {}
            found = staged_pointers(self.staging, source) if record else {}
            for part in self.plan.of_source(source):
                if self.table in (None, part.name):
                    yield self._table(part, written.get(part.table), found.get(part.table, TablePointers()))

    def _table(self, part: ExtractPlan, written: TableExtract | None, found: TablePointers) -> ReviewTable:
        redacted: dict[str, int] = {}
        for one in part.redactions:
            redacted[one.column] = redacted.get(one.column, 0) + 1
        masked = written.masked if written else {}
        columns = tuple(column(f, masked.get(f.name, 0), redacted.get(f.name, 0)) for f in part.fields)
        if written is None:
            return ReviewTable(part.name, None, part.path, columns)
        table = self.inventory.sources[part.source].tables[part.table]
        key = usable_key(part, table, written)
        staged = StagedTable(self.staging, written, part.selected, FORMATS)
        return ReviewTable(
            part.name,
            written.rows,
            part.path,
            columns,
            key,
            len(written.uploads),
            tuple(self._first(part, staged, key)) if self.values else (),
            tuple(self._pointed(part, staged, key, found)),
            found.counts,
        )

    def _first(self, part: ExtractPlan, staged: StagedTable, key: tuple[str, ...]) -> Iterator[ReviewRow]:
        if self.table is None:
            samples = staged_samples(self.staging, part.source).get(part.name, [])
            for number, row in enumerate(samples[: self.rows], 1):
                yield ReviewRow(number, _name(number, row, key), row)
            return
        found = staged.first(self.rows) if self.row is None else self._named(part, staged, key)
        for number, row in found:
            yield ReviewRow(number, _name(number, row, key), row)

    def _named(self, part: ExtractPlan, staged: StagedTable, key: tuple[str, ...]) -> list[tuple[int, Row]]:
        try:
            line = parse(1, f"{part.name} {self.row} x x")
        except LineError as error:
            raise RefusedError(f"This names no row: {error}.") from None
        if line.row is None and set(line.key) != set(key):
            raise RefusedError(
                "This is not the key of the table.",
                remedy=f"its key is {', '.join(key)}." if key else "name the row as #NUMBER.",
            )
        if line.row is not None:
            found = list(staged.numbered([line.row]).items())
        else:
            found = list(staged.keyed([{name: line.key[name] for name in key}]))
        if not found:
            raise RefusedError("The table has no such row in this answer.")
        return found

    def _pointed(
        self, part: ExtractPlan, staged: StagedTable, key: tuple[str, ...], found: TablePointers
    ) -> Iterator[Pointed]:
        pointers = found.pointers
        if self.row is not None:
            wanted = {number for number, _ in self._named(part, staged, key)}
            pointers = tuple(one for one in pointers if one.row in wanted)
        rows = staged.numbered({one.row for one in pointers}) if pointers else {}
        for one in pointers:
            row = rows.get(one.row, {})
            named = {name: row[name] or "" for name in key if name in row} if self.values else {}
            line = RedactionLine(
                1,
                part.name,
                one.column,
                "GROUND",
                None if named else one.row,
                named,
                (one.start, one.end),
            ).text
            text = row.get(one.column) if self.values else None
            around: tuple[str, str, str] | tuple[None, None, None] = (None, None, None)
            if text is not None:
                around = (
                    text[max(0, one.start - AROUND) : one.start],
                    text[one.start : one.end],
                    text[one.end : one.end + AROUND],
                )
            yield Pointed(line, one.row, one.column, one.start, one.end, one.kind, *around)


def column(one: FieldPlan, masked: int = 0, redacted: int = 0) -> ReviewColumn:
    """A column with its decision."""
    kind = one.kind.value if one.kind else None
    words = REASONS.get(one.reason, one.reason)
    return ReviewColumn(one.name, kind, one.action.value, one.reason, words, one.rules, masked, redacted)


def _name(number: int, row: Row, key: tuple[str, ...]) -> str:
    """How a line names a row. Values that an overview cut name nothing."""
    named = {name: row.get(name) or "" for name in key}
    if not key or any(len(value) > CELL for value in named.values()):
        return f"#{number}"
    return RedactionLine(1, "x", "x", "x", None, named).text.split()[1]
