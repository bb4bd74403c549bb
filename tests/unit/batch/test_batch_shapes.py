"""Rows that many ways lead to, read together: each person gets theirs, once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from testbed.mini import write_inventory
from testbed.running import installation, store
from tests.support.crowd import FIRST, mini_crowd

from afschrift.batch.batch_statements import batch_statements
from afschrift.batch.fulfil_batch import extract_batch
from afschrift.batch.source_pass import TOGETHER
from afschrift.extraction.staged_records import read_record
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import clear_extract, extract

pytestmark = pytest.mark.slow


def test_joins_several_ways_periods_consents_and_row_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINI_SHOP", str(mini_crowd(tmp_path / "crowd.duckdb", 3)))
    services = installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))
    requests = []
    for customer in (FIRST, FIRST + 1):
        requests.append(store(services, {"customer_id": str(customer)}))
        assess(services, requests[-1])
        classify(services, requests[-1])

    outcomes = extract_batch(services, "shop", requests, "bat-1", lambda _request: services)

    assert outcomes == dict.fromkeys(requests, TOGETHER)
    for request in requests:
        together = read_record(services.staging(request), "shop")
        clear_extract(services, request, "shop")
        extract(services, request, "shop")
        alone = read_record(services.staging(request), "shop")
        assert together.tables == alone.tables
        assert (together.facts, together.searched) == (alone.facts, alone.searched)
        rows = {table.table: table.rows for table in alone.tables}
        assert (rows["message"], rows["beat"], rows["line_note"], rows["wishlist"]) == (5, 2, 2, 2)


def test_a_table_whose_statement_is_not_the_frozen_one_is_read_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINI_SHOP", str(mini_crowd(tmp_path / "crowd.duckdb", 1)))
    services = installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))
    request = store(services, {"customer_id": str(FIRST)})
    assess(services, request)
    frozen = classify(services, request)["plan"]
    parts = services.register.plans.get(request, frozen).of_source("shop")

    with services.open_source("shop") as session:
        statements = batch_statements(services, "shop", session)
        assert all(statements.reads(part) for part in parts)
        for part in parts:
            less = replace(part, statement=part.statement.replace("ORDER BY", "AND 1 = 1\nORDER BY"))
            masks = replace(part, masked_statement=f"{part.masked_statement}\n")
            assert not statements.reads(less)
            assert not statements.reads(masks)


def test_a_table_without_a_shape_is_read_alone_also_where_a_column_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each person's own run finds the column missing; the pass decides on its tables before it."""
    database = mini_crowd(tmp_path / "crowd.duckdb", 1)
    monkeypatch.setenv("MINI_SHOP", str(database))
    services = installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))
    request = store(services, {"customer_id": str(FIRST)})
    assess(services, request)
    frozen = classify(services, request)["plan"]
    parts = {part.table: part for part in services.register.plans.get(request, frozen).of_source("shop")}
    with duckdb.connect(str(database)) as changed:
        changed.execute("ALTER TABLE message ADD COLUMN afschrift_person INTEGER")
        changed.execute("ALTER TABLE message DROP COLUMN body")

    with services.open_source("shop") as session:
        statements = batch_statements(services, "shop", session)
        assert not statements.reads(parts["message"])
        assert statements.reads(parts["beat"])
