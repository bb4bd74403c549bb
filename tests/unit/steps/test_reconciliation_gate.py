"""What an adapter reads wrongly stops the request, and the trail tells what was compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from testbed.mini import write_database, write_inventory
from testbed.running import event_types, installation
from tests.support.driving import extracted, payloads, planned

from afschrift.domain.errors import GateError, ValidationFailedError
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.staged_records import read_record, staged_record
from afschrift.services import Services
from afschrift.sources.duckdb import column_types as types
from afschrift.steps.extract import extract
from afschrift.steps.validate import validate

pytestmark = pytest.mark.slow


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """Over DuckDB, of which an expression is spoilt here."""
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    return installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))


@pytest.mark.parametrize(
    ("native", "expression", "expected"),
    [
        (
            "TIMESTAMP",
            "CAST({column} - INTERVAL 1 HOUR AS VARCHAR)",
            r"shop\.orders .* column ordered_at differ",
        ),
        ("VARCHAR", "left({column}, 2)", r"shop\.customer .* columns email, name differ"),
        (
            "INTEGER",
            "nullif({column}, 1)",
            r"shop\.customer .* number of values in column customer_id differs",
        ),
    ],
)
def test_a_wrong_expression_of_an_adapter_stops_the_request(
    services: Services, monkeypatch: pytest.MonkeyPatch, native: str, expression: str, expected: str
) -> None:
    kind: ValueKind = types._PLAIN[native][0]
    monkeypatch.setitem(types._PLAIN, native, (kind, expression))
    request = planned(services)

    with pytest.raises(ValidationFailedError, match=expected) as error:
        extract(services, request, "shop")

    assert "ann@" not in str(error.value)
    assert staged_record(services.staging(request), "shop") is None
    assert "extracted" not in event_types(services, request)
    with pytest.raises(GateError, match="not extracted"):
        validate(services, request)


def test_trail_has_what_was_compared(services: Services) -> None:
    request = extracted(services)

    [payload] = payloads(services, request, "extracted")
    tables = read_record(services.staging(request), "shop").tables
    compared = payload["compared"]
    assert {name: entry["rows"] for name, entry in compared.items()} == {t.table: t.rows for t in tables}
    assert compared["orders"] == {"rows": 2, "hashed_rows": 2, "hashed_columns": 3}
    assert all(entry["hashed_columns"] or entry["counted_columns"] for entry in compared.values())
