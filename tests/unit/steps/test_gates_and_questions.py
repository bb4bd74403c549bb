"""A run goes as far as the register allows; what only a person may decide is asked there."""

from __future__ import annotations

import dataclasses
import socket
import zipfile
from pathlib import Path

import pytest
from testbed import small
from testbed.mini import SQLITE_SHOP as SHOP
from testbed.mini import write_inventory
from testbed.running import event_types, installation, run, run_reviewed, store

from afschrift.domain.errors import (
    ConfigurationError,
    GateError,
    NeedsPersonError,
    RefusedError,
    RetriableError,
    StagedFileError,
    UnknownRequestError,
)
from afschrift.domain.state import State
from afschrift.inventory.load import load
from afschrift.register.register import Register
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate

pytestmark = pytest.mark.slow

ANN, BOB, CLEO, GHOST = ({"customer_id": n} for n in ("1", "2", "3", "999"))


@pytest.fixture
def services(mini_services: Services) -> Services:
    return mini_services


def register(services: Services) -> Register:
    return services.register


def answer_all(services: Services, request: str, choice: str) -> list[str]:
    questions = register(services).questions.all(request_id=request)
    for question in questions:
        register(services).questions.answer(question.id, choice, "officer")
    return [q.kind for q in questions]


def test_whole_way(services: Services) -> None:
    request = store(services, ANN, "portability")
    bundle = run(services, request)
    assert services.register.requests.get(request).state is State.DELIVERED
    with zipfile.ZipFile(bundle) as opened:
        names = {name.split("/", 1)[1] for name in opened.namelist()}
    assert {"data/shop/orders.csv", "data/shop/orders.json", "index.html"} <= names
    assert not any("password" in name or "login" in name for name in names)
    types = event_types(services, request)
    for once in (
        "assessed",
        "plan_frozen",
        "extracted",
        "validated",
        "sealed",
        "bundle_sealed",
        "packed",
        "bundle_arrived",
        "bundle_delivered",
        "fact_answer_ready",
    ):
        assert types.count(once) == 1, types
    assert not services.staging(request).exists("keys.json")


def test_every_step_again_changes_nothing(services: Services) -> None:
    request = store(services, ANN)
    for step in (assess, classify):
        assert step(services, request) == step(services, request)
    assert extract(services, request, "shop") == extract(services, request, "shop")
    for step in (validate, package, deliver, close):
        assert step(services, request) == step(services, request)
    types = event_types(services, request)
    assert len(types) == len(set(types) - {"state_changed"}) + types.count("state_changed")


def test_no_identity_decision(services: Services) -> None:
    request = store(services, ANN, authenticated=None)
    with pytest.raises(NeedsPersonError) as caught:
        assess(services, request)
    assert caught.value.question == "identity"
    with pytest.raises(NeedsPersonError):
        classify(services, request)
    for step in (validate, package, deliver, lambda s, r: extract(s, r, "shop")):
        with pytest.raises(GateError):
            step(services, request)
    assert event_types(services, request).count("gate_bypassed") == 4
    assert [q.kind for q in register(services).questions.all(request_id=request)] == ["identity"]
    services.register.decisions.take(
        request, "identity", "confirmed", "officer", detail={"method": "call_back"}
    )
    run(services, request)


def test_half_way_start_and_closed_request(services: Services) -> None:
    request = store(services, ANN)
    with pytest.raises(GateError, match="no plan is frozen"):
        extract(services, request, "shop")
    with pytest.raises(GateError, match="nothing was delivered"):
        close(services, request)
    run(services, request)
    with pytest.raises(GateError, match="is closed"):
        assess(services, request)
    with pytest.raises(GateError):
        deliver(services, request)


@pytest.mark.parametrize("bad", ["req-000000000000", "../../etc/passwd", "' OR 1=1 --", ""])
def test_unknown_request(services: Services, bad: str) -> None:
    with pytest.raises(UnknownRequestError):
        assess(services, bad)


def test_unknown_person_is_no_empty_bundle(services: Services) -> None:
    request = store(services, GHOST)
    assess(services, request)
    with pytest.raises(NeedsPersonError) as caught:
        classify(services, request)
    assert caught.value.question == "nothing_held"
    assert services.register.requests.get(request).state is State.NEEDS_PERSON
    answer_all(services, request, "search_again")
    with pytest.raises(NeedsPersonError):
        classify(services, request)
    answer_all(services, request, "confirm_none")
    with pytest.raises(NeedsPersonError):
        classify(services, request)
    assert services.register.requests.get(request).state is State.NOTHING_HELD


def test_held_but_nothing_portable(services: Services) -> None:
    request = store(services, {"customer_id": "4"}, "portability")
    assess(services, request)
    with pytest.raises(NeedsPersonError) as caught:
        classify(services, request)
    assert caught.value.question == "nothing_portable"
    assert services.register.requests.get(request).state is State.NOTHING_PORTABLE
    run(services, store(services, {"customer_id": "4"}, "access"))


def test_shared_key_asks_and_the_answer_counts(services: Services) -> None:
    with_, without = store(services, BOB), store(services, BOB)
    rows = {}
    for request, choice in ((with_, "include"), (without, "exclude")):
        assess(services, request)
        with pytest.raises(NeedsPersonError) as caught:
            classify(services, request)
        assert caught.value.question == "shared_key"
        for question in register(services).questions.all(request_id=request):
            wanted = "leave_out" if question.kind == "unknown_origin" else choice
            register(services).questions.answer(question.id, wanted, "officer")
        with zipfile.ZipFile(run_reviewed(services, request)) as bundle:
            beats = next((n for n in bundle.namelist() if n.endswith("beat.csv")), None)
            rows[choice] = bundle.read(beats).count(b"\r\n") - 1 if beats else 0
    assert rows == {"include": 3, "exclude": 2}


def test_withdrawn_consent_asks_for_portability_only(services: Services, tmp_path: Path) -> None:
    small.execute(
        tmp_path / small.FILE,
        "UPDATE consent SET withdrawn_at = '2026-01-01 00:00:00Z' WHERE customer_id = 1",
    )
    portability = store(services, ANN, "portability")
    assess(services, portability)
    with pytest.raises(NeedsPersonError) as caught:
        classify(services, portability)
    assert caught.value.question == "consent_missing"
    assert all(column.startswith("shop.beat.") for column in caught.value.detail["columns"])
    answer_all(services, portability, "exclude")
    run(services, portability)
    run(services, store(services, ANN, "access"))


def test_several_persons(services: Services) -> None:
    request = store(services, {"customer_id": "1", "email": "bob@example.org"})
    assess(services, request)
    with pytest.raises(NeedsPersonError) as caught:
        classify(services, request)
    assert caught.value.question == "several_persons"


def test_pdf_unknown_format_and_one_twice(services: Services) -> None:
    with pytest.raises(RefusedError, match="R57"):
        store(services, ANN, "portability", formats=["pdf"])
    with pytest.raises(RefusedError, match="not known"):
        store(services, ANN, "access", formats=["xlsx"])
    with pytest.raises(RefusedError, match="twice"):
        store(services, ANN, "access", formats=["csv", "xml", "csv"])


def test_drift_stops_the_run(services: Services, tmp_path: Path) -> None:
    request = store(services, ANN)
    assess(services, request)
    classify(services, request)
    write_inventory(tmp_path / "inventory", SHOP.replace("nl: Account", "nl: Rekening"))
    changed = dataclasses.replace(services, inventory=load(tmp_path / "inventory"))
    with pytest.raises(
        GateError, match=f"inventory changed.*{socket.gethostname()} has another installation"
    ):
        extract(changed, request, "shop")
    assert "drift_found" in event_types(services, request)
    run(changed, request)
    assert event_types(services, request).count("plan_frozen") == 2


def test_missing_table_and_source_down(services: Services, tmp_path: Path) -> None:
    request = store(services, ANN)
    assess(services, request)
    database = tmp_path / small.FILE
    database.rename(tmp_path / "away")
    with pytest.raises(RetriableError, match="Source shop cannot be opened"):
        classify(services, request)
    (tmp_path / "away").rename(database)
    classify(services, request)
    small.execute(database, "DROP TABLE newsletter")
    with pytest.raises(ConfigurationError):
        extract(services, request, "shop")
    other = store(services, {"customer_id": "4"})
    assess(services, other)
    with pytest.raises(ConfigurationError, match="no table newsletter"):
        classify(services, other)


def test_a_changed_staged_file_is_not_packed(services: Services) -> None:
    request = store(services, ANN)
    assess(services, request)
    classify(services, request)
    extract(services, request, "shop")
    validate(services, request)
    staging = services.staging(request)
    staging.wipe("records")
    extract(services, request, "shop")
    with staging.writer("data/shop/orders.csv") as sink:
        sink.write(b"order_id\r\n1\r\n")
    with pytest.raises(Exception, match="not what was extracted"):
        package(services, request)
    assert services.register.requests.get(request).state is State.ACCEPTED


def test_staging_that_is_gone_says_where_to_start(services: Services) -> None:
    request = store(services, ANN)
    assess(services, request)
    classify(services, request)
    services.staging(request).wipe()
    with pytest.raises(StagedFileError, match="clear `classify` and what follows"):
        extract(services, request, "shop")
    run(services, request)


def test_only_reading(services: Services) -> None:
    with services.open_source("shop") as session, pytest.raises((ConfigurationError, RetriableError)):
        session.rows("DELETE FROM customer")


def test_settings_of_two_installations_stay_apart(tmp_path: Path, services: Services) -> None:
    other = installation(tmp_path / "other", tmp_path / "inventory")
    request = store(services, ANN)
    with pytest.raises(UnknownRequestError):
        other.register.requests.get(request)


def test_device_without_owner_asks_before_former_owners_rows_leave(
    services: Services, tmp_path: Path
) -> None:
    small.execute(
        tmp_path / small.FILE, "UPDATE device SET unpaired = '2023-01-01 00:00:00Z' WHERE device_id = 'd9'"
    )
    request = store(services, {"device_id": "d9"})
    assess(services, request)
    with pytest.raises(NeedsPersonError) as caught:
        classify(services, request)
    assert caught.value.question == "shared_key"


def test_files_of_an_older_plan_do_not_leave_as_the_new_one(services: Services, tmp_path: Path) -> None:
    request = store(services, ANN)
    assess(services, request)
    classify(services, request)
    extract(services, request, "shop")
    write_inventory(tmp_path / "inventory", SHOP.replace("nl: Account", "nl: Rekening"))
    changed = dataclasses.replace(services, inventory=load(tmp_path / "inventory"))
    classify(changed, request)
    with pytest.raises(GateError, match="was not extracted under its plan"):  # extract marked as success
        validate(changed, request)
    assert "gate_bypassed" in event_types(services, request)
    run(changed, request)


def test_keys_of_another_plan_are_not_used(services: Services) -> None:
    request = store(services, ANN)
    assess(services, request)
    classify(services, request)
    with services.staging(request).writer("keys.json") as sink:
        sink.write(b'{"keys": [["customer_id", "2", null, null]], "identifiers": []}')
    with pytest.raises(GateError, match="not those that its plan was made for"):
        extract(services, request, "shop")


def test_an_answer_that_changes_nothing_leads_on(services: Services) -> None:
    request = store(services, ANN)
    assess(services, request)
    classify(services, request)
    services.register.questions.ask(request, "identity", options=["confirmed"], detail={}, about=None)
    answer_all(services, request, "confirmed")
    run(services, request)


def test_limits_that_leave_nothing_are_no_green_run(services: Services) -> None:
    limits = {"quote": "Only what I can never get.", "tables": ["shop.sku"]}
    request = store(services, ANN, limits=limits)
    assess(services, request)
    with pytest.raises(NeedsPersonError) as caught:
        classify(services, request)
    assert caught.value.question == "nothing_in_limits"


def test_an_option_changed_after_the_plan_stops_until_there_is_a_new_one(
    services: Services, tmp_path: Path
) -> None:
    request = store(services, ANN)
    assess(services, request)
    classify(services, request)
    extract(services, request, "shop")
    validate(services, request)
    package(services, request)
    services.register.requests.change_options(request, destination="elsewhere", by="officer")
    with pytest.raises(GateError, match="options changed"):
        deliver(services, request)
    assert list((tmp_path / "home" / "outbox").glob("*")) == []
    services.register.requests.change_options(request, destination="outbox", by="officer")
    run(services, request)


def test_only_given_stays_with_the_given_account(services: Services) -> None:
    request = store(services, {"customer_id": "1", "email": "bob@example.org"})
    assess(services, request)
    with pytest.raises(NeedsPersonError):
        classify(services, request)
    question = register(services).questions.all(request_id=request)[0]
    assert question.kind == "several_persons"
    register(services).questions.answer(question.id, "only_given", "officer")
    with zipfile.ZipFile(run(services, request)) as bundle:
        everything = b"".join(bundle.read(n) for n in bundle.namelist() if "/data/shop/" in n)
    assert b"Ann" in everything
    assert b"Bob" not in everything.replace(b"Bobs", b"")
