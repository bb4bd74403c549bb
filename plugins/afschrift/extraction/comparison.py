"""Reconciles the rows written of a table with sums that the source computes over the same rows.

Reading a file back compares the file with the extraction; this compares the extraction with the database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import pyarrow as pa

from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.event import digest
from afschrift.domain.extracted import Compared
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.reconciliation import PRIME, Extract, Reconciliation, Sample, Sums
from afschrift.domain.sources import Source
from afschrift.values.checksum import Hashes, row_hashes, sampled_rows, total
from afschrift.values.forms import text_batch

WHOLE_ROWS = 10_000
"""A table of at most so many rows is hashed as a whole, whatever the share of larger ones."""

SECOND_SESSION_ROWS = 50_000
"""From so many rows on, the source computes its sums in a second session while rows are still read; for fewer
rows opening that session takes longer than it saves."""

_ROWS, _BYTES = 4_096, 4_000_000
"""So many sampled rows are hashed at once, because a batch has few of them."""


@dataclass
class FormSums:
    """Our sums: over the written value forms, turned back into the texts of the source.

    Attributes:
        columns: columns to hash.
        sample: rows to hash; None for all rows.
    """

    reconciliation: Reconciliation
    columns: tuple[str, ...]
    sample: Sample | None
    rows: int = 0
    present: dict[str, int] = field(default_factory=dict)
    of_all: int = 0
    of_sample: int = 0
    in_sample: int = 0
    _waiting: list[pa.RecordBatch] = field(default_factory=list)

    def take(self, text: pa.RecordBatch) -> None:
        """Add the next rows as value forms."""
        for name, column in zip(text.schema.names, text.columns, strict=True):
            self.present[name] = self.present.get(name, 0) + len(column) - column.null_count
        before, self.rows = self.rows, self.rows + text.num_rows
        if not self.columns:
            return
        whole = text.num_rows if self.sample is None else max(0, WHOLE_ROWS - before)
        self._all_of(text.slice(0, whole))
        self._some_of(text.slice(whole))

    def _all_of(self, text: pa.RecordBatch) -> None:
        if not text.num_rows:
            return
        hashes = self._hashes(text)
        self.of_all += total(hashes)
        if self.sample is not None:
            self._add(hashes[sampled_rows(text.column(self.sample.column), self.sample)])

    def _some_of(self, text: pa.RecordBatch) -> None:
        if self.sample is None or not text.num_rows:
            return
        part = text.filter(pa.array(sampled_rows(text.column(self.sample.column), self.sample)))
        if part.num_rows:
            self._waiting.append(part)
            size = sum(batch.nbytes for batch in self._waiting)
            if sum(map(len, self._waiting)) >= _ROWS or size >= _BYTES:
                self._hash_waiting()

    def _hash_waiting(self) -> None:
        if self._waiting:
            together = pa.concat_batches(self._waiting)
            self._waiting.clear()
            self._add(self._hashes(together))

    def _add(self, hashes: Hashes) -> None:
        self.of_sample += total(hashes)
        self.in_sample += len(hashes)

    def _hashes(self, text: pa.RecordBatch) -> Hashes:
        return row_hashes([self._own(name, text.column(name)) for name in self.columns])

    def _own(self, name: str, forms: pa.Array) -> pa.Array:
        try:
            return self.reconciliation.own(name, forms)
        except (ValueError, ArithmeticError, KeyError, pa.ArrowException, msgspec.MsgspecError):
            # the messages of these errors quote the value
            raise ValidationFailedError(
                f"Values of column {name} do not fit its type in the source. Nothing is delivered.",
                remedy="give the person a view that casts the column to text, and report the column's type.",
            ) from None

    @property
    def used_sample(self) -> Sample | None:
        """The sample, if the table has more rows than are always hashed."""
        return self.sample if self.rows > WHOLE_ROWS else None

    def sums(self) -> Sums:
        """Our sums over the rows so far."""
        self._hash_waiting()
        if not self.columns:
            return Sums(self.rows, self.present, 0, 0)
        if self.used_sample is None:
            return Sums(self.rows, self.present, self.rows, self.of_all % 2**64)
        return Sums(self.rows, self.present, self.in_sample, self.of_sample % 2**64)


class Comparison:
    """Reconciles a table's rows with the source.

    Args:
        session: the session that the rows are read in, so that both sides are of the same snapshot.
        part: the table's plan.
        percent: share of the rows of a large table that is hashed; 100 for all of them.
        seed: decides which rows.
        hidden: columns of which no value is read, whatever the source has there (R84).
    """

    def __init__(
        self, session: Source, part: ExtractPlan, percent: float, seed: str, hidden: Collection[str] = ()
    ) -> None:
        self._part = part
        apart = {redaction.column for redaction in part.redactions} | set(hidden)
        kinds = {column.name: column.kind for column in part.selected if column.name not in apart}
        whole = part.whole.keys() - apart
        self._columns = list(kinds)
        in_parts = [column for column in part.selected if column.name in kinds]
        parts = {column.name: column.part for column in in_parts if column.part is not None}
        self._reconciliation = session.reconciliation(Extract(part.statement, kinds, whole, parts))
        number = next((name for name in part.order if name in self._reconciliation.numbers), None)
        self._sample = None
        if number is not None and percent < 100:
            factor = int(digest([seed, part.name]), 16) % (PRIME - 1) + 1
            self._sample = Sample(number, factor, percent)
        self.begin()

    @property
    def documents(self) -> frozenset[str]:
        """Columns whose type guarantees JSON documents, and which are written unchanged."""
        return self._reconciliation.documents

    def begin(self) -> None:
        """Begin anew: the table is written from its start."""
        self._ours = FormSums(self._reconciliation, self._reconciliation.hashed, self._sample)

    def take(self, text: pa.RecordBatch) -> None:
        """Add the next rows as they are written."""
        before = self._ours.rows
        self._ours.take(text.select(self._columns))
        if before < SECOND_SESSION_ROWS <= self._ours.rows:
            self._reconciliation.begin(self._reconciliation.hashed, self._ours.used_sample)

    def require(self, again: Callable[[], Iterable[pa.RecordBatch]]) -> Compared:
        """Require that the sums of the source are equal, once the table is written.

        Args:
            again: reads the rows again, to find out which column differs.

        Raises:
            ValidationFailedError: they differ; it names table and columns, never a value.
        """
        ours, sample = self._ours.sums(), self._ours.used_sample
        theirs = self._reconciliation.sums(self._reconciliation.hashed, sample)
        theirs = replace(theirs, present={name: theirs.present[name] for name in self._columns})
        if ours.rows != theirs.rows:
            raise self._differs(f"{ours.rows} rows were written, and the source counts {theirs.rows}")
        uneven = [name for name in self._columns if ours.present.get(name, 0) != theirs.present[name]]
        if uneven:
            raise self._differs(f"the number of values in {_listed(uneven)} differs")
        if (ours.hashed, ours.total) != (theirs.hashed, theirs.total):
            columns = self._differing(again, sample)
            where = f"the values of {_listed(columns)} differ" if columns else "its rows differ"
            raise self._differs(where)
        counted = tuple(name for name in self._columns if name not in self._reconciliation.hashed)
        return Compared(ours.rows, ours.hashed, self._reconciliation.hashed, counted, sample)

    def _differing(self, again: Callable[[], Iterable[pa.RecordBatch]], sample: Sample | None) -> list[str]:
        sides = {
            name: FormSums(self._reconciliation, (name,), sample) for name in self._reconciliation.hashed
        }
        for batch in again():
            text = text_batch(batch, self._part.selected).select(self._columns)
            for side in sides.values():
                side.take(text)
        found = []
        for name, side in sides.items():
            ours, theirs = side.sums(), self._reconciliation.sums((name,), sample)
            if (ours.hashed, ours.total) != (theirs.hashed, theirs.total):
                found.append(name)
        return found

    def _differs(self, where: str) -> ValidationFailedError:
        return ValidationFailedError(
            f"The rows read of {self._part.name} do not agree with the sums of the source: {where}. "
            "Nothing of it is delivered.",
            remedy=f"clear `extract_{self._part.source}`; if they differ again, give the person a view "
            "that casts the column to text, and report the column's type.",
        )


def _listed(names: Sequence[str]) -> str:
    return f"column{'s' if len(names) > 1 else ''} {', '.join(names)}"
