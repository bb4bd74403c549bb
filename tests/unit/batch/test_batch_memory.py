"""The rows of many persons are not put in order at once where this process would hold them all."""

from __future__ import annotations

from pathlib import Path

import pytest
from testbed.running import installation, store
from tests.support import one_shop
from tests.support.crowd import FIRST, crowd

from afschrift.batch import batch_session
from afschrift.batch.fulfil_batch import extract_batch
from afschrift.batch.source_pass import TOGETHER
from afschrift.extraction.staged_records import read_record
from afschrift.services import Services
from afschrift.sources.duckdb import ordered_ranges
from afschrift.sources.duckdb.session import DuckSession
from afschrift.sources.sqlite.source import Sqlite
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import clear_extract, extract

pytestmark = pytest.mark.slow


def each_as_alone(services: Services) -> None:
    requests = []
    for customer in range(FIRST, FIRST + 4):
        requests.append(store(services, {"customer_id": str(customer)}))
        assess(services, requests[-1])
        classify(services, requests[-1])
    outcomes = extract_batch(services, "shop", requests, "bat-1", lambda _request: services)
    assert outcomes == dict.fromkeys(requests, TOGETHER)
    for request in requests:
        together = read_record(services.staging(request), "shop").tables
        clear_extract(services, request, "shop")
        extract(services, request, "shop")
        assert together == read_record(services.staging(request), "shop").tables


def test_duckdb_reads_ranges_of_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_shop.in_duckdb(tmp_path / "shop.duckdb", crowd(4))
    inventory = one_shop.write_inventory(
        tmp_path / "inventory", "duckdb", f"options: {{path: {tmp_path / 'shop.duckdb'}, threads: 1}}"
    )
    ranges: list[str] = []
    read = DuckSession._read_range

    def reading(session: DuckSession, statement: str):  # type: ignore[no-untyped-def]
        ranges.append(statement)
        return read(session, statement)

    monkeypatch.setattr(DuckSession, "_in_little", lambda self, statement: None)
    monkeypatch.setattr(DuckSession, "_read_range", reading)
    monkeypatch.setattr(ordered_ranges, "FEW_ROWS", 1)
    monkeypatch.setattr(ordered_ranges, "RANGE_BYTES", 200)
    each_as_alone(installation(tmp_path / "home", inventory))
    assert sum("AND t.afschrift_person <= getvariable" in statement for statement in ranges) > 4


def test_sqlite_reads_spans_of_persons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_shop.in_sqlite(tmp_path / "shop.sqlite", crowd(4))
    inventory = one_shop.write_inventory(
        tmp_path / "inventory", "sqlite", f"options: {{path: {tmp_path / 'shop.sqlite'}}}"
    )
    spans: list[str] = []
    stream = Sqlite.stream

    def streaming(session: Sqlite, statement: str):  # type: ignore[no-untyped-def]
        spans.append(statement)
        return stream(session, statement)

    monkeypatch.setattr(Sqlite, "stream", streaming)
    monkeypatch.setattr(batch_session, "ROWS_AT_ONCE", 2)
    each_as_alone(installation(tmp_path / "home", inventory))
    assert sum("t.afschrift_person BETWEEN 3 AND 3" in span for span in spans) >= 2
