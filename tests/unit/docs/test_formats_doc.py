"""docs/datamap/formats.md says what the code does: each format with its files, each value form with its spellings."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.contract.plain_readers import READ
from tests.unit.formats.random_tables import field, write

from afschrift.bundle.description.fields import schema_path
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.request import Request
from afschrift.domain.value_kind import ValueKind
from afschrift.formats import csv, json, native_library
from afschrift.formats.registry import FORMATS
from afschrift.values.written import text_schema

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "datamap" / "formats.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading."""
    table = re.search(r"^\|.*?(?=\n\n)", TEXT.split(f"## {heading}\n")[1], re.DOTALL | re.MULTILINE)
    assert table
    return [[cell.strip(" `") for cell in line[1:-1].split("|")] for line in table[0].split("\n")[2:]]


FORMS = [row for row in rows("Value forms") if row[0] != "missing"]


def test_every_format_with_its_files_and_its_reader() -> None:
    planned = ExtractPlan("shop", "orders", (), "SELECT 1")
    shown = {row[0]: row for row in rows("The five")}
    assert list(shown) == list(FORMATS)
    for name, adapter in FORMATS.items():
        _, file, media_type, _, schema, writer, reader = shown[name]
        assert (file, media_type) == (f"orders.{adapter.extension}", adapter.media_type)
        assert schema == (schema_path(planned, adapter) or "").removeprefix("shop/")
        assert uses(f"{adapter.writer.__module__}.writer", writer)
        reader, _, compiled = reader.partition(", or ")
        has_compiled = adapter.reader.__module__ in (csv.__name__, json.__name__)
        assert compiled == (native_library.NAME if has_compiled else "")
        assert uses(f"{adapter.reader.__module__}.reader", reader)
        assert not {writer} & set(reader.split(", "))
    assert f"`{','.join(Request.__dataclass_fields__['formats'].default)}`" in TEXT


def uses(module: str, libraries: str) -> bool:
    source = (DOCS.parent / "plugins" / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    return all(
        re.search(rf"^(import|from) .*\b{name.lower()}\b", source, re.MULTILINE)
        for name in libraries.split(", ")
    )


def test_every_kind_is_there() -> None:
    assert {row[0] for row in FORMS} == {kind.value for kind in ValueKind}


@pytest.mark.parametrize("row", FORMS, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_value_is_written_as_the_page_says(row: list[str]) -> None:
    kind, text, in_json, in_parquet = row[:4]
    fields = [field("id", ValueKind.INTEGER), field("c", ValueKind(kind))]
    columns = [pa.array(["1", "2"]), pa.array([text, None])]
    batch = pa.RecordBatch.from_arrays(columns, schema=text_schema(fields))
    for name in ("csv", "xml"):
        _, cells = READ[name](write(name, fields, batch))
        assert cells == [["1", text], ["2", None]]
    missing = next(row for row in rows("Value forms") if row[0] == "missing")
    lines = write("ndjson", fields, batch).data.decode().split("\n")
    assert lines == [f'{{"id":1,"c":{in_json}}}', f'{{"id":2,"c":{missing[2]}}}', ""]
    assert write("csv", fields, batch).data.decode().endswith(f"\r\n2,{missing[1]}\r\n")
    schema = pq.read_schema(io.BytesIO(write("parquet", fields, batch).data))
    assert str(schema.field("c").type) == in_parquet
