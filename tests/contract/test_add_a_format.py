"""A format is one record: with a line in the registry, and nothing else, people can ask for it and get it."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from testbed.mini import write_database, write_inventory
from testbed.running import installation, members, run, store
from tests.airflow_support import AirflowEnv
from tests.contract import test_format_contract as contract
from tests.contract.test_format_contract import FIELDS, ROWS, batch
from tests.contract.toy_format import LINES

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import ExtractPlan
from afschrift.extraction.staged_rows import StagedTable
from afschrift.extraction.write import TableWriter
from afschrift.formats.registry import FORMATS
from afschrift.services import WriteLimits
from afschrift.staging.encrypted import EncryptedStaging


@pytest.fixture(autouse=True)
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "lines", LINES)


def cases() -> Iterator[Any]:
    """The contract of formats, each with its own parameters."""
    for name, test in vars(contract).items():
        if name.startswith("test_"):
            marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
            for values in marks[0].args[1] if marks else [()]:
                names = [parameter for parameter in inspect.signature(test).parameters if parameter != "name"]
                given = dict(zip(names, values if isinstance(values, tuple) else [values], strict=False))
                yield pytest.param(test, given if marks else {}, id=f"{name}-{given}" if marks else name)


@pytest.mark.parametrize(("test", "given"), list(cases()))
def test_a_new_format_passes_the_contract(test: Callable[..., None], given: dict[str, Any]) -> None:
    test("lines", **given)


def test_a_bundle_describes_a_new_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINI_SHOP", str(tmp_path / "shop.duckdb"))
    write_database(tmp_path / "shop.duckdb")
    write_inventory(tmp_path / "inventory")
    services = installation(tmp_path / "home", tmp_path / "inventory")
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
