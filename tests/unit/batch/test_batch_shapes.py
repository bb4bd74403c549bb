"""Rows that many ways lead to, read together in little memory too: each person gets theirs, once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed.mini import write_inventory
from testbed.running import installation
from tests.support import one_shop
from tests.support.crowd import FIRST, crowd, mini_crowd
from tests.unit.batch.conftest import each_as_alone, plan_of

from afschrift.batch import batch_session
from afschrift.batch.batch_statements import batch_statements
from afschrift.domain.plan import ExtractPlan
from afschrift.services import Services
from afschrift.sources.duckdb import ordered_ranges
from afschrift.sources.duckdb.session import DuckSession
from afschrift.sources.sqlite.source import Sqlite

pytestmark = pytest.mark.slow


@pytest.fixture
def mini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    """An installation over the shop of 17 tables, with three customers more."""
    monkeypatch.setenv("MINI_SHOP", str(mini_crowd(tmp_path / "crowd.duckdb", 3)))
    return installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))


def parts(services: Services) -> dict[str, ExtractPlan]:
    """Table -> what of it is read for a request, as its plan froze it."""
    request = plan_of(services, customer_id=str(FIRST))
    [frozen] = [
        payload for header, payload in services.register.trail.events(request) if header.type == "plan_frozen"
    ]
    assert frozen
    return {
        part.table: part for part in services.register.plans.get(request, frozen["plan"]).of_source("shop")
    }


def test_joins_several_ways_periods_consents_and_row_rules(mini: Services) -> None:
    requests = [plan_of(mini, customer_id=str(customer)) for customer in (FIRST, FIRST + 1)]

    for rows in each_as_alone(mini, requests):
        assert (rows["message"], rows["beat"], rows["line_note"], rows["wishlist"]) == (5, 2, 2, 2)


def test_a_table_whose_statement_is_not_the_frozen_one_is_read_alone(mini: Services, tmp_path: Path) -> None:
    planned = parts(mini)
    with mini.open_source("shop") as session:
        statements = batch_statements(mini, "shop", session)
        assert all(statements.reads(part) for part in planned.values())
        for part in planned.values():
            less = replace(part, statement=part.statement.replace("ORDER BY", "AND 1 = 1\nORDER BY"))
            assert not statements.reads(less)
            assert not statements.reads(replace(part, masked_statement=f"{part.masked_statement}\n"))
    # Each person's own run finds a column missing; the pass decides on its tables before it.
    with duckdb.connect(str(tmp_path / "crowd.duckdb")) as changed:
        changed.execute("ALTER TABLE message ADD COLUMN afschrift_person INTEGER")
        changed.execute("ALTER TABLE message DROP COLUMN body")
    with mini.open_source("shop") as session:
        statements = batch_statements(mini, "shop", session)
        assert not statements.reads(planned["message"])
        assert statements.reads(planned["beat"])


def crowd_of_four(folder: Path, kind: str) -> list[dict[str, int]]:
    """Read four persons of the one shop together and alone."""
    file, threads = folder / f"shop.{kind}", ", threads: 1" if kind == "duckdb" else ""
    (one_shop.in_duckdb if kind == "duckdb" else one_shop.in_sqlite)(file, crowd(4))
    options = f"options: {{path: {file}{threads}}}"
    services = installation(folder / "home", one_shop.write_inventory(folder / "inventory", kind, options))
    return each_as_alone(
        services, [plan_of(services, customer_id=str(customer)) for customer in range(FIRST, FIRST + 4)]
    )


def noted(monkeypatch: pytest.MonkeyPatch, session: type, method: str) -> list[str]:
    """Statements that a session gets from now on."""
    found: list[str] = []
    read = getattr(session, method)

    def reading(self: Any, statement: str) -> Any:
        found.append(statement)
        return read(self, statement)

    monkeypatch.setattr(session, method, reading)
    return found


def test_duckdb_reads_ranges_of_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their rows are not put in order at once where this process would hold them all."""
    ranges = noted(monkeypatch, DuckSession, "_read_range")
    monkeypatch.setattr(DuckSession, "_in_little", lambda self, statement: None)
    monkeypatch.setattr(ordered_ranges, "FEW_ROWS", 1)
    monkeypatch.setattr(ordered_ranges, "RANGE_BYTES", 200)
    crowd_of_four(tmp_path, "duckdb")
    assert sum("AND t.afschrift_person <= getvariable" in statement for statement in ranges) > 4


def test_sqlite_reads_spans_of_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spans = noted(monkeypatch, Sqlite, "stream")
    monkeypatch.setattr(batch_session, "ROWS_AT_ONCE", 2)
    crowd_of_four(tmp_path, "sqlite")
    assert sum("t.afschrift_person BETWEEN 3 AND 3" in span for span in spans) >= 2
