"""The bytes of XML and NDJSON, and which columns of Parquet have a type."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
from tests.unit.formats.random_tables import field, write

from afschrift.domain.decision import Action
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.values.written import text_schema

FIELDS = [field("id", ValueKind.INTEGER), field('a "b"', ValueKind.TEXT)]
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<table xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
)


def batch(*rows: tuple[str | None, ...], fields: list[FieldPlan] = FIELDS) -> pa.RecordBatch:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=text_schema(fields))


def test_xml_escapes_what_it_can_and_keeps_the_rest_beside() -> None:
    written = write("xml", FIELDS, batch(("1", "<&>\r\n"), ("2", None), ("3", ""), ("4", "\x00é")))
    opening = "<field name='a \"b\"'"
    assert written.data.decode() == (
        f'{HEAD}<row><field name="id">1</field>{opening}>&lt;&amp;&gt;&#13;\n</field></row>\n'
        f'<row><field name="id">2</field>{opening} xsi:nil="true"></field></row>\n'
        f'<row><field name="id">3</field>{opening}></field></row>\n'
        f'<row><field name="id">4</field>{opening} base64="AMOp">\ufffdé</field></row>\n</table>\n'
    )
    assert written.entry.options == {"replaced": "1"}


def test_tables_without_rows() -> None:
    assert write("xml", FIELDS).data.decode() == HEAD + "</table>\n"
    assert write("ndjson", FIELDS).data == b""


def test_ndjson_is_an_object_a_line() -> None:
    data = write("ndjson", FIELDS, batch(("1", "a\n"), ("9007199254740993", None))).data
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
    rows = [[texts[row] for texts in kinds.values()] for row in range(2)]
    written = write("parquet", fields, batch(*map(tuple, rows), fields=fields))
    assert [str(f.type) for f in pq.read_schema(io.BytesIO(written.data))] == [
        t for _, _, t in kinds.values()
    ]
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
    written = write("parquet", fields, batch(good, fields=fields), batch(bad, fields=fields))
    assert json.loads(written.entry.options["text"]) == sorted(unfit)
    table = pq.read_table(io.BytesIO(written.data))
    assert [str(t) for t in table.schema.types] == ["int64", *["string"] * 5]
    assert table.to_pylist()[1] == dict(zip([f.name for f in fields], (2, *bad[1:]), strict=True))
