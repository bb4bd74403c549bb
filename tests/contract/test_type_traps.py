"""Values that break careless software, in every registered format: exact to its reader and to plain tools."""

from __future__ import annotations

import base64
import io
from itertools import zip_longest

import pyarrow as pa
import pytest
from hypothesis import given
from tests.contract.plain_readers import READ, same
from tests.unit.formats.random_tables import Written, field, tables, write

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.registry import FORMATS
from afschrift.formats.validate_file import validate
from afschrift.values.forms import text_batch
from afschrift.values.written import text_schema

pytestmark = pytest.mark.parametrize("name", sorted(FORMATS))

FORBIDDEN = [chr(code) for code in (*range(0x20), 0xFFFE, 0xFFFF)]
TRAPS: dict[str, tuple[ValueKind, list[str]]] = {
    "numeric": (
        ValueKind.DECIMAL,
        ["9" * 38, f"-{'9' * 38}", "0." + "0" * 19 + "1", "0." + "0" * 37 + "1", "1.10", "1.1", "0.00", "-0"],
    ),
    "numeric specials": (ValueKind.DECIMAL, ["NaN", "INF", "-INF", "1"]),
    "bigint": (
        ValueKind.INTEGER,
        [*map(str, (2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 0, -1))],
    ),
    "beyond bigint": (ValueKind.INTEGER, ["18446744073709551615", "1" + "0" * 38, "-1"]),
    "double": (ValueKind.NUMBER, ["0.1", "1e-20", "5e-324", "1.7976931348623157e+308", "-0", "0", "100"]),
    "double specials": (ValueKind.NUMBER, ["NaN", "INF", "-INF", "1.5"]),
    "date": (ValueKind.DATE, ["2024-02-29", "0001-01-01", "9999-12-31"]),
    "date that no calendar type holds": (
        ValueKind.DATE,
        ["infinity", "-infinity", "0044-03-15 BC", "0044-03-15 (BC)", "10000-01-01", "0000-00-00"],
    ),
    "time": (
        ValueKind.TIME,
        ["24:00:00", "23:59:59.999999", "10:00:00.123456789", "10:00:00+02:00", "10:00:00Z"],
    ),
    "datetime": (
        ValueKind.DATETIME,
        ["2024-01-01T00:00:00", "2024-01-01T00:00:00.000001", "9999-12-31T23:59:59"],
    ),
    "datetime beyond": (
        ValueKind.DATETIME,
        [
            "infinity",
            "0044-03-15 10:00:00 BC",
            "294276-12-31T23:59:59.999999",
            "2024-01-01T00:00:00.123456789",
        ],
    ),
    "instant": (ValueKind.INSTANT, ["2024-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z"]),
    "instant beyond": (ValueKind.INSTANT, ["-infinity", "infinity", "0044-03-15 10:00:00.5+00 BC"]),
    "interval": (
        ValueKind.DURATION,
        ["1 year 2 mons -3 days +04:05:06.789", "P1Y2M", "-00:00:01", "infinity"],
    ),
    "json": (
        ValueKind.JSON,
        ['{"a": 1.10, "a": 2}', "[9007199254740993, 1e400, 1E-20, -0.0]", '"\\u0000\\ud83d\\ude00"', "[ ]"],
    ),
    "array": (ValueKind.JSON, ["[[1,2],[3,null]]", "[[[]]]", '["null",null,""]', '["1.10",{"k":["é"]}]']),
    "binary": (
        ValueKind.BINARY,
        [base64.b64encode(data).decode() for data in (b"", b"\0", bytes(range(256)))],
    ),
    "uuid": (
        ValueKind.UUID,
        ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-4fff-bfff-ffffffffffff"],
    ),
    "boolean": (ValueKind.BOOLEAN, ["true", "false"]),
    "texts of other types": (
        ValueKind.TEXT,
        ["192.0.2.1/32", "[1,10)", '"a"=>"1", "b"=>NULL', "€ 1,234.56", '(1,"x y",)', "{calm,busy}", "0012"],
    ),
    "empty and NULL": (ValueKind.TEXT, ["", " ", "NULL", "null", "nil", "NaN", "None", r"\N", '""']),
    "control characters": (ValueKind.TEXT, [*FORBIDDEN, *(f"a{c}b" for c in FORBIDDEN), "".join(FORBIDDEN)]),
    "line ends": (ValueKind.TEXT, ["\r", "\n", "\r\n", "a\n\nb\r", "\x85", "\u2028\u2029", "\t\t"]),
    "emoji": (ValueKind.TEXT, ["👩‍👩‍👧", "𝕏𝕐", "\U0010ffff", "e\u0301 é", "\ufeffx", "🇳🇱"]),
    "right to left": (ValueKind.TEXT, ["שלום", "\u202eabc\u202c", "مرحبا، world", "\u200f"]),
    "markup": (
        ValueKind.TEXT,
        ["]]>", "&amp;&#13;&", "</field></row>", '<field name="x">', "<!-- -->", '\\"', "},\n{", '","'],
    ),
}


def columns_of(cells: list[list[object]]) -> list[list[object]]:
    return [list(column) for column in zip(*cells, strict=True)]


def check(name: str, fields: list[FieldPlan], rows: pa.RecordBatch) -> Written:
    """Written, read back by its reader and by a plain one, and found valid."""
    written = write(name, fields, rows)
    read = FORMATS[name].reader(io.BytesIO(written.data), fields, written.entry.options)
    assert [row for part in read for row in part.to_pylist()] == rows.to_pylist()
    assert validate(written.entry, io.BytesIO(written.data), fields, written.rows, written.checksums) == []
    names, cells = READ[name](written)
    assert names == rows.schema.names
    for column, texts, plan in zip(columns_of(cells), rows.columns, fields, strict=True):
        assert plan.kind is not None
        assert same(column, texts.to_pylist(), plan.kind), plan.name
    return written


@pytest.mark.parametrize("trap", TRAPS)
def test_exact(name: str, trap: str) -> None:
    kind, values = TRAPS[trap]
    fields = [field("id", ValueKind.INTEGER), field("trap", kind)]
    texts = [text for value in values for text in (value, None)]
    ids = [str(number) for number in range(len(texts))]
    columns = [pa.array(ids), pa.array(texts, pa.string())]
    check(name, fields, pa.RecordBatch.from_arrays(columns, schema=text_schema(fields)))


def test_all_traps_in_one_table(name: str) -> None:
    fields = [field(trap, kind) for trap, (kind, _) in TRAPS.items()]
    rows = list(zip_longest(*(values for _, values in TRAPS.values())))
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    check(name, fields, pa.RecordBatch.from_arrays(columns, schema=text_schema(fields)))


@given(table=tables(min_rows=1))
def test_any_table_is_the_same_to_plain_tools(
    name: str, table: tuple[list[FieldPlan], pa.RecordBatch]
) -> None:
    check(name, *table)


def test_from_the_types_of_a_source(name: str) -> None:
    """Arrow's own types, as a source hands them over, through value forms to the file."""
    source = {
        "big": (ValueKind.INTEGER, pa.array([2**53 + 1, -(2**63), None])),
        "unsigned": (ValueKind.INTEGER, pa.array([2**64 - 1, 0, None], pa.uint64())),
        "single": (ValueKind.NUMBER, pa.array([0.1, float("nan"), float("-inf")], pa.float32())),
        "double": (ValueKind.NUMBER, pa.array([-0.0, 5e-324, None])),
        "blob": (ValueKind.BINARY, pa.array([b"", b"\x00\xff", None])),
        "nested": (ValueKind.JSON, pa.array([[[1, 2], [None]], [], None], pa.list_(pa.list_(pa.int64())))),
        "text": (ValueKind.TEXT, pa.array(["", "\x00", None])),
        "numeric": (ValueKind.DECIMAL, pa.array(["9" * 38, "0." + "0" * 19 + "1", "NaN"])),
        "bc": (
            ValueKind.INSTANT,
            pa.array(["0044-03-15 10:00:00+00 BC", "infinity", "2024-01-01 00:00:00.5+00"]),
        ),
    }
    fields = [field(column, kind) for column, (kind, _) in source.items()]
    arrays = [array for _, array in source.values()]
    rows = text_batch(pa.RecordBatch.from_arrays(arrays, names=list(source)), fields)
    check(name, fields, rows)
    assert rows.to_pylist()[0] == {
        "big": "9007199254740993",
        "unsigned": "18446744073709551615",
        "single": "0.1",
        "double": "-0",
        "blob": "",
        "nested": "[[1,2],[null]]",
        "text": "",
        "numeric": "9" * 38,
        "bc": "0044-03-15 10:00:00+00 BC",
    }


def test_half_a_surrogate_pair(name: str) -> None:
    """No UTF-8 holds one (RFC 3629). JSON may spell one (RFC 8259, 8.2): refused, and exact as text."""
    document = '"\\ud800 \\udc00"'
    rows = pa.RecordBatch.from_arrays([pa.array([document])], names=["doc"])
    with pytest.raises(ConfigurationError, match=r"doc.*half a surrogate pair.*kind: text") as refused:
        text_batch(rows, [field("doc", ValueKind.JSON)])
    assert "d800" not in str(refused.value)
    fields = [field("doc", ValueKind.TEXT)]
    check(name, fields, text_batch(rows, fields))
