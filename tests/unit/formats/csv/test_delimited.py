"""CSV as people's other programs read it."""

from __future__ import annotations

import csv
import io

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from tests.unit.formats.random_tables import AWKWARD, field, tables, write

from afschrift.domain.errors import MarkerCollisionError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.csv.writer import NULL_MARKER, CsvWriter, next_marker
from afschrift.values.written import text_schema

FIELDS = [field("id", ValueKind.INTEGER), field("note", ValueKind.TEXT)]
TEXTS: list[str | None] = [*(text for text in AWKWARD if text != r"\N"), None]


def batch(texts: list[str | None]) -> pa.RecordBatch:
    ids = [str(number) for number in range(len(texts))]
    return pa.RecordBatch.from_arrays(
        [pa.array(ids), pa.array(texts, pa.string())], schema=text_schema(FIELDS)
    )


def test_the_bytes_are_rfc_4180() -> None:
    written = write("csv", FIELDS, batch(["", None, 'say "hi", she\r\nsaid', "=1+1", "é"]))
    assert written.data == (
        'id,note\r\n0,""\r\n1,\\N\r\n2,"say ""hi"", she\r\nsaid"\r\n3,=1+1\r\n4,é\r\n'.encode()
    )
    assert written.entry.options == {"null": r"\N"}


def test_an_empty_table_has_its_header() -> None:
    assert write("csv", FIELDS).data == b"id,note\r\n"


def test_column_names_are_quoted_like_values() -> None:
    assert write("csv", [field('a,"b"', ValueKind.TEXT), *FIELDS]).data == b'"a,""b""",id,note\r\n'


def test_a_single_column_is_quoted_so_that_no_row_looks_blank() -> None:
    data = write("csv", FIELDS[1:], batch(["", " ", None]).select(["note"])).data
    assert data == b'"note"\r\n""\r\n" "\r\n\\N\r\n'


def test_a_collision_names_the_field_and_the_next_marker_and_no_value() -> None:
    writer = CsvWriter(io.BytesIO(), FIELDS, NULL_MARKER)
    with pytest.raises(MarkerCollisionError, match="note") as caught:
        writer.write(batch(["x", r"\N"]))
    assert caught.value.options == {"null": r"\NULL"}


def test_markers_never_end() -> None:
    assert [next_marker(m) for m in (r"\N", r"\NULL", r"\N1", r"\N9")] == [r"\NULL", r"\N1", r"\N2", r"\N10"]
    assert write("csv", FIELDS, batch([r"\N", r"\NULL", r"\N1", None])).entry.options == {"null": r"\N2"}


def test_the_csv_module_reads_the_same() -> None:
    data = write("csv", FIELDS, batch(TEXTS)).data
    null = write("csv", FIELDS, batch(TEXTS)).entry.options["null"]
    rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    assert [None if text == null else text for _, text in rows[1:]] == TEXTS


@pytest.mark.parametrize("single", [False, True])
def test_pandas_reads_the_same(single: bool) -> None:
    fields = FIELDS[1:] if single else FIELDS
    written = write("csv", fields, batch(TEXTS).select([f.name for f in fields]))
    frame = pd.read_csv(
        io.BytesIO(written.data),
        dtype=str,
        na_values=[written.entry.options["null"]],
        keep_default_na=False,
    )
    assert [None if pd.isna(v) else v for v in frame["note"]] == TEXTS


@pytest.mark.parametrize("single", [False, True])
def test_duckdb_reads_the_same(single: bool, tmp_path) -> None:
    fields = FIELDS[1:] if single else FIELDS
    written = write("csv", fields, batch(TEXTS).select([f.name for f in fields]))
    path = tmp_path / "t.csv"
    path.write_bytes(written.data)
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT note FROM read_csv(?, all_varchar = true, header = true, delim = ',', quote = '\"', "
            "escape = '\"', nullstr = ?, strict_mode = true, max_line_size = 10000000)",
            [str(path), written.entry.options["null"]],
        ).fetchall()
    assert [row[0] for row in rows] == TEXTS


@given(table=tables())
def test_polars_and_the_csv_module_agree_on_any_table(table: tuple[list[FieldPlan], pa.RecordBatch]) -> None:
    fields, rows = table
    written = write("csv", fields, rows)
    null = written.entry.options["null"]
    expected = [list(row.values()) for row in rows.to_pylist()]
    read = csv.reader(io.StringIO(written.data.decode(), newline=""), strict=True)
    assert next(read) == [f.name for f in fields]
    assert [[None if text == null else text for text in row] for row in read] == expected
    frame = pl.read_csv(written.data, infer_schema=False, null_values=null, empty_string_is_null=False)
    assert [list(row) for row in frame.rows()] == expected
