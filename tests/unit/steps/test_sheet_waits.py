"""An access request waits for what its information sheet lacks; its facts are read beside the rows."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed.mini import SHOP, write_database, write_inventory
from testbed.running import installation, run, store

from afschrift.domain.errors import NeedsPersonError
from afschrift.inventory.load import load
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract
from afschrift.steps.package import BUNDLE, package
from afschrift.steps.plan_gates import gated_plan, staged_extracts
from afschrift.steps.validate import validate
from afschrift.wiring.preview import preview

pytestmark = pytest.mark.slow

ANN = {"customer_id": "1"}
CARRIER = "Zwaluwpost (verzonnen)"
LONG = SHOP.replace("retention: {period: P2Y, from: orders.ordered_at}", "retention: as long as necessary")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = write_database(tmp_path / "shop.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE shipment SET carrier = ? WHERE id = 1", [CARRIER])
    monkeypatch.setenv("MINI_SHOP", str(path))
    return path


def office(tmp_path: Path, shop: str = SHOP) -> Services:
    return installation(tmp_path / "home", write_inventory(tmp_path / "inventory", shop))


def questions(services: Services, request: str) -> list[tuple[str, Any]]:
    return [(q.kind, q.detail) for q in services.register.questions.all(request_id=request)]


def planned(services: Services) -> str:
    request = store(services, ANN)
    assess(services, request)
    classify(services, request)
    return request


@pytest.mark.usefixtures("database")
def test_empty_retention_stops_access_before_reading(
    tmp_path: Path,
) -> None:
    services = office(tmp_path, LONG)
    request = store(services, ANN)
    assess(services, request)
    with pytest.raises(
        NeedsPersonError, match=r"purposes\.account\.retention of source shop.*as long as necessary"
    ):
        classify(services, request)
    fields = {"fields": ["purposes.account.retention of source shop"]}
    assert questions(services, request) == [("sheet_incomplete", fields)]
    assert any("sheet_incomplete" in line for line in preview(services, request, sql=False))


@pytest.mark.usefixtures("database")
def test_portability_goes_on_with_it(tmp_path: Path) -> None:
    services = office(tmp_path, LONG)
    assert run(services, store(services, ANN, "portability")).exists()


@pytest.mark.usefixtures("database")
def test_no_answer_lets_it_pass_and_a_mended_inventory_does(tmp_path: Path) -> None:
    services = office(tmp_path, LONG)
    request = store(services, ANN)
    assess(services, request)
    for _ in range(2):
        with pytest.raises(NeedsPersonError, match="information sheet"):
            classify(services, request)
        (question,) = services.register.questions.all(request_id=request)
        services.register.questions.answer(question.id, "try_again", "officer")
    mended = dataclasses.replace(services, inventory=load(write_inventory(tmp_path / "mended")))
    assert classify(mended, request)["sources"] == ["shop"]


@pytest.mark.usefixtures("database")
def test_missing_request_does_not_wait(tmp_path: Path) -> None:
    services = office(tmp_path, LONG)
    request = store(services, {"customer_id": "999"})
    assess(services, request)
    with pytest.raises(NeedsPersonError):
        classify(services, request)
    assert [kind for kind, _ in questions(services, request)] == ["nothing_held"]


@pytest.mark.usefixtures("database")
def test_a_country_in_the_data_without_a_safeguard_stops_the_extract(tmp_path: Path) -> None:
    shop = (
        SHOP.replace(
            "recipients: {from: shipment.carrier}",
            "recipients: {from: shipment.carrier, country: {table: place, name: name, country: country}}",
        )
        + "  place: {personal: false, columns: {name: {origin: not_personal}, country: {origin: not_personal}}}\n"
    )
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("CREATE TABLE place (name VARCHAR, country VARCHAR)")
        con.execute("INSERT INTO place VALUES (?, 'US'), ('B', 'NL')", [CARRIER])
    services = office(tmp_path, shop)
    request = planned(services)
    with pytest.raises(NeedsPersonError, match=r"purposes\.account\.transfers of source shop") as stopped:
        extract(services, request, "shop")
    assert CARRIER not in str(stopped.value)
    assert questions(services, request)[0][0] == "sheet_incomplete"


def test_a_code_without_meaning_in_a_computed_column_stops_the_extract(
    tmp_path: Path, database: Path
) -> None:
    shop = SHOP.replace(
        "score: {origin: inferred,", "score: {origin: inferred, codes: {'300': {nl: laag, en: low}},"
    )
    services = office(tmp_path, shop)
    request = planned(services)
    with pytest.raises(
        NeedsPersonError, match=r"tables\.customer\.columns\.score\.codes of source shop"
    ) as stopped:
        extract(services, request, "shop")
    with duckdb.connect(str(database)) as con:
        assert con.execute("SELECT score FROM customer WHERE customer_id = 1").fetchall() == [(700,)]
    assert "700" not in str(stopped.value)


@pytest.mark.usefixtures("database")
def test_facts_are_staged_and_in_no_trail_log_or_result(tmp_path: Path) -> None:
    lines: list[str] = []
    services = dataclasses.replace(office(tmp_path), log=lines.append)
    request = planned(services)
    result = extract(services, request, "shop")
    (record,) = staged_extracts(gated_plan(services, request, "validate"))
    facts = {fact.place: fact.rows for fact in record.facts}
    assert facts["purposes.account.recipients.0"] == (("B",), ("C",), (CARRIER,))
    # 10:00 in Amsterdam; one order has no date
    assert facts["purposes.account.retention"] == (("2024-01-01T10:00:00", "2024-01-01T10:00:00", "1"),)
    events = json.dumps([[str(h), p] for h, p in services.register.trail.events(request)], default=str)
    for place in (events, json.dumps(result), "\n".join(lines)):
        assert CARRIER not in place
    staged = list((tmp_path / "home").rglob("records/*"))
    assert staged
    assert all(CARRIER.encode() not in path.read_bytes() for path in staged)


@pytest.mark.usefixtures("database")
def test_portability_reads_no_facts(tmp_path: Path) -> None:
    services = office(tmp_path)
    request = store(services, ANN, "portability")
    assess(services, request)
    digest = classify(services, request)["plan"]
    assert services.register.plans.get(request, digest).facts == ()


@pytest.mark.usefixtures("database")
def test_packing_again_gives_the_same_sheet_although_the_source_changed(
    tmp_path: Path, database: Path
) -> None:
    services = office(tmp_path)
    request = planned(services)
    extract(services, request, "shop")
    validate(services, request)
    package(services, request)
    with services.staging(request).reader(BUNDLE) as stream:
        first = stream.read()
    with duckdb.connect(str(database)) as con:
        con.execute("UPDATE shipment SET carrier = 'Another carrier'")
    (bundle,) = (tmp_path / "home").rglob("bundle.zip.enc")
    bundle.unlink()
    package(services, request)
    with services.staging(request).reader(BUNDLE) as stream:
        assert stream.read() == first
