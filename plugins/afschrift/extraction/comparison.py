"""Reconciles what is written of a table with the source's sums over the same rows.

Reading a file back compares it with the extraction; this compares the extraction with the database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec
import pyarrow as pa

from afschrift.domain.decision import Action
from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.event import digest
from afschrift.domain.extracted import Compared
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.reconciliation import PRIME, Extract, Reconciliation, Sample, Sums
from afschrift.domain.sources import Source
from afschrift.values.checksum import Hashes, drawn, row_hashes, total
from afschrift.values.forms import text_batch

WHOLE_ROWS = 10_000
"""A table of at most so many rows is hashed whole, whatever the share of larger ones."""

BESIDE = 50_000
"""From so many rows on the source is asked while they are still read: a second session takes time to open."""

_ROWS, _BYTES = 4_096, 4_000_000
"""So many drawn rows are hashed at once: of a batch there are few."""


@dataclass
class FormSums:
    """Our side: sums over the value forms that are written, turned back into the source's own texts.

    Attributes:
        columns: to hash.
        sample: None: all rows are hashed.
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
        """The next rows as value forms, before any mask of a reviewer is looked for in them."""
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
            self._add(hashes[drawn(text.column(self.sample.column), self.sample)])

    def _some_of(self, text: pa.RecordBatch) -> None:
        if self.sample is None or not text.num_rows:
            return
        part = text.filter(pa.array(drawn(text.column(self.sample.column), self.sample)))
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
            # their messages quote the value
            raise ValidationFailedError(
                f"The values of column {name} are none of its type in the source. Nothing is delivered.",
                remedy="give the person a view that casts the column to text, and report the column's type.",
            ) from None

    @property
    def drawn(self) -> Sample | None:
        """The sample, where the table has more rows than are always hashed."""
        return self.sample if self.rows > WHOLE_ROWS else None

    def sums(self) -> Sums:
        """What our side says."""
        self._hash_waiting()
        if not self.columns:
            return Sums(self.rows, self.present, 0, 0)
        if self.drawn is None:
            return Sums(self.rows, self.present, self.rows, self.of_all % 2**64)
        return Sums(self.rows, self.present, self.in_sample, self.of_sample % 2**64)


class Comparison:
    """One table's rows, reconciled with the source.

    Args:
        session: the extract's own, so that both speak of one snapshot.
        part: what is read.
        percent: share of the rows of a large table that is hashed; 100: all of them.
        seed: decides which.
        hidden: columns of which no value is read, whatever the source has there (R84).
    """

    def __init__(
        self, session: Source, part: ExtractPlan, percent: float, seed: str, hidden: Collection[str] = ()
    ) -> None:
        self._part = part
        apart = {redaction.column for redaction in part.redactions} | set(hidden)
        kinds = {column.name: column.kind for column in part.selected if column.name not in apart}
        whole = {column.name for column in part.selected if column.action is Action.INCLUDE} - apart
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
        """Columns that hold nothing but JSON documents by their type, and leave as they are."""
        return self._reconciliation.documents

    def begin(self) -> None:
        """The table is written from its start."""
        self._ours = FormSums(self._reconciliation, self._reconciliation.hashed, self._sample)

    def take(self, text: pa.RecordBatch) -> None:
        """The next rows as they are written."""
        before = self._ours.rows
        self._ours.take(text.select(self._columns))
        if before < BESIDE <= self._ours.rows:
            self._reconciliation.begin(self._reconciliation.hashed, self._ours.drawn)

    def require(self, again: Callable[[], Iterable[pa.RecordBatch]]) -> Compared:
        """The table is written; the warehouse says the same of it.

        Args:
            again: reads the rows once more, to tell which column differs.

        Raises:
            ValidationFailedError: it does not; names table and columns, never a value.
        """
        ours, sample = self._ours.sums(), self._ours.drawn
        theirs = self._reconciliation.sums(self._reconciliation.hashed, sample)
        theirs = replace(theirs, present={name: theirs.present[name] for name in self._columns})
        if ours.rows != theirs.rows:
            raise self._differs(f"{ours.rows} rows were written, and the source counts {theirs.rows}")
        uneven = [name for name in self._columns if ours.present.get(name, 0) != theirs.present[name]]
        if uneven:
            raise self._differs(f"another number of values stands in {_listed(uneven)}")
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
            f"What was read of {self._part.name} is not what the source itself says: {where}. "
            "Nothing of it is delivered.",
            remedy=f"clear `extract_{self._part.source}`; where it differs again, give the person a view "
            "that casts the column to text, and report the column's type.",
        )


def _listed(names: Sequence[str]) -> str:
    return f"column{'s' if len(names) > 1 else ''} {', '.join(names)}"
