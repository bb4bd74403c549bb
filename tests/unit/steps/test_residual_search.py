"""That none is held is said only after a search beside the ways of the inventory; what it finds is settled first."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed.mini import write_inventory
from testbed.running import installation, run, store

from afschrift.domain.errors import GateError, NeedsPersonError
from afschrift.domain.extracted import SearchLimits
from afschrift.extraction.staged_records import read_record, stage_record
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate

CANARY = "canary@example.nl"
ROWS = """
CREATE TABLE customer (customer_id INTEGER, email VARCHAR, name VARCHAR);
CREATE TABLE orders (order_id INTEGER, customer_id INTEGER, remark VARCHAR);
CREATE TABLE referral (referral_id INTEGER, customer_id INTEGER, friend VARCHAR);
INSERT INTO customer VALUES (1, 'canary@example.nl', 'Ann'), (2, 'bob@example.nl', 'Bob');
INSERT INTO orders VALUES (1, 1, 'of Ann'), (2, 2, 'of Bob');
INSERT INTO referral VALUES (1, 2, 'Canary@Example.nl'), (2, 2, 'x.canary@example.nl'), (3, 2, 'else@example.nl');
"""
STAFF = """
CREATE TABLE employee (employee_id INTEGER, email VARCHAR);
INSERT INTO employee VALUES (7, 'canary@example.nl'), (8, 'zed@example.nl');
"""
SETTLED = "mentions: {settled: not_given, by: Data office, on: 2026-11-27, why: Who invites typed it.}"
SHOP = """
source: shop
kind: duckdb
options: {{path: "{path}"}}
zone: Europe/Amsterdam
purposes:
  account:
    basis: A6-1-b
    title: {{nl: Account, en: Account}}
    retention: {{period: P2Y, trigger: {{nl: na de koop, en: after the sale}}}}
    recipients: []
    automated_decision: false
tables:
  customer:
    subject: {{customer_id: customer_id, email: {{column: email, match: casefold}}}}
    key: [customer_id]
    purposes: [account]
    columns: {{customer_id: {{origin: assigned}}, email: {{origin: provided}}, name: {{origin: provided}}}}
  orders:
    subject: {{customer_id: customer_id}}
    key: [order_id]
    purposes: [account]
    columns: {{order_id: {{origin: assigned}}, customer_id: {{origin: assigned}}, remark: {{origin: provided}}}}
  referral:
    subject: {{customer_id: customer_id}}
    key: [referral_id]
    purposes: [account]
    columns:
      referral_id: {{origin: assigned}}
      customer_id: {{origin: assigned}}
      friend: {{origin: provided, about: third_party, third_party: own_use, {friend}}}
"""
OFFICE = """
source: office
kind: duckdb
options: {{path: "{path}"}}
tables:
  employee:
    personal: false
    columns: {{employee_id: {{origin: not_personal}}, email: {{origin: not_personal, {email}}}}}
"""


def office(tmp_path: Path, *, friend: str = SETTLED, email: str = SETTLED) -> Services:
    """A shop, and a source of which nothing is ever given."""
    for name, statements in (("shop", ROWS), ("office", STAFF)):
        path = tmp_path / f"{name}.duckdb"
        if not path.exists():
            with duckdb.connect(str(path)) as con:
                con.execute(statements)
    folder = write_inventory(
        tmp_path / "inventory", SHOP.format(path=tmp_path / "shop.duckdb", friend=friend)
    )
    text = OFFICE.format(path=tmp_path / "office.duckdb", email=email)
    (folder / "office.yml").write_text(text, encoding="utf-8")
    return installation(tmp_path / "home", folder)


def covered(bundle: Path) -> dict[str, dict[str, Any]]:
    with zipfile.ZipFile(bundle) as archive:
        name = next(entry for entry in archive.namelist() if entry.endswith("data/coverage.json"))
        document = json.loads(archive.read(name))
    return {f"{table['source']}.{table['table']}": table for table in document["tables"]}


def written(services: Services, request: str) -> str:
    """All that the register's trail and questions hold of a request."""
    events = [[header.type, payload] for header, payload in services.register.trail.events(request)]
    questions = [[q.kind, q.detail] for q in services.register.questions.all(request_id=request)]
    return json.dumps([events, questions], default=str)


def test_what_is_not_settled_stops_before_anything_is_staged(tmp_path: Path) -> None:
    services = office(tmp_path, friend="", email="")
    request = store(services, {"customer_id": "1"})
    with pytest.raises(NeedsPersonError, match="settle it in the inventory for every request") as error:
        run(services, request)
    assert error.value.question == "residual_rows"
    assert error.value.detail == {"column": "shop.referral.friend", "rows": 1}
    [asked] = services.register.questions.all(request_id=request)
    services.register.questions.answer(asked.id, "leave_out", "officer")
    with pytest.raises(NeedsPersonError) as error:
        run(services, request)
    assert error.value.detail == {"column": "office.employee.email", "rows": 1}
    services.register.questions.answer(
        services.register.questions.all(request_id=request)[-1].id, "leave_out", "officer"
    )
    tables = covered(run(services, request))
    assert tables["shop.referral"]["status"] == "withheld"
    assert CANARY not in written(services, request).lower()


def test_an_answer_holds_for_the_column_though_rows_are_added(tmp_path: Path) -> None:
    services = office(tmp_path, friend="")
    request = store(services, {"customer_id": "1"})
    with pytest.raises(NeedsPersonError):
        run(services, request)
    [asked] = services.register.questions.all(request_id=request)
    services.register.questions.answer(asked.id, "leave_out", "officer")
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("INSERT INTO referral VALUES (4, 2, 'canary@example.nl')")
    tables = covered(run(services, request))
    assert tables["shop.referral"]["mentions"] == [{"column": "friend", "rows": 2}]


@pytest.mark.parametrize("right", ["access", "portability"])
def test_settled_column_asks_no_question(tmp_path: Path, right: str) -> None:
    services = office(tmp_path)
    for _ in range(2):
        request = store(services, {"customer_id": "1"}, right)
        tables = covered(run(services, request))
        assert services.register.questions.all(request_id=request) == ()
        assert tables["shop.orders"]["status"] == "rows"
        for name, column in (("shop.referral", "friend"), ("office.employee", "email")):
            assert tables[name]["status"] == "withheld"
            assert tables[name]["reasons"] == ["mentioned"]
            assert tables[name]["mentions"] == [{"column": column, "rows": 1}]
        [evidence] = [
            payload
            for header, payload in services.register.trail.events(request)
            if header.type == "extracted" and payload["source"] == "shop"
        ]
        assert evidence["residual"] == {"referral.friend": 1}
        assert evidence["searched"] == {"customer": 2, "orders": 2, "referral": 3}
        assert evidence["spellings"] == {"email": 2}
        assert CANARY not in written(services, request).lower()


def test_sheet_names_rows_that_mention_the_person(tmp_path: Path) -> None:
    services = office(tmp_path)
    with zipfile.ZipFile(run(services, store(services, {"customer_id": "1"}))) as archive:
        [page] = [n for n in archive.namelist() if n.endswith("index.html")]
        text = archive.read(page).decode("utf-8")
    assert "Rijen met uw e-mailadres, telefoonnummer of rekeningnummer die over iemand anders gaan" in text


def not_searched(services: Services, request: str) -> dict[str, str]:
    """What the trail keeps of the shop's tables that were not searched."""
    events = services.register.trail.events(request)
    of_sources = [payload for header, payload in events if header.type == "extracted"]
    return dict(next(source["not_searched"] for source in of_sources if source["source"] == "shop"))


def test_person_in_no_other_table_learns_that_nothing_is_given(tmp_path: Path) -> None:
    services = office(tmp_path)
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("DELETE FROM orders WHERE customer_id = 1")
        con.execute("DELETE FROM referral WHERE referral_id = 1")
    tables = covered(run(services, store(services, {"customer_id": "1"})))
    assert tables["shop.orders"]["status"] == tables["shop.referral"]["status"] == "nothing_given"


def test_person_reads_the_same_whether_a_table_was_searched(
    tmp_path: Path,
) -> None:
    services = replace(office(tmp_path), search=SearchLimits(rows=1))
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("DELETE FROM orders WHERE customer_id = 1")
        con.execute("INSERT INTO orders VALUES (3, 2, 'another')")
    request = store(services, {"customer_id": "1"})
    tables = covered(run(services, request))
    assert {name: entry["status"] for name, entry in tables.items()} == {
        "shop.customer": "rows",
        "shop.orders": "nothing_given",
        "shop.referral": "nothing_given",
    }
    assert not_searched(services, request) == dict.fromkeys(
        ("customer", "orders", "referral"), "too_many_rows"
    )


def test_a_slow_search_is_given_up_at_once(tmp_path: Path) -> None:
    services = replace(office(tmp_path), search=SearchLimits(seconds=0.0))
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as con:
        con.execute("INSERT INTO referral SELECT i, 2, 'f' || i FROM range(10, 600000) r(i)")
    request = store(services, {"customer_id": "1"})
    run(services, request)
    assert not_searched(services, request)["referral"] == "too_slow"


def test_nothing_is_packed_without_a_search_on_record(tmp_path: Path) -> None:
    services = office(tmp_path)
    request = store(services, {"customer_id": "1"})
    assess(services, request)
    for source in classify(services, request)["sources"]:
        extract(services, request, source)
    validate(services, request)
    staging = services.staging(request)
    whole = read_record(staging, "shop")
    assert whole.searched
    forged = tuple(replace(table, found={}, reason=None) for table in whole.searched)
    for spoilt in (replace(whole, searched=None), replace(whole, searched=forged)):
        stage_record(staging, spoilt)
        with pytest.raises(GateError, match="shop was not searched for rows that no way reaches"):
            package(services, request)
    stage_record(staging, whole)
    assert package(services, request)["bytes"]
    reasons = [
        payload["reason"]
        for header, payload in services.register.trail.events(request)
        if header.type == "gate_bypassed"
    ]
    assert reasons == ["not_searched"] * 2


def test_nothing_held_is_asked_only_after_the_search(tmp_path: Path) -> None:
    services = office(tmp_path, email="")
    request = store(services, {"email": "zed@example.nl"})
    assess(services, request)
    with pytest.raises(NeedsPersonError) as error:
        classify(services, request)
    assert error.value.question == "residual_rows"
    assert error.value.detail == {"column": "office.employee.email", "rows": 1}
    services.register.questions.answer(
        services.register.questions.all(request_id=request)[-1].id, "leave_out", "officer"
    )
    with pytest.raises(NeedsPersonError) as error:
        classify(services, request)
    assert error.value.question == "nothing_held"
    assert error.value.detail["residual"] == {"office.employee.email": 1}
