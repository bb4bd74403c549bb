"""JSON as people's other programs read it."""

from __future__ import annotations

import io
import json
import struct
from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import given
from tests.unit.formats.random_tables import AWKWARD, field, tables, write

from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.values.written import text_schema, written_kind

FIELDS = [field("id", ValueKind.INTEGER), field("note", ValueKind.TEXT)]
TEXTS: list[str | None] = [*AWKWARD, None]


def batch(texts: list[str | None]) -> pa.RecordBatch:
    ids = [str(number) for number in range(len(texts))]
    return pa.RecordBatch.from_arrays(
        [pa.array(ids), pa.array(texts, pa.string())], schema=text_schema(FIELDS)
    )


def one_row(**values: tuple[ValueKind, str | None]) -> str:
    fields = [field(name, kind) for name, (kind, _) in values.items()]
    columns = [pa.array([text], pa.string()) for _, text in values.values()]
    written = write("json", fields, pa.RecordBatch.from_arrays(columns, schema=text_schema(fields)))
    return written.data.decode().removeprefix("[\n").removesuffix("\n]\n")


def test_one_object_a_line() -> None:
    data = write("json", FIELDS, batch(["a", None]), batch(["é\u2028"])).data
    assert data.decode() == ('[\n{"id":0,"note":"a"},\n{"id":1,"note":null},\n{"id":0,"note":"é\u2028"}\n]\n')


def test_an_empty_table_is_an_empty_array() -> None:
    assert write("json", FIELDS).data == b"[]\n"
    assert write("json", FIELDS, batch([])).data == b"[]\n"


def test_what_is_a_number_and_what_a_string() -> None:
    assert one_row(
        small=(ValueKind.INTEGER, "-9007199254740991"),
        large=(ValueKind.INTEGER, "9007199254740992"),
        price=(ValueKind.DECIMAL, "1.10"),
        float=(ValueKind.NUMBER, "1e+20"),
        zero=(ValueKind.NUMBER, "-0"),
        nan=(ValueKind.NUMBER, "NaN"),
        inf=(ValueKind.NUMBER, "-INF"),
        yes=(ValueKind.BOOLEAN, "true"),
        no=(ValueKind.BOOLEAN, None),
    ) == (
        '{"small":-9007199254740991,"large":"9007199254740992","price":"1.10","float":1e+20,"zero":-0.0,'
        '"nan":"NaN","inf":"-INF","yes":true,"no":null}'
    )


def test_a_document_is_written_unchanged() -> None:
    assert one_row(doc=(ValueKind.JSON, '{"a": 1.10, "a": 2}')) == '{"doc":{"a": 1.10, "a": 2}}'


def test_names_that_differ_by_case_or_need_escapes_stay() -> None:
    row = one_row(
        **{"Name": (ValueKind.TEXT, "1"), "name": (ValueKind.TEXT, "2"), 'a"\n\\': (ValueKind.TEXT, "3")}
    )
    assert row == '{"Name":"1","name":"2","a\\"\\n\\\\":"3"}'


@given(table=tables())
def test_the_json_module_reads_the_same(table: tuple[list[FieldPlan], pa.RecordBatch]) -> None:
    fields, rows = table
    data = write("json", fields, rows).data
    data.decode("utf-8")
    read = json.loads(data, parse_float=Decimal)
    assert len(read) == rows.num_rows
    for got, expected in zip(read, rows.to_pylist(), strict=True):
        assert list(got) == [f.name for f in fields]
        for f in fields:
            check_value(got[f.name], expected[f.name], written_kind(f))


def check_value(got: object, text: str | None, kind: ValueKind) -> None:
    if text is None:
        assert got is None
    elif kind is ValueKind.JSON:
        assert got == json.loads(text, parse_float=Decimal)
    elif kind is ValueKind.BOOLEAN:
        assert got is (text == "true")
    elif kind is ValueKind.INTEGER:
        assert got == (int(text) if abs(int(text)) <= 2**53 - 1 else text)
    elif kind is ValueKind.NUMBER and text not in ("NaN", "INF", "-INF"):
        assert isinstance(got, int | Decimal)
        assert struct.pack("d", float(got)) == struct.pack("d", float(text))  # the sign of zero too
    else:
        assert got == text


def test_pandas_polars_and_duckdb_read_the_same(tmp_path) -> None:
    data = write("json", FIELDS, batch(TEXTS)).data
    frame = pd.read_json(io.BytesIO(data), dtype=False)
    assert [None if pd.isna(v) else v for v in frame["note"]] == TEXTS
    assert pl.read_json(io.BytesIO(data), infer_schema_length=None)["note"].to_list() == TEXTS
    path = tmp_path / "t.json"
    path.write_bytes(data)
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT note FROM read_json(?, format = 'array', columns = {'id': 'BIGINT', 'note': 'VARCHAR'})",
            [str(path)],
        ).fetchall()
    assert [row[0] for row in rows] == TEXTS
