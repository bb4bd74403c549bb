"""A run goes as far as the register and the inventory allow; what only a person may decide is asked there."""

import dataclasses
import re
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed import mini, small
from testbed.delivered import open_delivered
from testbed.mini import SQLITE_SHOP as SHOP
from testbed.running import event_types, hand_over, installation, members, run, run_reviewed, store
from tests.support.driving import ANN, answer_all, assessed, planned, stopped
from tests.support.moves import assess, classify, close, deliver, extract, package, validate

from afschrift.datamap.check.map_findings import MapFinding, record
from afschrift.domain.errors import (
    ConfigurationError,
    GateError,
    RefusedError,
    RetriableError,
)
from afschrift.domain.state import State
from afschrift.encryption.registry import is_encrypted
from afschrift.inventory.processing import Retention
from afschrift.services import Services

pytestmark = pytest.mark.slow

BOB, CLEO, GHOST = ({"customer_id": n} for n in ("2", "4", "999"))


def asked(services: Services, keys: dict[str, str] = ANN, right: str = "access", **more: Any) -> Any:
    """Request, kind and detail of the question at which its plan ends."""
    request = assessed(services, keys, right, **more)
    error = stopped(classify, services, request)
    return request, error.question, error.detail


def test_whole_way_and_every_step_again(services: Services, tmp_path: Path) -> None:
    request = store(services, ANN, "portability")
    for step in (assess, classify):
        assert step(services, request) == step(services, request)
    assert extract(services, request, "shop") == extract(services, request, "shop")
    for step in (validate, package, deliver, close):
        assert step(services, request) == step(services, request)
    types = event_types(services, request)
    assert len(types) == len(set(types) - {"state_changed"}) + types.count("state_changed")
    [sent] = (tmp_path / "home" / "outbox").iterdir()
    assert is_encrypted(sent)
    files = members(open_delivered(services, request))
    hand_over(services, request)
    assert services.register.requests.get(request).state is State.DELIVERED
    assert {"data/shop/orders.csv", "data/shop/orders.json", "index.html"} <= files.keys()
    assert not any("password" in name or "login" in name for name in files)
    once = {"assessed", "plan_frozen", "extracted", "validated", "sealed", "bundle_sealed", "packed"}
    once |= {"bundle_arrived", "bundle_delivered", "fact_answer_ready"}
    assert once <= set(types)
    assert not services.staging(request).exists("keys.json")


def test_unknown_person_is_no_empty_bundle(services: Services) -> None:
    request, kind, _ = asked(services, GHOST)
    assert kind == "nothing_held"
    for choice, state in (("search_again", State.NEEDS_PERSON), ("confirm_none", State.NOTHING_HELD)):
        assert services.register.requests.get(request).state is State.NEEDS_PERSON
        answer_all(services, request, choice)
        stopped(classify, services, request)
        assert services.register.requests.get(request).state is state


def test_held_but_nothing_of_it_can_be_given(mini_services: Services) -> None:
    request, kind, _ = asked(mini_services, CLEO, "portability")
    assert kind == "nothing_portable"
    assert mini_services.register.requests.get(request).state is State.NOTHING_PORTABLE
    run(mini_services, store(mini_services, CLEO))

    limits = {"quote": "Only what I can never get.", "tables": ["shop.sku"]}
    assert asked(mini_services, ANN, limits=limits)[1] == "nothing_in_limits"


WHY_SHARED = "<h3>Rijen die misschien niet van u zijn, omdat een ander account dit ook gebruikt</h3>"


@pytest.mark.parametrize(("choice", "rows"), [("include", 3), ("exclude", 2)])
def test_shared_key_asks_and_the_answer_counts(mini_services: Services, choice: str, rows: int) -> None:
    request, kind, _ = asked(mini_services, BOB)
    assert kind == "shared_key"
    for question in mini_services.register.questions.all(request_id=request):
        wanted = "leave_out" if question.kind == "unknown_origin" else choice
        mini_services.register.questions.answer(question.id, wanted, "officer")
    bundle = members(run_reviewed(mini_services, request))
    assert bundle["data/shop/beat.csv"].count(b"\r\n") - 1 == rows
    pages = [bundle["index.html"].decode(), bundle["data/information.html"].decode()]
    assert [WHY_SHARED in page for page in pages] == [choice == "exclude"] * 2
    if choice == "exclude":
        shown = pages[0].partition(WHY_SHARED)[2].partition("</div>")[0]
        assert "device_id: tab" in shown
        assert re.findall(r"<li>(.*?)</li>", shown) == ['<a href="#t4">beat</a>: 1 rij']
    assert b"alien" not in bundle["data/shop/ticket_message.csv"]
    assert b"Bob" in bundle["data/shop/ticket_message.csv"]


def test_withdrawn_consent_asks_for_portability_only(mini_services: Services, tmp_path: Path) -> None:
    small.execute(
        tmp_path / small.FILE,
        "UPDATE consent SET withdrawn_at = '2026-01-01 00:00:00Z' WHERE customer_id = 1",
    )
    request, kind, detail = asked(mini_services, ANN, "portability")
    assert kind == "consent_missing"
    assert all(column.startswith("shop.beat.") for column in detail["columns"])
    answer_all(mini_services, request, "exclude")
    page = members(run(mini_services, request))["index.html"].decode()
    assert "Gegevens waarvoor u geen toestemming gaf, of die introk" in page
    inventory = mini_services.inventory.model_copy(deep=True)
    coaching = inventory.sources["shop"].purposes["coaching"]
    after = Retention(
        period="P40Y", withdrawal=True, trigger={"nl": "nadat u die introk", "en": "after you withdrew it"}
    )
    inventory.sources["shop"].purposes["coaching"] = coaching.model_copy(update={"retention": after})
    services = dataclasses.replace(mini_services, inventory=inventory)
    sheet = members(run(services, store(services, ANN)))["data/information.html"].decode()
    assert "40 jaar nadat u die introk. Bij u loopt die tijd van 1 januari 2026 tot 1 januari 2066." in sheet


def test_formats_that_are_not_given(services: Services) -> None:
    with pytest.raises(RefusedError, match="R57"):
        store(services, ANN, "portability", formats=["pdf"])


def test_missing_table_and_source_down(services: Services, tmp_path: Path) -> None:
    request = assessed(services)
    database = tmp_path / small.FILE
    database.rename(tmp_path / "away")
    with pytest.raises(RetriableError, match="Source shop cannot be opened"):
        classify(services, request)
    (tmp_path / "away").rename(database)
    classify(services, request)
    small.execute(database, "DROP TABLE ticket_message")
    with pytest.raises(ConfigurationError):
        extract(services, request, "shop")
    with pytest.raises(ConfigurationError, match="no table ticket_message"):
        classify(services, assessed(services, CLEO))


def test_device_without_owner_asks_before_former_owners_rows_leave(
    mini_services: Services, tmp_path: Path
) -> None:
    small.execute(
        tmp_path / small.FILE, "UPDATE device SET unpaired = '2023-01-01 00:00:00Z' WHERE device_id = 'd9'"
    )
    assert asked(mini_services, {"device_id": "d9"})[1] == "shared_key"


def test_an_answer_that_changes_nothing_leads_on(services: Services) -> None:
    request = planned(services)
    services.register.questions.ask(request, "identity", options=["confirmed"], detail={}, about=None)
    answer_all(services, request, "confirmed")
    run(services, request)


def test_only_given_stays_with_the_given_account(services: Services) -> None:
    request, kind, _ = asked(services, {"customer_id": "1", "email": "bob@example.org"})
    assert kind == "several_persons"
    answer_all(services, request, "only_given")
    with zipfile.ZipFile(run(services, request)) as bundle:
        everything = b"".join(bundle.read(n) for n in bundle.namelist() if "/data/shop/" in n)
    assert b"Ann" in everything
    assert b"Bob" not in everything.replace(b"Bobs", b"")


# What the inventory leaves undecided


def proposed(folder: Path, old: str, new: str, more: str = "") -> Services:
    """The mini shop with another text in its map."""
    assert SHOP.count(old) == 1
    text = SHOP.replace(old, new).replace("kind: sqlite\n", f"kind: sqlite\n{more}", 1)
    return installation(folder / "proposed", mini.write_inventory(folder / "map", text))


def test_proposed_column_and_table_block_until_they_are_confirmed(
    tmp_path: Path, mini_services: Services
) -> None:
    at = "      name: {origin: provided}\n"
    services = proposed(tmp_path, at, at.replace("}", ", review: needed}"))
    request, kind, detail = asked(services, ANN, "portability")
    assert (kind, detail) == ("unclassified", {"columns": ["shop.customer.name"]})
    answer_all(services, request, "exclude")
    assert b"Ann" not in members(run(services, request))["data/shop/customer.csv"]


def test_confirmed_column_asks_while_the_key_of_its_rows_is_proposed(
    tmp_path: Path, mini_services: Services
) -> None:
    key = "      customer_id: {origin: assigned}\n      ordered_at:"
    services = proposed(tmp_path, key, key.replace("assigned}", "assigned, review: needed}"))
    error = stopped(classify, services, assessed(services, ANN, "portability"))
    found = {
        question.detail["columns"][0].rpartition(".")[0]: question
        for question in services.register.questions.all()
    }
    assert {"shop.orders", "shop.line", "shop.line_note"} <= found.keys()
    assert "shop.customer" not in found
    rest = "shop.orders.customer_id, on which it rests"
    assert all(found[table].detail["awaits"] == [rest] for table in ("shop.orders", "shop.line"))
    assert f"this is not confirmed: {rest}. Confirm that first" in str(error.args[0])


@pytest.mark.parametrize("more", ["", "unlisted: ignore\n"])
def test_proposed_exclusion_stops_even_with_unlisted_ignore(
    mini_services: Services, tmp_path: Path, more: str
) -> None:
    small.execute(tmp_path / small.FILE, *(("CREATE TABLE secret_profile (note VARCHAR)",) if more else ()))
    sku = "  sku:\n    personal: false\n"
    services = proposed(tmp_path, sku, f"{sku}    review: needed\n", more)
    request, kind, detail = asked(services)
    assert (kind, detail) == ("unlisted_tables", {"source": "shop", "tables": ["sku"]})
    answer_all(services, request, "leave_out")
    run(services, request)


# What the check of the data map found

JOIN = MapFinding("shop.ticket.customer_id", "join_finds_nothing", "error")
KEY = MapFinding("shop.ticket", "key_not_unique", "error")
ASIDE = MapFinding("shop.sku.note", "column_not_described", "warning")
STOCK = MapFinding("shop.stock", "table_not_described", "error")


def found(services: Services, *findings: MapFinding) -> None:
    record(services.register, findings, [], "airflow:check_inventory")


def test_plan_drifts_and_request_asks_about_lost_rows(services: Services) -> None:
    """Attempt: Go on with a plan that was frozen before the check of the data map found something else"""
    request = planned(services)
    found(services, JOIN, KEY)
    with pytest.raises(GateError, match="The sources changed after the plan"):
        extract(services, request, "shop")
    assert stopped(classify, services, request).question == "rows_not_given"
    [question] = services.register.questions.all(request_id=request)
    assert question.detail == {"findings": ["shop.ticket.customer_id join_finds_nothing"]}
    services.register.questions.answer(question.id, "leave_out", "officer")
    run(services, request)
    assert services.register.requests.get(request).state is State.DELIVERED


def test_it_asks_of_a_table_of_another_schema_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINI_SHOP", str(mini.write_database(tmp_path / "shop.duckdb")))
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("CREATE SCHEMA desk; CREATE TABLE desk.line_note AS FROM line_note; DROP TABLE line_note")
    shop = mini.SHOP.replace("  line_note:", "  desk.line_note:")
    services = installation(tmp_path / "home", mini.write_inventory(tmp_path / "inventory", shop))
    notes = [
        MapFinding(f"shop.desk.{name}.order_id", "join_finds_nothing", "error")
        for name in ("line_note", "line_notes")
    ]
    found(services, *notes)

    detail = {"findings": ["shop.desk.line_note.order_id join_finds_nothing"]}
    assert asked(services, ANN, "portability")[1:] == ("rows_not_given", detail)


def test_what_concerns_no_request_stops_none(services: Services) -> None:
    request = planned(services)
    found(services, KEY, ASIDE)
    extract(services, request, "shop")


def test_what_was_known_when_the_plan_was_frozen_does_not_stop_it_again(services: Services) -> None:
    found(services, STOCK)
    request = planned(services)
    extract(services, request, "shop")
    found(services, STOCK, JOIN)
    with pytest.raises(GateError):
        extract(services, request, "shop")


def test_corrected_map_asks_nothing_and_the_plan_holds(services: Services) -> None:
    request = planned(services)
    found(services, JOIN)
    assert f"`afschrift run {request}` or a new run" in str(stopped(classify, services, request))
    found(services)
    run(services, request)
    assert event_types(services, request).count("plan_frozen") == 1
