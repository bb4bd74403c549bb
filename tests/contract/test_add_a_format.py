"""A format is one record: with a line in the registry, and nothing else, people can ask for it and get it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pytest
from testbed.running import installation, members, run, store
from testbed.small import write_database, write_inventory
from tests.airflow_support import AirflowEnv
from tests.contract import test_format_contract as contract
from tests.contract.test_format_contract import FIELDS, ROWS, batch

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.files import FileSchema, Format, SchemaColumn
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.extraction.staged_rows import StagedTable
from afschrift.extraction.write import TableWriter
from afschrift.formats.file_finding import UnreadableFileError, check_header
from afschrift.formats.registry import FORMATS
from afschrift.services import WriteLimits
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.values.written import text_schema


class LinesWriter:
    def __init__(self, sink: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> None:
        self.options: dict[str, str] = {}
        self._sink = sink
        self._line([field.name for field in fields])

    def write(self, batch: pa.RecordBatch) -> None:
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            self._line(row)

    def close(self) -> None:
        pass

    def _line(self, values: Sequence[Any]) -> None:
        self._sink.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")


def read_lines(
    stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    *lines, rest = stream.read().split(b"\n")
    try:
        rows = [msgspec.json.decode(line, type=list[str | None]) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableFileError("malformed", "every line is a row") from None
    if rest or not rows:
        raise UnreadableFileError("malformed", "every line is ended, and the first names the columns")
    check_header([name or "" for name in rows[0]], fields)
    if any(len(row) != len(fields) for row in rows):
        raise UnreadableFileError("malformed", "every row has a value for every column")
    columns = [pa.array([row[at] for row in rows[1:]], pa.string()) for at in range(len(fields))]
    yield pa.RecordBatch.from_arrays(columns, schema=text_schema(fields))


def _columns(table: str, columns: Sequence[SchemaColumn]) -> bytes:
    return json.dumps({table: [[column.name, column.kind.value] for column in columns]}).encode()


LINES = Format(
    name="lines",
    extension="lines",
    media_type="application/x-lines",
    writer=LinesWriter,
    reader=read_lines,
    read_by="msgspec",
    schema=FileSchema(".columns", "application/x-columns", _columns),
    tabular=False,
    note="A row is a line.",
    reading=0,
)


@pytest.fixture(autouse=True)
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "lines", LINES)


HEAVY = {"test_more_rows_than_a_block", "test_a_text_longer_than_a_block", "test_three_thousand_columns"}


def cases() -> Iterator[Any]:
    """The contract of formats, each with its own parameters."""
    for name, test in vars(contract).items():
        if name.startswith("test_"):
            [names, values] = next(
                (mark.args for mark in getattr(test, "pytestmark", []) if mark.args), ("", [None])
            )
            for value in values:
                given = {names: getattr(value, "values", [value])[0]} if names else {}
                marks = getattr(value, "marks", pytest.mark.nightly if name in HEAVY else ())
                yield pytest.param(test, given, id=f"{name}-{given}" if given else name, marks=marks)


@pytest.mark.parametrize(("test", "given"), list(cases()))
def test_a_new_format_passes_the_contract(test: Callable[..., None], given: dict[str, Any]) -> None:
    test("lines", **given)


def test_a_bundle_describes_a_new_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    services = installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))
    request = store(services, {"customer_id": "1"}, formats=["csv", "lines"])

    files = members(run(services, request))

    assert files["data/shop/orders.lines"].startswith(b'["order_id", ')
    package = json.loads(files["data/datapackage.json"])
    described = {resource["path"]: resource for resource in package["resources"]}
    orders, schema = described["shop/orders.lines"], described["shop/orders.columns"]
    assert (orders["mediatype"], orders["afschrift:schema"]) == ("application/x-lines", schema["path"])
    assert "type" not in orders
    assert schema["mediatype"] == "application/x-columns"
    assert json.loads(files["data/shop/orders.columns"])["shop.orders"][0] == ["order_id", "integer"]
    assert package["afschrift:valueForms"]["lines"] == "A row is a line."


def test_staged_rows_are_read_again_from_the_fastest(tmp_path: Path) -> None:
    staging = EncryptedStaging(tmp_path, "req-0123456789ab", b"k" * 32)
    writer = TableWriter(
        staging, ExtractPlan("shop", "note", tuple(FIELDS), ""), [FORMATS["csv"], LINES], WriteLimits()
    )
    written = writer.write(lambda: iter([batch(ROWS)]), {})
    wanted = [dict(zip([field.name for field in FIELDS], row, strict=True)) for row in ROWS]

    def unread(*_: object) -> Iterator[Any]:
        raise AssertionError("this file is slower")

    for formats in ({**FORMATS, "csv": replace(FORMATS["csv"], reader=unread)}, {"csv": FORMATS["csv"]}):
        rows = StagedTable(staging, written, FIELDS, formats).first(10)
        assert [row for _, row in rows] == wanted
    with pytest.raises(ConfigurationError, match=r"No reader knows the formats csv, lines\."):
        StagedTable(staging, written, FIELDS, {}).first(1)


def test_the_trigger_form_offers_it(airflow_env: AirflowEnv) -> None:
    from afschrift.airflow_ext.params import form

    assert "lines" in form(demo=False)["formats"].schema["items"]["enum"]


def test_the_registry_loads_no_library() -> None:
    code = "import afschrift.formats.registry, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"pyarrow", "polars", "duckdb", "msgspec", "numpy"} & set(loaded.split())
