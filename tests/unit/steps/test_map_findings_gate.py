"""A plan frozen before the check of the data map found something holds no longer; a person knows first."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from testbed import mini
from testbed.running import event_types, installation, run, store

from afschrift.datamap.check.map_findings import MapFinding, record
from afschrift.domain.errors import GateError, NeedsPersonError
from afschrift.domain.state import State
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

pytestmark = pytest.mark.slow

ANN = {"customer_id": "1"}
JOIN = MapFinding("shop.line.order_id", "join_finds_nothing", "error")
KEY = MapFinding("shop.line", "key_not_unique", "error")
ASIDE = MapFinding("shop.sku.note", "column_not_described", "warning")


@pytest.fixture
def services(mini_services: Services) -> Services:
    return mini_services


def found(services: Services, *findings: MapFinding) -> None:
    record(services.register, findings, [], "airflow:check_inventory")


def planned(services: Services) -> str:
    request = store(services, ANN, "portability")
    assess(services, request)
    classify(services, request)
    return request


def test_plan_drifts_and_request_asks_about_lost_rows(services: Services) -> None:
    """Attempt: Go on with a plan that was frozen before the check of the data map found something else"""
    request = planned(services)
    found(services, JOIN, KEY)
    with pytest.raises(GateError, match="The sources changed after the plan"):
        extract(services, request, "shop")
    with pytest.raises(NeedsPersonError) as asked:
        classify(services, request)
    assert asked.value.question == "rows_not_given"
    [question] = services.register.questions.all(request_id=request)
    assert question.detail == {"findings": ["shop.line.order_id join_finds_nothing"]}
    services.register.questions.answer(question.id, "leave_out", "officer")
    run(services, request)
    assert services.register.requests.get(request).state is State.DELIVERED


def test_it_asks_of_a_table_of_another_schema_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINI_SHOP", str(mini.write_database(tmp_path / "shop.duckdb")))
    with closing(duckdb.connect(str(tmp_path / "shop.duckdb"))) as con:
        con.execute("CREATE SCHEMA desk; CREATE TABLE desk.line_note AS FROM line_note; DROP TABLE line_note")
    shop = mini.SHOP.replace("  line_note:", "  desk.line_note:")
    services = installation(tmp_path / "home", mini.write_inventory(tmp_path / "inventory", shop))
    other = MapFinding("shop.desk.line_notes.order_id", "join_finds_nothing", "error")
    found(services, MapFinding("shop.desk.line_note.order_id", "join_finds_nothing", "error"), other)

    with pytest.raises(NeedsPersonError) as asked:
        planned(services)

    assert asked.value.question == "rows_not_given"
    assert asked.value.detail == {"findings": ["shop.desk.line_note.order_id join_finds_nothing"]}


def test_what_concerns_no_request_stops_none(services: Services) -> None:
    request = planned(services)
    found(services, KEY, ASIDE)
    extract(services, request, "shop")


def test_corrected_map_asks_nothing_and_the_plan_holds(services: Services) -> None:
    request = planned(services)
    found(services, JOIN)
    with pytest.raises(NeedsPersonError, match=f"`afschrift run {request}` or a new run"):
        classify(services, request)
    found(services)
    run(services, request)
    assert event_types(services, request).count("plan_frozen") == 1


def test_what_was_known_when_the_plan_was_frozen_does_not_stop_it_again(services: Services) -> None:
    found(services, MapFinding("shop.stock", "table_not_described", "error"))
    request = planned(services)
    extract(services, request, "shop")
    found(services, MapFinding("shop.stock", "table_not_described", "error"), JOIN)
    with pytest.raises(GateError):
        extract(services, request, "shop")
