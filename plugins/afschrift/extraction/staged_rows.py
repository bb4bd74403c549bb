"""Reads the rows of a staged table again, as value forms, with the number of each in the table's files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.extracted import FileEntry, TableExtract, TablePart
from afschrift.domain.files import Format
from afschrift.domain.plan import FieldPlan
from afschrift.extraction.uploads import open_inflated
from afschrift.staging.encrypted import EncryptedStaging

Row = dict[str, str | None]


@dataclass(frozen=True)
class StagedTable:
    """A table of a request as it was extracted.

    Attributes:
        fields: the selected columns of its plan.
        formats: the installation's formats, by name.
    """

    staging: EncryptedStaging
    written: TableExtract
    fields: Sequence[FieldPlan]
    formats: Mapping[str, Format]

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Batches of value forms, each with the number of its first row.

        Raises:
            RetriableError: a staged file is missing.
        """
        number = 1
        for part in self.written.parts:
            entry = self._fastest(part)
            reader = self.formats[entry.format].reader
            with (
                self.staging.reader(f"data/{entry.path}") as staged,
                open_inflated(staged, entry) as stream,
            ):
                for batch in reader(stream, self.fields, entry.options):
                    yield number, batch
                    number += batch.num_rows

    def numbered(self, numbers: Collection[int]) -> dict[int, Row]:
        """The rows with these numbers, as far as they exist."""
        wanted, found = set(numbers), dict[int, Row]()
        last = max(wanted, default=0)
        for first, batch in self.batches():
            for number in sorted(wanted & set(range(first, first + batch.num_rows))):
                found[number] = batch.slice(number - first, 1).to_pylist()[0]
            if first + batch.num_rows > last:
                break
        return found

    def keyed(self, keys: Sequence[Mapping[str, str]]) -> Iterator[tuple[int, Row]]:
        """The rows with one of these keys (each with the same columns), with their numbers."""
        if not keys:
            return
        names = list(keys[0])
        wanted = {tuple(key[name] for name in names) for key in keys}
        firsts = pa.array(sorted({key[0] for key in wanted}), pa.string())
        for first, batch in self.batches():
            for at in matching(batch, names, wanted, firsts):
                yield first + at, batch.slice(at, 1).to_pylist()[0]

    def first(self, rows: int) -> list[tuple[int, Row]]:
        """The first rows."""
        found: list[tuple[int, Row]] = []
        for first, batch in self.batches():
            found += enumerate(batch.slice(0, rows - len(found)).to_pylist(), first)
            if len(found) >= rows:
                break
        return found

    def _fastest(self, part: TablePart) -> FileEntry:
        known = [entry for entry in part.files if entry.format in self.formats]
        if not known:
            raise ConfigurationError(
                f"No reader knows the formats {', '.join(entry.format for entry in part.files)}.",
                remedy="add one to `formats.registry`.",
            )
        return min(known, key=lambda entry: self.formats[entry.format].reading)


def matching(
    batch: pa.RecordBatch, names: Sequence[str], wanted: Collection[tuple[str, ...]], firsts: pa.Array
) -> Iterator[int]:
    """Positions of the rows whose values in some columns are among the wanted ones.

    Args:
        batch: value forms.
        names: the columns.
        wanted: tuples of their values.
        firsts: the wanted values of the first column. They are compared first, by Arrow, so that most rows
            cost nothing.
    """
    hits = pc.indices_nonzero(pc.is_in(batch.column(names[0]), value_set=firsts))
    if not len(hits):
        return
    columns = [pc.take(batch.column(name), hits).to_pylist() for name in names]
    for at, values in zip(hits.to_pylist(), zip(*columns, strict=True), strict=True):
        if values in wanted:
            yield at
