"""That none is held is said only after a search beside the ways of the inventory; what it finds is settled first."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from testbed import small
from testbed.running import installation, members, run, store
from tests.support.driving import ANN, answer_all, assessed, extracted, payloads, stopped
from tests.support.key_shop import KeyShop, mapped
from tests.support.moves import classify, extract, package, validate

from afschrift.casework.columns.search_ledger import of_events
from afschrift.domain.errors import GateError
from afschrift.domain.extracted import SearchLimits
from afschrift.extraction.staged_records import read_record, stage_record
from afschrift.selection import residual_search
from afschrift.services import Services

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
OFFICE = """
source: office
kind: sqlite
options: {{path: "{path}"}}
tables:
  employee:
    personal: false
    columns: {{employee_id: {{origin: not_personal}}, email: {{origin: not_personal, {email}}}}}
"""
SETTLED = "mentions: {settled: not_given, by: Data office, on: 2026-11-27, why: Who invites typed it., never_own: Each row has the inviter.}"
OTHERS = "origin: provided, about: third_party, third_party: own_use"
BY_ID = "subject: {customer_id: customer_id}"
BY_BOTH = "subject: {customer_id: customer_id, email: {column: email, match: casefold}}"


def office(folder: Path, *, friend: str = SETTLED, email: str = SETTLED, **more: Any) -> Services:
    """A shop, and a source of which nothing is ever given."""
    small.execute(folder / "shop.sqlite", ROWS)
    small.execute(folder / "office.sqlite", STAFF)
    tables = mapped(
        "customer", BY_BOTH, "customer_id", "email: {origin: provided}", "name: {origin: provided}"
    )
    tables += mapped("orders", BY_ID, "order_id", "customer_id", "remark: {origin: provided}")
    tables += mapped("referral", BY_ID, "referral_id", "customer_id", f"friend: {{{OTHERS}, {friend}}}")
    inventory = KeyShop(folder, "sqlite").write(tables, ("customer_id", "email"))
    text = OFFICE.format(path=folder / "office.sqlite", email=email)
    (inventory / "office.yml").write_text(text, encoding="utf-8")
    return replace(installation(folder / "home", inventory), **more)


def covered(bundle: Path) -> dict[str, dict[str, Any]]:
    document = json.loads(members(bundle)["data/coverage.json"])
    return {f"{table['source']}.{table['table']}": table for table in document["tables"]}


def written(services: Services, request: str) -> str:
    """All that the register's trail and questions hold of a request."""
    events = [[header.type, payload] for header, payload in services.register.trail.events(request)]
    questions = [[q.kind, q.detail] for q in services.register.questions.all(request_id=request)]
    return json.dumps([events, questions], default=str)


@pytest.mark.parametrize("settled", ["", SETTLED.replace(", never_own: Each row has the inviter.", "")])
def test_what_is_not_settled_stops_before_anything_is_staged(tmp_path: Path, settled: str) -> None:
    """A word that does not say on what it rests that rows are never the person's settles nothing."""
    services = office(tmp_path, friend=settled, email=settled)
    request = store(services, ANN)
    for column in ("shop.referral.friend", "office.employee.email"):
        error = stopped(run, services, request)
        assert "settle it in the inventory for every request" in str(error)
        assert (error.question, error.detail) == ("residual_rows", {"column": column, "rows": 1})
        # An answer holds for the column, though rows are added.
        small.execute(tmp_path / "shop.sqlite", "INSERT INTO referral VALUES (4, 2, 'canary@example.nl')")
        answer_all(services, request, "leave_out")
    referral = covered(run(services, request))["shop.referral"]
    assert (referral["status"], referral["mentions"]) == ("withheld", [{"column": "friend", "rows": 2}])
    assert CANARY not in written(services, request).lower()


@pytest.mark.parametrize("right", ["access", "portability"])
def test_settled_column_asks_no_question(tmp_path: Path, right: str) -> None:
    services = office(tmp_path)
    request = store(services, ANN, right)
    bundle = run(services, request)
    tables = covered(bundle)
    assert services.register.questions.all(request_id=request) == ()
    assert tables["shop.orders"]["status"] == "rows"
    for name, column in (("shop.referral", "friend"), ("office.employee", "email")):
        assert tables[name]["status"] == "withheld"
        assert tables[name]["reasons"] == ["mentioned"]
        assert tables[name]["mentions"] == [{"column": column, "rows": 1}]
    [evidence] = [p for p in payloads(services, request, "extracted") if p["source"] == "shop"]
    assert evidence["residual"] == {"referral.friend": 1}
    assert evidence["searched"] == {"customer": 2, "orders": 2, "referral": 3}
    assert evidence["spellings"] == {"email": 2, "named": 1}
    ledger = of_events(services.register.trail.events(request))
    assert ledger is not None
    assert ("E-mail addresses", "5 in 4 tables", "") in ledger.rows
    assert {("Name", "not searched for", ""), ("BSN", "not searched for", "")} <= set(ledger.rows)
    assert CANARY not in written(services, request).lower()
    words = "Rijen met uw e-mailadres, telefoonnummer, rekeningnummer of een ander nummer"
    assert words in members(bundle)["index.html"].decode()


HOLDER = SETTLED.replace("by:", "disclosed: false, by:")
SPEAKER = SETTLED.replace("by:", "not_shown: {nl: Het gesprek is van een ander., en: Another's talk.}, by:")


@pytest.mark.parametrize("right", ["access", "portability"])
def test_answer_does_not_tell_that_another_has_the_address(tmp_path: Path, right: str) -> None:
    """Who has an address now is not for its former holder to learn (R31), and neither that someone has."""
    answers = []
    for folder, held in (("alone", False), ("held", True)):
        (tmp_path / folder).mkdir()
        services = office(tmp_path / folder, friend=HOLDER, email=HOLDER)
        if not held:
            small.execute(tmp_path / folder / "shop.sqlite", "DELETE FROM referral WHERE referral_id = 1")
            small.execute(tmp_path / folder / "office.sqlite", "DELETE FROM employee WHERE employee_id = 7")
        request = store(services, ANN, right)
        bundle = run(services, request)
        residual = [payload["residual"] for payload in payloads(services, request, "extracted")]
        assert any(residual) is held
        page = members(bundle)["index.html"].decode().replace(request, "")
        assert "Of die er zijn, zeggen wij aan niemand" in page
        answers.append((covered(bundle), re.sub(r"\d\d:\d\d", "", page)))
    assert answers[0] == answers[1]


def test_answer_says_why_a_talk_that_names_the_person_is_not_given(tmp_path: Path) -> None:
    services = office(tmp_path, friend=SPEAKER)
    assert (
        "Het gesprek is van een ander." in members(run(services, store(services, ANN)))["index.html"].decode()
    )


def not_searched(services: Services, request: str) -> dict[str, str]:
    """What the trail keeps of the shop's tables that were not searched."""
    [evidence] = [p for p in payloads(services, request, "extracted") if p["source"] == "shop"]
    return dict(evidence["not_searched"])


@pytest.mark.parametrize("rows", [None, 1])
def test_person_reads_the_same_whether_a_table_was_searched(tmp_path: Path, rows: int | None) -> None:
    services = office(tmp_path, **({"search": SearchLimits(rows=rows)} if rows else {}))
    gone = "DELETE FROM orders WHERE customer_id = 1; DELETE FROM referral WHERE referral_id = 1"
    small.execute(tmp_path / "shop.sqlite", gone, "INSERT INTO orders VALUES (3, 2, 'another')")
    request = store(services, ANN)
    tables = covered(run(services, request))
    status = {name: entry["status"] for name, entry in tables.items() if name != "office.employee"}
    expected = {"shop.orders": "nothing_given", "shop.referral": "nothing_given"}
    assert status == {"shop.customer": "rows"} | expected
    names = ("customer", "orders", "referral") if rows else ()
    assert not_searched(services, request) == dict.fromkeys(names, "too_many_rows")


def test_a_slow_search_is_given_up_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(residual_search, "_LARGE", 2)  # rows from which a sample shows how long it would take
    services = office(tmp_path, search=SearchLimits(seconds=0.0))
    request = store(services, ANN)
    run(services, request)
    assert not_searched(services, request) == {"referral": "too_slow"}


def test_nothing_is_packed_without_a_search_on_record(tmp_path: Path) -> None:
    services = office(tmp_path)
    request = extracted(services)
    extract(services, request, "office")
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
    assert [p["reason"] for p in payloads(services, request, "gate_bypassed")] == ["not_searched"] * 2


def test_nothing_held_is_asked_only_after_the_search(tmp_path: Path) -> None:
    services = office(tmp_path, email="")
    request = assessed(services, {"email": "zed@example.nl"})
    error = stopped(classify, services, request)
    detail = {"column": "office.employee.email", "rows": 1}
    assert (error.question, error.detail) == ("residual_rows", detail)
    answer_all(services, request, "leave_out")
    error = stopped(classify, services, request)
    assert error.question == "nothing_held"
    assert error.detail["residual"] == {"office.employee.email": 1}


OWN = """
CREATE TABLE customer (customer_id INTEGER, phone VARCHAR, account VARCHAR, neighbour VARCHAR);
CREATE TABLE call (call_id INTEGER, customer_id INTEGER, note VARCHAR);
INSERT INTO customer VALUES (1, '06-12345678', 'NL91ABNA0417164300', '0612345679'), (2, NULL, NULL, NULL);
INSERT INTO call VALUES (1, 2, '{note}');
"""


def own_numbers(folder: Path, note: str) -> tuple[Services, str]:
    """A request of a person whose own record holds a telephone number and an account, which are no keys."""
    small.execute(folder / "shop.sqlite", OWN.format(note=note))
    phone = "origin: provided, category: user.contact.phone_number"
    columns = f"phone: {{{phone}}}", "account: {origin: provided, category: user.financial.bank_account}"
    neighbour = f"neighbour: {{{phone}, about: third_party, third_party: own_use}}"
    tables = mapped("customer", BY_ID, "customer_id", *columns, neighbour)
    tables += mapped("call", BY_ID, "call_id", "customer_id", "note: {origin: provided}")
    services = installation(folder / "home", KeyShop(folder, "sqlite").write(tables, ("customer_id",)))
    return services, store(services, ANN)


@pytest.mark.parametrize("note", ["called back on +31 6 1234 5678", "paid by NL91 ABNA 0417 1643 00."])
def test_a_row_that_names_the_person_by_own_numbers_stops_the_request(tmp_path: Path, note: str) -> None:
    services, request = own_numbers(tmp_path, note)
    error = stopped(run, services, request)
    assert error.question == "residual_rows"
    assert "shop.call.note" in str(error)
    dumped = json.dumps([payload for _, payload in services.register.trail.events(request)], default=str)
    assert not any(digits in dumped for digits in ("12345678", "1234 5678", "0417164300", "0417 1643"))


@pytest.mark.parametrize("note", ["called back on 0612345670", "a neighbour, 06 12345679"])
def test_other_numbers_and_those_of_others_do_not(tmp_path: Path, note: str) -> None:
    services, request = own_numbers(tmp_path, note)
    assert run(services, request).exists()
    asked = services.register.questions.all(request_id=request, open_only=False)
    assert [question.kind for question in asked if question.kind != "tell_person"] == []
    [evidence] = payloads(services, request, "extracted")
    assert set(evidence["spellings"]) == {"iban", "named", "number", "phone"}
