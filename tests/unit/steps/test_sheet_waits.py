"""An access request waits for what its information sheet lacks; its facts are read beside the rows."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from testbed import small
from testbed.mini import SQLITE_SHOP, write_database, write_inventory
from testbed.running import installation, members, run, store
from tests.support.driving import ANN, answer_all, assessed, extracted, planned, stopped
from tests.support.moves import classify, extract, validate

from afschrift.domain.errors import NeedsPersonError
from afschrift.inventory.load import load
from afschrift.services import Services
from afschrift.steps.package import BUNDLE, package
from afschrift.steps.plan_gates import gated_plan, staged_extracts
from afschrift.wiring.dry_run import preview

pytestmark = pytest.mark.slow

CARRIER = "Zwaluwpost (verzonnen)"
LONG = SQLITE_SHOP.replace(
    "retention: {period: P40Y, from: orders.ordered_at}", "retention: as long as necessary"
)
COUNTRY = "country: {table: place, name: name, country: country}"
PLACE = (
    "  place: {personal: false, columns: {name: {origin: not_personal}, country: {origin: not_personal}}}\n"
)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = write_database(tmp_path / small.FILE)
    small.execute(path, f"UPDATE shipment SET carrier = '{CARRIER}' WHERE id = 1")
    monkeypatch.setenv("MINI_SHOP", str(path))
    return path


@pytest.fixture
def office(tmp_path: Path, database: Path) -> Services:
    return installation(tmp_path / "home", write_inventory(tmp_path / "inventory", SQLITE_SHOP))


def another(folder: Path, shop: str) -> Services:
    return installation(folder / "home", write_inventory(folder / "inventory", shop))


def questions(services: Services, request: str) -> list[tuple[str, Any]]:
    return [(q.kind, q.detail) for q in services.register.questions.all(request_id=request)]


def test_an_empty_retention_stops_access_until_the_inventory_is_mended(
    tmp_path: Path, database: Path
) -> None:
    services = another(tmp_path, LONG)
    request = assessed(services)
    fields = {"fields": ["purposes.account.retention of source shop"]}
    for _ in range(2):
        error = stopped(classify, services, request)
        assert "purposes.account.retention of source shop" in str(error)
        assert "as long as necessary" in str(error)
        assert questions(services, request) == [("sheet_incomplete", fields)]
        assert any("sheet_incomplete" in line for line in preview(services, request, sql=False))
        answer_all(services, request, "try_again")
    mended = write_inventory(tmp_path / "mended", SQLITE_SHOP)
    assert classify(dataclasses.replace(services, inventory=load(mended)), request)["sources"] == ["shop"]
    assert run(services, store(services, ANN, "portability")).exists(), "it has no sheet"
    unknown = assessed(services, {"customer_id": "999"})
    stopped(classify, services, unknown)
    assert [kind for kind, _ in questions(services, unknown)] == ["nothing_held"]


def test_a_country_in_the_data_without_a_safeguard_stops_the_extract(tmp_path: Path, database: Path) -> None:
    recipients = "recipients: {from: shipment.carrier"
    shop = SQLITE_SHOP.replace(f"{recipients}}}", f"{recipients}, {COUNTRY}}}") + PLACE
    made = "CREATE TABLE place (name VARCHAR, country VARCHAR)"
    small.execute(database, made, f"INSERT INTO place VALUES ('{CARRIER}', 'US'), ('B', 'NL')")
    services = another(tmp_path, shop)
    request = planned(services)
    with pytest.raises(NeedsPersonError, match=r"purposes\.account\.transfers of source shop") as error:
        extract(services, request, "shop")
    assert CARRIER not in str(error.value)
    assert questions(services, request)[0][0] == "sheet_incomplete"


def test_a_code_without_meaning_in_a_computed_column_stops_the_extract(
    tmp_path: Path, database: Path
) -> None:
    score = "score: {origin: inferred,"
    services = another(
        tmp_path, SQLITE_SHOP.replace(score, f"{score} codes: {{'300': {{nl: laag, en: low}}}},")
    )
    request = planned(services)
    with pytest.raises(
        NeedsPersonError, match=r"tables\.customer\.columns\.score\.codes of source shop"
    ) as error:
        extract(services, request, "shop")
    assert "700" not in str(error.value)


def test_facts_are_staged_and_in_no_trail_log_or_result(tmp_path: Path, office: Services) -> None:
    lines: list[str] = []
    services = dataclasses.replace(office, log=lines.append)
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
    portable = assessed(services, ANN, "portability")
    facts = services.register.plans.get(portable, classify(services, portable)["plan"]).facts
    assert {fact.place.rpartition(".")[2] for fact in facts} == {"retention"}  # no name of a recipient


def test_packing_again_gives_the_same_sheet_although_the_source_changed(
    tmp_path: Path, database: Path, office: Services
) -> None:
    request = extracted(office)
    validate(office, request)
    bundles = []
    for carrier in (CARRIER, "Another carrier"):
        small.execute(database, f"UPDATE shipment SET carrier = '{carrier}'")
        package(office, request)
        with office.staging(request).reader(BUNDLE) as stream:
            bundles.append(stream.read())
        (bundle,) = (tmp_path / "home").rglob("bundle.zip.enc")
        bundle.unlink()
    assert bundles[0] == bundles[1]


@pytest.mark.parametrize(("value", "named"), [(CARRIER, True), ("Another carrier", False)])
def test_recipient_of_some_people_is_named_to_them_alone(
    tmp_path: Path, database: Path, value: str, named: bool
) -> None:
    """Who gets rows of one kind is no recipient of a person without such rows (R74)."""
    only = f"{{name: Meekijker, country: NL, only: {{column: shipment.carrier, values: ['{value}']}}}}"
    shop = re.sub(r"recipients: \{from: shipment.carrier.*?\}", f"recipients: [{only}]", SQLITE_SHOP)
    assert only in shop
    services = another(tmp_path, shop)
    sheet = json.loads(members(run(services, store(services, ANN)))["data/information.json"])
    assert ("Meekijker" in {recipient["name"] for recipient in sheet["recipients"]}) is named
