"""A column without consent asks no question if it has no value, even if its table has rows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from testbed import mini
from testbed.running import installation, members, run, store
from tests.support.driving import ANN, planned

from afschrift.domain.errors import GateError
from afschrift.services import Services
from afschrift.steps.extract import extract

SHOP = mini.SHOP.replace(
    "      name: {origin: provided}\n", "      name: {origin: provided, purposes: [coaching]}\n"
)


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """A shop that knows names for coaching alone, and not that of Ann, who consented to nothing."""
    monkeypatch.setenv("MINI_SHOP", str(mini.write_database(tmp_path / "shop.duckdb")))
    named(tmp_path, None)
    return installation(tmp_path / "home", mini.write_inventory(tmp_path / "inventory", SHOP))


def named(folder: Path, name: str | None) -> None:
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        con.execute("UPDATE customer SET name = ? WHERE customer_id = 1", [name])
        con.execute("DELETE FROM consent")
        con.execute("DELETE FROM beat")


def test_it_is_given_without_a_question(services: Services) -> None:
    files = members(run(services, store(services, ANN, "portability")))
    assert b"ann@example.org" in files["data/shop/customer.csv"]


def test_a_value_that_comes_after_the_plan_stops_the_reading(services: Services, tmp_path: Path) -> None:
    request = planned(services, ANN, "portability")
    named(tmp_path, "Ann")
    with pytest.raises(GateError, match=r"shop\.customer now holds values"):
        extract(services, request, "shop")
