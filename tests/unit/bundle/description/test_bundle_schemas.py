"""Files of every format fit their schema in the bundle, judged by other validators."""

import io
import json
import subprocess
from pathlib import Path

import jsonschema_rs
import pyarrow as pa
import pytest
from hypothesis import given
from testbed.running import members
from tests.support.properties import fewer
from tests.unit.bundle.bundle_example import Example
from tests.unit.formats.random_tables import field, tables, write

from afschrift.bundle.description.fields import columns, schema_path
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.formats.registry import FORMATS
from afschrift.values.written import text_schema

CONTENTS = Example().contents
FIELDS = [field("id", ValueKind.INTEGER), field("note", ValueKind.TEXT), field("at", ValueKind.INSTANT)]
ROWS: list[tuple[str | None, ...]] = [("1", None, "infinity"), ("9007199254740993", "a<\x00", None)]


def schema(name: str, fields: list[FieldPlan]) -> bytes:
    writer = FORMATS[name].schema
    assert writer
    return writer.make("shop.orders", columns(CONTENTS, planned(fields)))


def planned(fields: list[FieldPlan]) -> ExtractPlan:
    return ExtractPlan("shop", "orders", tuple(fields), "SELECT 1")


def batch(rows: list[tuple[str | None, ...]]) -> pa.RecordBatch:
    columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(FIELDS))]
    return pa.RecordBatch.from_arrays(columns, schema=text_schema(FIELDS))


def fits_xsd(fields: list[FieldPlan], data: bytes, folder: Path) -> bool:
    xsd, file = folder / "table.xsd", folder / "table.xml"
    xsd.write_bytes(schema("xml", fields))
    file.write_bytes(data)
    return subprocess.run(["xmllint", "--noout", "--schema", xsd, file], capture_output=True).returncode == 0


def row_schema(fields: list[FieldPlan]) -> dict[str, object]:
    """The schema of one line of an NDJSON file."""
    document = json.loads(schema("json", fields))
    return {**document, "type": "object", "items": {}, "$ref": "#/$defs/row"}


@given(table=tables())
def test_any_table_in_json(table: tuple[list[FieldPlan], pa.RecordBatch]) -> None:
    fields, rows = table
    document = json.loads(schema("json", fields))
    jsonschema_rs.meta.validate(document)
    jsonschema_rs.validator_for(document).validate(json.loads(write("json", fields, rows).data))
    line = jsonschema_rs.validator_for(row_schema(fields))
    for text in write("ndjson", fields, rows).data.decode().split("\n")[:-1]:
        line.validate(json.loads(text))


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "note": "x"},
        {"id": 1, "note": "x", "at": None, "more": 1},
        {"id": "1", "note": "x", "at": None},
        {"id": 1.5, "note": "x", "at": None},
        {"id": 1, "note": 2, "at": None},
        {"id": 1, "note": "x", "at": "2024-01-01 10:00:00"},
    ],
)
def test_rows_that_are_not_of_the_table(row: dict[str, object]) -> None:
    assert not jsonschema_rs.validator_for(row_schema(FIELDS)).is_valid(row)


@pytest.mark.needs_program("xmllint")
@fewer(4)
@given(table=tables())
def test_any_table_in_xml(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[list[FieldPlan], pa.RecordBatch]
) -> None:
    fields, rows = table
    assert fits_xsd(fields, write("xml", fields, rows).data, tmp_path_factory.mktemp("xsd"))


@pytest.mark.needs_program("xmllint")
@pytest.mark.parametrize(
    ("there", "instead"),
    [
        (b'<field name="id">1</field>', b""),
        (b'<field name="id">1</field>', b'<field name="note">1</field>'),
        (b'name="id"', b'name="Id"'),
        (b"<row>", b"<row><x/>"),
        (b'base64="', b'base65="'),
        (b"</table>", b"<more/></table>"),
    ],
)
def test_xml_that_is_not_of_the_table(there: bytes, instead: bytes, tmp_path: Path) -> None:
    data = write("xml", FIELDS, batch(ROWS)).data
    assert fits_xsd(FIELDS, data, tmp_path)
    assert there in data
    assert not fits_xsd(FIELDS, data.replace(there, instead, 1), tmp_path)


def test_the_schemas_of_a_bundle_are_described_and_pointed_to() -> None:
    files = members(io.BytesIO(Example().zip()))
    package = json.loads(files["data/datapackage.json"])
    tables_ = [r for r in package["resources"] if "afschrift:table" in r]
    for resource in tables_:
        of = ExtractPlan(resource["afschrift:source"], resource["afschrift:table"], (), "")
        expected = schema_path(of, FORMATS[resource["format"]])
        assert resource.get("afschrift:schema") == expected
        assert expected is None or f"data/{expected}" in files
    assert len({r["name"] for r in package["resources"]}) == len(package["resources"])


def test_codes_have_their_meanings() -> None:
    status = [field("status", ValueKind.TEXT)]
    row = json.loads(schema("json", status))["$defs"]["row"]["properties"]["status"]
    assert row["oneOf"][0] == {"const": "S", "title": "verzonden"}
    for value, fits in (("S", True), (None, True), ("X", False)):
        assert jsonschema_rs.validator_for(row).is_valid(value) is fits
    assert b"S = verzonden, R = teruggestuurd" in schema("xml", status)
