"""Reads a lake's files a second time, by pyarrow and one by one, and not through the view that unites them.

DuckDB says which rows of which files are the person's. Their values are read from the files, so that values
that the view rounds, rewrites or leaves out are noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO
from urllib.parse import unquote

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.reconciliation import Extract, SameRows
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.catalogue import Rows
from afschrift.sources.duckdb.dialect import DuckDialect
from afschrift.sources.duckdb.document_parts import NativePart
from afschrift.sources.duckdb.lake_stores import pattern
from afschrift.sources.duckdb.lake_values import document_forms, file_texts, own, part_of_column, united
from afschrift.sources.reconcile.second_reading import HashedHere, canonical, no_digest
from afschrift.sources.reconcile.sql_reconciliation import OF_PERSON, SourceText
from afschrift.values.checksum import Hashes, row_hashes

FILE, NUMBER = "afschrift_file", "file_row_number"
"""Columns of the view with each row's file and position; DuckDB defines the name of the second one."""

PLACED = "afschrift_placed_"
"""Prefix of the name of that view."""

_ROWS = 65_536
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
Numbers = npt.NDArray[np.int64]
Open = Callable[[str], BinaryIO]


class LakeReconciliation(HashedHere):
    """Counts by DuckDB, and values by pyarrow.

    Args:
        rows: runs a statement in the session.
        read: the same for a large result.
        dialect: dialect of the session.
        extract: the extract, over the view with each row's file.
        natives: types of the columns in the view.
        open_file: opens a file by its name in the view.
        where: `source.table`, for errors.
        placed: SQL of the view with each row's file.
        places: SQL of the columns that are parts of documents.
    """

    def __init__(
        self,
        rows: Rows,
        read: Callable[[str], Iterator[pa.RecordBatch]],
        dialect: DuckDialect,
        extract: Extract,
        natives: Mapping[str, str],
        open_file: Open,
        where: str,
        placed: str,
        places: Mapping[str, NativePart],
    ) -> None:
        self._kinds, self._parts, self._natives = extract.kinds, extract.parts, natives
        types = {**natives, **{name: place.native for name, place in places.items()}}
        values = {
            name: dialect.of_table(place.value, self._parts[name].column) for name, place in places.items()
        }
        texts = {
            name: own(kind, types[name]) if name in extract.whole else None
            for name, kind in self._kinds.items()
        }
        texts |= {name: _one_spelling(texts[name], self._kinds[name]) for name in places}
        super().__init__(rows, dialect, extract.statement, texts, no_digest, values)
        self._read, self._open, self._where, self._placed = read, open_file, where, placed

    def read_again(self, columns: Sequence[str], condition: str) -> Iterator[Hashes]:
        """Read the files and hash their rows.

        Raises:
            ValidationFailedError: a file has a column that the table in DuckDB lacks.
        """
        places = f"SELECT {FILE}, list({NUMBER})\n{self._same_rows}{condition}\nGROUP BY {FILE}"
        for batch in self._read(places):
            for file, numbers in zip(batch.column(0).to_pylist(), batch.column(1), strict=True):
                for texts in self._texts(file, np.sort(numbers.values.to_numpy()), columns):
                    yield row_hashes(texts)

    def read_by_person(self, columns: Sequence[str], same_rows: SameRows) -> Iterator[tuple[int, Hashes]]:
        """Read each file once, and hash the rows of each person."""
        here = same_rows(self._placed, (FILE, NUMBER))
        places = (
            f"SELECT {FILE}, {OF_PERSON}, list({NUMBER})\n{here}\nGROUP BY {FILE}, {OF_PERSON}\nORDER BY 1"
        )
        for file, persons in _by_file(self._read(places)):
            every = np.unique(np.concatenate(list(persons.values())))
            hashes = np.concatenate([row_hashes(part) for part in self._texts(file, every, columns)])
            for person, numbers in persons.items():
                yield person, hashes[np.searchsorted(every, numbers)]

    def _texts(self, file: str, numbers: Numbers, columns: Sequence[str]) -> Iterator[list[pa.Array]]:
        with self._open(file) as stream, pq.ParquetFile(stream) as opened:
            stored = self._stored(opened.schema_arrow.names)
            of = {n: self._parts[n].column.lower() if n in self._parts else n.lower() for n in columns}
            wanted = dict.fromkeys(stored[name] for name in of.values() if name in stored)
            here = opened.schema_arrow
            types = {name: here.field(name).type for name in list(wanted) or here.names[:1]}
            natives = {name.lower(): native for name, native in self._natives.items()}
            schema = pa.schema((n, united(of, duckdb.dtype(natives[n.lower()]))) for n, of in types.items())
            for rows in rows_of(opened, numbers, schema):
                yield [self._column(file, rows, stored.get(of[name]), name) for name in columns]

    def _stored(self, names: Sequence[str]) -> dict[str, str]:
        known = {name.lower() for name in self._natives}
        unread = sorted(name for name in names if name.lower() not in known)
        if unread:
            raise ValidationFailedError(
                f"A file of {self._where} has a column {unread[0]} that was not read with the table. "
                "Nothing of it is delivered.",
                remedy="write the files again with the same columns, and describe them in the inventory.",
            )
        return {name.lower(): name for name in names}

    def _column(self, file: str, rows: pa.RecordBatch, stored: str | None, name: str) -> pa.Array:
        kind = self._kinds[name]
        if stored is not None:
            column, part = rows.column(stored), self._parts.get(name)
            if part is None:
                return file_texts(column, kind)
            return document_forms(file_texts(part_of_column(column, part), kind), kind)
        value = _partitions(file).get(name.lower())
        text = None if value in (None, _NO_VALUE) else canonical(kind, unquote(str(value)))
        return pa.array([text] * len(rows), pa.string())


def _one_spelling(own: SourceText | None, kind: ValueKind | None) -> SourceText | None:
    """Compare documents in one spelling: DuckDB rewrites those that it takes apart."""
    if own is None or own.nested:
        return own
    return replace(own, translate=lambda forms: document_forms(own.translate(forms), kind))


def with_places(con: duckdb.DuckDBPyConnection, files: Sequence[str]) -> duckdb.DuckDBPyRelation:
    """Select all rows of the files, with the file and the position of each."""
    listed = ", ".join("'" + pattern(file).replace("'", "''") + "'" for file in files)
    options = f"hive_partitioning = true, union_by_name = true, filename = '{FILE}', file_row_number = true"
    return con.sql(f"FROM read_parquet([{listed}], {options})")


def rows_of(opened: pq.ParquetFile, numbers: Numbers, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows with these numbers, in the types of the schema; a row group without any is not read."""
    first = 0
    for group in range(opened.metadata.num_row_groups):
        end = first + opened.metadata.row_group(group).num_rows
        inside = numbers[(numbers >= first) & (numbers < end)]
        if len(inside):
            for batch in opened.iter_batches(_ROWS, row_groups=[group], columns=schema.names):
                within = inside[(inside >= first) & (inside < first + len(batch))] - first
                first += len(batch)
                if len(within):
                    yield batch.select(schema.names).cast(schema).take(pa.array(within))
        first = end


def _by_file(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[str, dict[int, Numbers]]]:
    """Group by file: for each person the numbers of their rows in it. The batches are ordered by file."""
    file, persons = "", dict[int, Numbers]()
    for batch in batches:
        for name, person, numbers in zip(
            batch.column(0).to_pylist(), batch.column(1).to_pylist(), batch.column(2), strict=True
        ):
            if name != file and persons:
                yield file, persons
                persons = {}
            file, persons[int(person)] = name, np.sort(numbers.values.to_numpy())
    if persons:
        yield file, persons


def _partitions(file: str) -> dict[str, str]:
    """Columns whose values are only in the path: `customer=1/part-0.parquet`."""
    return {
        unquote(name).lower(): value
        for name, equals, value in (part.partition("=") for part in file.split("/")[:-1])
        if equals
    }
