"""The bytes that writers write, as people's other programs read them, and which columns of Parquet have a type."""

import csv
import io
import json
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.formats.random_tables import AWKWARD, field, text_rows, write

from afschrift.domain.decision import Action
from afschrift.domain.errors import MarkerCollisionError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.csv.writer import NULL_MARKER, CsvWriter, next_marker

FIELDS = [field("id", ValueKind.INTEGER), field("note", ValueKind.TEXT)]
NAMED = [field("id", ValueKind.INTEGER), field('a "b"', ValueKind.TEXT)]
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<table xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
)


def notes(*texts: str | None) -> pa.RecordBatch:
    return text_rows(FIELDS, *((str(number), text) for number, text in enumerate(texts)))


def test_csv_is_rfc_4180() -> None:
    written = write("csv", FIELDS, notes("", None, 'say "hi", she\r\nsaid', "=1+1", "é"))
    assert written.data == (
        'id,note\r\n0,""\r\n1,\\N\r\n2,"say ""hi"", she\r\nsaid"\r\n3,=1+1\r\n4,é\r\n'.encode()
    )
    assert written.entry.options == {"null": r"\N"}


def test_column_names_of_csv_are_quoted_like_values() -> None:
    assert write("csv", [field('a,"b"', ValueKind.TEXT), *FIELDS]).data == b'"a,""b""",id,note\r\n'


def test_a_single_column_of_csv_is_quoted_so_that_no_row_looks_blank() -> None:
    data = write("csv", FIELDS[1:], notes("", " ", None).select(["note"])).data
    assert data == b'"note"\r\n""\r\n" "\r\n\\N\r\n'


def test_a_collision_names_the_field_and_the_next_marker_and_no_value() -> None:
    writer = CsvWriter(io.BytesIO(), FIELDS, NULL_MARKER)
    with pytest.raises(MarkerCollisionError, match="note") as caught:
        writer.write(notes("x", r"\N"))
    assert caught.value.options == {"null": r"\NULL"}


def test_markers_never_end() -> None:
    assert [next_marker(m) for m in (r"\N", r"\NULL", r"\N1", r"\N9")] == [r"\NULL", r"\N1", r"\N2", r"\N10"]
    written = write("csv", FIELDS, notes(r"\N", r"\NULL", r"\N1", None))
    assert written.entry.options == {"null": r"\N2"}


@pytest.mark.parametrize("fields", [FIELDS, FIELDS[1:]], ids=["two columns", "one column"])
def test_other_programs_read_the_same_csv(fields: list[FieldPlan], tmp_path: Path) -> None:
    texts: list[str | None] = [*(text for text in AWKWARD if text != r"\N"), None]
    written = write("csv", fields, notes(*texts).select([f.name for f in fields]))
    data, null = written.data, written.entry.options["null"]
    rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    assert [None if row[-1] == null else row[-1] for row in rows[1:]] == texts
    frame = pd.read_csv(io.BytesIO(data), dtype=str, na_values=[null], keep_default_na=False)
    assert [None if pd.isna(v) else v for v in frame["note"]] == texts
    (tmp_path / "t.csv").write_bytes(data)
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT note FROM read_csv(?, all_varchar = true, header = true, delim = ',', quote = '\"', "
            "escape = '\"', nullstr = ?, strict_mode = true, max_line_size = 10000000)",
            [str(tmp_path / "t.csv"), null],
        ).fetchall()
    assert [note for (note,) in found] == texts


def test_pandas_polars_and_duckdb_read_the_same_json(tmp_path: Path) -> None:
    data = write("json", FIELDS, notes(*AWKWARD, None)).data
    frame = pd.read_json(io.BytesIO(data), dtype=False)
    assert [None if pd.isna(v) else v for v in frame["note"]] == [*AWKWARD, None]
    assert pl.read_json(io.BytesIO(data), infer_schema_length=None)["note"].to_list() == [*AWKWARD, None]
    (tmp_path / "t.json").write_bytes(data)
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT note FROM read_json(?, format = 'array', columns = {'id': 'BIGINT', 'note': 'VARCHAR'})",
            [str(tmp_path / "t.json")],
        ).fetchall()
    assert [note for (note,) in rows] == [*AWKWARD, None]


def test_json_is_an_array_of_one_object_a_line() -> None:
    data = write("json", FIELDS, notes("a", None), notes("é\u2028")).data
    assert data.decode() == ('[\n{"id":0,"note":"a"},\n{"id":1,"note":null},\n{"id":0,"note":"é\u2028"}\n]\n')


ONE_ROW = {
    "small": (ValueKind.INTEGER, "-9007199254740991", "-9007199254740991"),
    "large": (ValueKind.INTEGER, "9007199254740992", '"9007199254740992"'),
    "price": (ValueKind.DECIMAL, "1.10", '"1.10"'),
    "float": (ValueKind.NUMBER, "1e+20", "1e+20"),
    "zero": (ValueKind.NUMBER, "-0", "-0.0"),
    "nan": (ValueKind.NUMBER, "NaN", '"NaN"'),
    "inf": (ValueKind.NUMBER, "-INF", '"-INF"'),
    "yes": (ValueKind.BOOLEAN, "true", "true"),
    "no": (ValueKind.BOOLEAN, None, "null"),
    "doc": (ValueKind.JSON, '{"a": 1.10, "a": 2}', '{"a": 1.10, "a": 2}'),
    "Name": (ValueKind.TEXT, "1", '"1"'),
    "name": (ValueKind.TEXT, "2", '"2"'),
    'a"\n\\': (ValueKind.TEXT, "3", '"3"'),
}


def test_what_is_a_number_a_string_or_a_document_in_json() -> None:
    fields = [field(name, kind) for name, (kind, _, _) in ONE_ROW.items()]
    written = write("json", fields, text_rows(fields, tuple(text for _, text, _ in ONE_ROW.values())))
    members = ",".join(f"{json.dumps(name)}:{value}" for name, (_, _, value) in ONE_ROW.items())
    assert written.data.decode() == f"[\n{{{members}}}\n]\n"


def test_xml_escapes_what_it_can_and_keeps_the_rest_beside() -> None:
    written = write("xml", NAMED, text_rows(NAMED, ("1", "<&>\r\n"), ("2", None), ("3", ""), ("4", "\x00é")))
    opening = "<field name='a \"b\"'"
    assert written.data.decode() == (
        f'{HEAD}<row><field name="id">1</field>{opening}>&lt;&amp;&gt;&#13;\n</field></row>\n'
        f'<row><field name="id">2</field>{opening} xsi:nil="true"></field></row>\n'
        f'<row><field name="id">3</field>{opening}></field></row>\n'
        f'<row><field name="id">4</field>{opening} base64="AMOp">\ufffdé</field></row>\n</table>\n'
    )
    assert written.entry.options == {"replaced": "1"}


@pytest.mark.parametrize(
    ("name", "data"), [("csv", "id,note\r\n"), ("json", "[]\n"), ("ndjson", ""), ("xml", HEAD + "</table>\n")]
)
def test_tables_without_rows(name: str, data: str) -> None:
    assert write(name, FIELDS).data.decode() == write(name, FIELDS, notes()).data.decode() == data


def test_ndjson_is_an_object_a_line() -> None:
    data = write("ndjson", NAMED, text_rows(NAMED, ("1", "a\n"), ("9007199254740993", None))).data
    assert data == b'{"id":1,"a \\"b\\"":"a\\n"}\n{"id":"9007199254740993","a \\"b\\"":null}\n'


def test_parquet_has_types_where_they_give_back_every_value() -> None:
    kinds = {
        ValueKind.INTEGER: ("1", "9223372036854775807", "int64"),
        ValueKind.NUMBER: ("0.1", "NaN", "double"),
        ValueKind.BOOLEAN: ("true", "false", "bool"),
        ValueKind.DATE: ("2024-01-01", "0001-01-01", "date32[day]"),
        ValueKind.DATETIME: ("2024-01-01T00:00:00", "2024-01-01T00:00:00.000001", "timestamp[us]"),
        ValueKind.INSTANT: ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000001Z", "timestamp[us, tz=UTC]"),
        ValueKind.DECIMAL: ("1.10", "1.1", "string"),
        ValueKind.TIME: ("10:00:00", "10:00:00+02:00", "string"),
        ValueKind.BINARY: ("AA==", "", "string"),
    }
    fields = [field(kind.value, kind) for kind in kinds]
    first, second, types = zip(*kinds.values(), strict=True)
    written = write("parquet", fields, text_rows(fields, first, second))
    assert tuple(str(f.type) for f in pq.read_schema(io.BytesIO(written.data))) == types
    assert written.entry.options == {}


def test_parquet_is_text_where_a_value_does_not_fit_or_would_change() -> None:
    unfit = {
        "beyond": (ValueKind.INTEGER, "9223372036854775808"),
        "spelt": (ValueKind.NUMBER, "1.10"),
        "endless": (ValueKind.DATE, "infinity"),
        "fine": (ValueKind.DATETIME, "2024-01-01T00:00:00.123456789"),
    }
    fields = [field("id", ValueKind.INTEGER), *(field(name, kind) for name, (kind, _) in unfit.items())]
    fields.append(field("masked", ValueKind.INTEGER, Action.MASK))
    good = ("1", "1", "1.5", "2024-01-01", "2024-01-01T00:00:00", "[masked]")
    bad = ("2", *(text for _, text in unfit.values()), None)
    written = write("parquet", fields, text_rows(fields, good), text_rows(fields, bad))
    assert json.loads(written.entry.options["text"]) == sorted(unfit)
    table = pq.read_table(io.BytesIO(written.data))
    assert [str(t) for t in table.schema.types] == ["int64", *["string"] * 5]
    assert table.to_pylist()[1] == dict(zip([f.name for f in fields], (2, *bad[1:]), strict=True))
