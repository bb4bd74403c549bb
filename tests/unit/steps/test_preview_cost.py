"""What `afschrift plan` says of the cost: from the database, without a value of the person, never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from testbed.mini import write_database, write_inventory
from testbed.running import installation, store

from afschrift.domain.errors import RetriableError
from afschrift.domain.reconciliation import Estimate
from afschrift.services import Services
from afschrift.sources.duckdb.session import DuckSession
from afschrift.wiring.preview import preview


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    return installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))


def shown(services: Services) -> list[str]:
    return list(preview(services, store(services, {"customer_id": "1"}), sql=False))


def test_each_table_that_is_read_has_its_line(services: Services) -> None:
    lines = shown(services)
    tables = sum("row" in line and line.startswith("\nshop.") for line in lines)
    assert tables > 5
    assert sum(line.startswith("  reading     ") for line in lines) == tables
    assert "customer: reads all 4 rows (no index on customer_id or email is of use)" in "\n".join(lines)


@pytest.mark.parametrize("fault", [RetriableError("It is down.", remedy="Wait."), KeyError("Plan")])
def test_a_database_that_cannot_say_it_stops_nothing(
    fault: Exception, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [line for line in shown(services) if line.startswith("\nshop.")]

    def fails(_session: DuckSession, _statement: str) -> Estimate:
        raise fault

    monkeypatch.setattr(DuckSession, "estimate", fails)
    lines = shown(services)
    assert [line for line in lines if line.startswith("\nshop.")] == before
    assert sum("could not say what reading costs" in line for line in lines) == len(
        [line for line in lines if line.startswith("  reading     ")]
    )
