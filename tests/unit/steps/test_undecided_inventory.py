"""What the inventory leaves undecided stops a run with a question or an error."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from testbed import small
from testbed.mini import SQLITE_SHOP as SHOP
from testbed.mini import write_inventory
from testbed.running import installation, run, run_reviewed, store

from afschrift.domain.errors import NeedsPersonError
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

pytestmark = pytest.mark.slow

ANN, BOB = ({"customer_id": n} for n in ("1", "2"))


@pytest.fixture
def services(mini_services: Services) -> Services:
    return mini_services


def test_unclassified_column_blocks(services: Services, tmp_path: Path) -> None:
    small.execute(tmp_path / small.FILE, "ALTER TABLE orders ADD COLUMN remark VARCHAR")
    request = store(services, ANN, "portability")
    assess(services, request)
    with pytest.raises(NeedsPersonError) as caught:
        classify(services, request)
    assert caught.value.question == "unclassified"
    assert caught.value.detail == {"columns": ["shop.orders.remark"]}


def test_proposed_way_blocks_until_it_is_confirmed(tmp_path: Path, services: Services) -> None:
    name = "      name: {origin: provided, review: needed}\n"
    text = SHOP.replace("      name: {origin: provided}\n", name, 1)
    text = text.replace("    personal: false\n", "    personal: false\n    review: needed\n")
    services = installation(tmp_path / "proposed", write_inventory(tmp_path / "map", text))
    request = store(services, ANN, "portability")
    assess(services, request)
    with pytest.raises(NeedsPersonError):
        classify(services, request)
    asked = {
        question.kind: question.detail for question in services.register.questions.all(request_id=request)
    }
    assert asked == {
        "unclassified": {"columns": ["shop.customer.name"]},
        "unlisted_tables": {"source": "shop", "tables": ["sku"]},
    }
    for question in services.register.questions.all(request_id=request):
        choice = "exclude" if question.kind == "unclassified" else "leave_out"
        services.register.questions.answer(question.id, choice, "officer")
    with zipfile.ZipFile(run(services, request)) as bundle:
        [customer] = [name for name in bundle.namelist() if name.endswith("shop/customer.csv")]
        assert b"Ann" not in bundle.read(customer)


def test_confirmed_column_asks_while_the_key_of_its_rows_is_proposed(
    tmp_path: Path, services: Services
) -> None:
    text = SHOP.replace(
        "      customer_id: {origin: assigned}\n      ordered_at:",
        "      customer_id: {origin: assigned, review: needed}\n      ordered_at:",
        1,
    )
    services = installation(tmp_path / "proposed", write_inventory(tmp_path / "map", text))
    request = store(services, ANN, "portability")
    assess(services, request)
    with pytest.raises(NeedsPersonError) as caught:
        classify(services, request)
    found = {
        question.detail["columns"][0].rpartition(".")[0]: question
        for question in services.register.questions.all()
    }
    assert {"shop.orders", "shop.line", "shop.line_note"} <= found.keys()
    assert "shop.customer" not in found
    rest = "shop.orders.customer_id, on which it rests"
    assert all(found[table].detail["awaits"] == [rest] for table in ("shop.orders", "shop.line"))
    assert f"this is not confirmed: {rest}. Confirm that first" in str(caught.value.args[0])


def test_rows_of_an_unknown_origin_stay_out_once_a_person_says_so(services: Services) -> None:
    request = store(services, BOB)
    assess(services, request)
    with pytest.raises(NeedsPersonError):
        classify(services, request)
    for question in services.register.questions.all(request_id=request):
        services.register.questions.answer(question.id, question.options[0], "officer")
    with zipfile.ZipFile(run_reviewed(services, request)) as bundle:
        name = next(n for n in bundle.namelist() if n.endswith("ticket_message.csv"))
        assert b"alien" not in bundle.read(name)
        assert b"Bob" in bundle.read(name)


def test_undescribed_table_is_not_skipped(services: Services, tmp_path: Path) -> None:
    small.execute(tmp_path / small.FILE, "CREATE TABLE secret_profile (customer_id INTEGER, note VARCHAR)")
    request = store(services, ANN)
    assess(services, request)
    with pytest.raises(NeedsPersonError) as caught:
        classify(services, request)
    assert caught.value.question == "unlisted_tables"
    assert caught.value.detail == {"source": "shop", "tables": ["secret_profile"]}
    [question] = services.register.questions.all(request_id=request)
    services.register.questions.answer(question.id, "leave_out", "officer")
    run(services, request)


def test_proposed_exclusion_stops_even_with_unlisted_ignore(services: Services, tmp_path: Path) -> None:
    small.execute(tmp_path / small.FILE, "CREATE TABLE secret_profile (customer_id INTEGER, note VARCHAR)")
    shop = SHOP.replace("kind: sqlite\n", "kind: sqlite\nunlisted: ignore\n", 1)
    shop = shop.replace(
        "  sku:\n    personal: false\n", "  sku:\n    personal: false\n    review: needed\n", 1
    )
    ignoring = installation(tmp_path / "other", write_inventory(tmp_path / "ignoring", shop))
    request = store(ignoring, ANN)
    assess(ignoring, request)
    with pytest.raises(NeedsPersonError) as caught:
        classify(ignoring, request)
    assert caught.value.question == "unlisted_tables"
    assert caught.value.detail == {"source": "shop", "tables": ["sku"]}
