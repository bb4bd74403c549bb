"""Masks the cells and spans that a reviewer redacted, while the rows of a table pass.

It comes before everything that searches or writes the rows. A table without redactions passes unchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan
from afschrift.domain.redaction import LOST, MASK, Mac, Redaction, mask, row_bytes
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.manual_files import add_masks
from afschrift.extraction.staged_rows import matching
from afschrift.values.forms import text_batch

Batches = Callable[[], Iterator[pa.RecordBatch]]


def add_redactions(plan: Plan, redactions: Sequence[Redaction]) -> Plan:
    """Add the redactions of included columns, and of files that people found; these columns become text.

    A redaction of a file that is no longer handed over has nothing to mask.
    """
    if not redactions:
        return plan
    extracts = tuple(_redact_extract(part, redactions) for part in plan.extracts)
    manual = tuple(add_masks(part, redactions) for part in plan.manual)
    return replace(plan, extracts=extracts, manual=manual)


def _redact_extract(part: ExtractPlan, redactions: Sequence[Redaction]) -> ExtractPlan:
    leave = {column.name for column in part.selected}
    of_table = (redaction for redaction in redactions if redaction.table == part.name)
    mine = tuple(redaction for redaction in of_table if redaction.column in leave)
    columns = {redaction.column for redaction in mine}
    fields = tuple(
        replace(column, kind=ValueKind.TEXT, read_as=column.kind) if column.name in columns else column
        for column in part.fields
    )
    return replace(part, fields=fields, redactions=mine) if mine else part


def redact_batches(part: ExtractPlan, stream: Batches, mac: Mac) -> Batches:
    """Return a stream of a table's batches with its redactions made; redacted columns hold value forms.

    Raises:
        NeedsPersonError: after the last row: a text changed, its row is gone, or the key that names its row
            is no longer included. Until then a cell other than the reviewed one is masked as a whole, and if
            no key names the row, the whole column is.
    """
    if not part.redactions:
        return stream

    def mask_batch() -> Iterator[pa.RecordBatch]:
        table = _Masking(part, mac)
        for batch in stream():
            yield table.mask_batch(batch)
        table.end()

    return mask_batch


@dataclass
class _Masking:
    """The state of one reading of a table."""

    part: ExtractPlan
    mac: Mac
    done: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    passed: int = 0

    def __post_init__(self) -> None:
        self.fields = [replace(column, kind=column.read_as or column.kind) for column in self.part.selected]
        self.key = self._usable_key()
        of_cell: dict[tuple[str, ...] | int, dict[str, list[Redaction]]] = {}
        self.nowhere: set[str] = set()
        for redaction in self.part.redactions:
            if redaction.key and list(redaction.key) != self.key:
                self.lost.add(redaction.id)
                self.nowhere.add(redaction.column)
                continue
            row = tuple(redaction.key.values()) if redaction.key else redaction.number
            of_cell.setdefault(row, {}).setdefault(redaction.column, []).append(redaction)
        self.by_key = {row: cells for row, cells in of_cell.items() if isinstance(row, tuple)}
        self.by_number = {row: cells for row, cells in of_cell.items() if isinstance(row, int)}
        self.firsts = pa.array(sorted({row[0] for row in self.by_key}), pa.string())
        self.columns = {redaction.column for redaction in self.part.redactions}

    def _usable_key(self) -> list[str]:
        """The key of the latest redactions, if its columns are included unmasked."""
        key = list(next((redaction.key for redaction in reversed(self.part.redactions) if redaction.key), {}))
        return key if set(key) <= self.part.whole.keys() else []

    def mask_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Mask the next rows."""
        needed = [column for column in self.fields if column.name in self.columns or column.name in self.key]
        text = text_batch(batch.select([column.name for column in needed]), needed)
        columns = {column.name: text.column(column.name) for column in needed if column.name in self.columns}
        new: dict[str, dict[int, str]] = {}
        for at, cells in self._hits(batch, text):
            for name, some in cells.items():
                new.setdefault(name, {})[at] = self._cell(columns[name][at].as_py(), some)
        for name, texts in new.items():
            columns[name] = _replace_texts(columns[name], texts)
        for name in self.nowhere:  # one of its cells is redacted, and its row is unknown
            columns[name] = pa.array([MASK] * batch.num_rows, pa.string())
        self.passed += batch.num_rows
        arrays = [columns.get(name, batch.column(name)) for name in batch.schema.names]
        return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)

    def _hits(
        self, batch: pa.RecordBatch, text: pa.RecordBatch
    ) -> Iterator[tuple[int, dict[str, list[Redaction]]]]:
        if self.by_key and batch.num_rows:
            for at in matching(text, self.key, self.by_key.keys(), self.firsts):
                key = tuple(str(text.column(name)[at].as_py()) for name in self.key)
                yield at, self.by_key[key]
        for number, cells in self.by_number.items():
            at = number - 1 - self.passed
            if 0 <= at < batch.num_rows:
                self._same_row(batch.slice(at, 1), cells)
                yield at, cells

    def _same_row(self, row: pa.RecordBatch, cells: dict[str, list[Redaction]]) -> None:
        values = [column[0].as_py() for column in text_batch(row, _in_order(row, self.fields)).columns]
        of_row = self.mac(row_bytes(values))
        redactions = chain.from_iterable(cells.values())
        self.lost |= {redaction.id for redaction in redactions if redaction.row != of_row}

    def _cell(self, text: str | None, redactions: Sequence[Redaction]) -> str:
        ids = {redaction.id for redaction in redactions}
        of_cell = self.mac((text or "").encode())
        if ids & self.done or any(redaction.cell != of_cell for redaction in redactions):
            self.lost |= ids
        self.done |= ids
        whole = bool(ids & self.lost)
        return mask(text or "", [None] if whole else [redaction.span for redaction in redactions])

    def end(self) -> None:
        """Require that every redaction was made exactly once."""
        made = self.done - self.lost
        gone = [redaction for redaction in self.part.redactions if redaction.id not in made]
        if not gone:
            return
        columns = Counter(f"{redaction.table}.{redaction.column}" for redaction in gone)
        raise NeedsPersonError(
            f"{len(gone)} redacted text(s) of {self.part.name} have changed since, or are gone.",
            question=LOST,
            detail={"redactions": sorted(redaction.id for redaction in gone), "columns": dict(columns)},
        )


def _in_order(row: pa.RecordBatch, fields: Sequence[FieldPlan]) -> list[FieldPlan]:
    by_name = {column.name: column for column in fields}
    return [by_name[name] for name in row.schema.names]


def _replace_texts(texts: pa.Array, new: dict[int, str]) -> pa.Array:
    at = pa.array([position in new for position in range(len(texts))], pa.bool_())
    return pc.replace_with_mask(texts, at, pa.array([new[position] for position in sorted(new)], pa.string()))
