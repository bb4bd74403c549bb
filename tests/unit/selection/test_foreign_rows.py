"""A row with a person's own key is theirs alone, whatever a join says (R31)."""

from __future__ import annotations

import csv
import io
import random
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from testbed.mini import write_inventory
from testbed.running import installation, run, store

from afschrift.datamap.check.map_check import compare
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.keys import Key
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.selection.statements import Statements
from afschrift.sources.registry import open_source
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

SQL = Path(__file__).parents[3] / "include" / "sql"
AT = "2026-01-01T00:00:00.000000Z"
CUSTOMERS, RENTALS, PAYMENTS = range(1, 41), range(1, 201), range(1, 601)

SHOP = """
source: shop
kind: {kind}
options: {{path: "{path}"}}
zone: Europe/Amsterdam
purposes:
  account:
    basis: A6-1-b
    title: {{nl: Account, en: Account}}
    retention: {{period: P2Y, trigger: {{nl: na de huur, en: after the rental}}}}
    recipients: []
    automated_decision: false
tables:
  customer:
    subject: {{customer_id: customer_id}}
    key: [customer_id]
    purposes: [account]
    columns:
      customer_id: {{origin: assigned}}
      name: {{origin: provided}}
  rental:
    subject: {{customer_id: customer_id}}
    key: [rental_id]
    purposes: [account]
    columns:
      rental_id: {{origin: assigned}}
      customer_id: {{origin: assigned}}
      rented_at: {{origin: observed}}
  payment:
    subject: {{customer_id: customer_id}}
    join: {{rental_id: rental.rental_id}}{more}
    key: [payment_id]
    purposes: [account]
    columns:
      payment_id: {{origin: assigned}}
      customer_id: {{origin: assigned}}
      rental_id: {{origin: assigned}}
      amount: {{origin: observed, unit: EUR}}
"""
SHARED = '\n    shared_rows: {by: Data office, on: 2026-11-02, why: "Who rents and who pays both see it."}'
SCHEMA = """
CREATE TABLE customer (customer_id INTEGER, name VARCHAR(20));
CREATE TABLE rental (rental_id INTEGER, customer_id INTEGER, rented_at VARCHAR(20));
CREATE TABLE payment (payment_id INTEGER, customer_id INTEGER, rental_id INTEGER, amount INTEGER);
"""
Payment = tuple[int, int | None, int | None, int]


def rows() -> tuple[dict[int, int], list[Payment]]:
    """Rental -> customer; payments, of which one in ten bears another customer than its rental, or none."""
    chance = random.Random(6)
    rentals = {rental: chance.choice(CUSTOMERS) for rental in RENTALS}
    payments: list[Payment] = []
    for number in PAYMENTS:
        rental = chance.choice([*RENTALS, None])
        customer = rentals[rental] if rental else chance.choice(CUSTOMERS)
        if chance.random() < 0.1:
            customer = chance.choice([*CUSTOMERS, *[None] * 20])
        payments.append((number, customer, rental, number * 10))
    return rentals, payments


RENTED, PAID = rows()


def payer(payment: Payment) -> int | None:
    """By hand: the person of its key, else the person of its rental."""
    _, customer, rental, _ = payment
    return customer if customer is not None else RENTED[rental] if rental is not None else None


def disagreeing(customer: int) -> list[int]:
    """Payments of others for a rental of a customer."""
    return [n for n, c, r, _ in PAID if c is not None and c != customer and r and RENTED[r] == customer]


def fill(kind: str, path: Path) -> None:
    statements = [statement for statement in SCHEMA.split(";") if statement.strip()]
    with sqlite3.connect(path) if kind == "sqlite" else duckdb.connect(str(path)) as con:
        for statement in statements:
            con.execute(statement)
        con.executemany("INSERT INTO customer VALUES (?, ?)", [(n, f"C{n}") for n in CUSTOMERS])
        con.executemany("INSERT INTO rental VALUES (?, ?, '2025-01-01')", list(RENTED.items()))
        con.executemany("INSERT INTO payment VALUES (?, ?, ?, ?)", PAID)
    con.close()


@pytest.fixture(params=["duckdb", "sqlite"])
def described(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    path = tmp_path / "shop.db"
    fill(request.param, path)
    yield request.param, path


def inventory(tmp_path: Path, described: tuple[str, Path], more: str = "") -> Path:
    kind, path = described
    return write_inventory(tmp_path / "inventory", SHOP.format(kind=kind, path=path, more=more))


def found(loaded: Inventory, customer: int) -> tuple[list[int], int | None]:
    """The numbers of the payments that leave, and how many stay though a join reaches them."""
    source = loaded.sources["shop"]
    with open_source("shop", source.kind, source.options) as session:
        session.bind((Key("customer_id", str(customer)),), AT)
        statements = Statements(SQL, source, loaded.identity, session.dialect, session.catalogue())
        counted = statements.count("payment").replace("count(*)", "t.payment_id", 1)
        foreign = statements.foreign("payment")
        stay = None if foreign is None else int(session.rows(foreign)[0][0])
        return sorted(int(row[0]) for row in session.rows(counted)), stay


def test_each_payment_is_only_in_its_person_s_bundle(tmp_path: Path, described: tuple[str, Path]) -> None:
    loaded = load(inventory(tmp_path, described))
    assert sum(len(disagreeing(customer)) for customer in CUSTOMERS) > 20
    given: list[int] = []
    for customer in CUSTOMERS:
        leave, stay = found(loaded, customer)
        assert leave == [row[0] for row in PAID if payer(row) == customer]
        assert stay == len(disagreeing(customer))
        given += leave
    assert sorted(given) == [row[0] for row in PAID if payer(row) is not None]


def test_shared_rows_are_of_both(tmp_path: Path, described: tuple[str, Path]) -> None:
    loaded = load(inventory(tmp_path, described, SHARED))
    for customer in CUSTOMERS:
        leave, stay = found(loaded, customer)
        assert stay is None
        assert leave == sorted([row[0] for row in PAID if payer(row) == customer] + disagreeing(customer))
    assert compare(loaded, SQL).differences == []


def test_a_way_over_such_a_row_is_barred_too(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    fill("duckdb", path)
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE receipt AS SELECT payment_id AS receipt_id, payment_id FROM payment")
    receipt = """
  receipt:
    join: {payment_id: payment.payment_id}
    key: [receipt_id]
    purposes: [account]
    columns: {receipt_id: {origin: assigned}, payment_id: {origin: assigned}}
"""
    shop = SHOP.format(kind="duckdb", path=path, more="") + receipt
    loaded = load(write_inventory(tmp_path / "inventory", shop))
    customer = next(row for row in CUSTOMERS if disagreeing(row))
    source = loaded.sources["shop"]
    with open_source("shop", source.kind, source.options) as session:
        session.bind((Key("customer_id", str(customer)),), AT)
        statements = Statements(SQL, source, loaded.identity, session.dialect, session.catalogue())
        assert statements.foreign("receipt") is None  # it bears no key; the payment's is asked about
        numbers = session.rows(statements.count("receipt").replace("count(*)", "t.payment_id", 1))
    assert sorted(int(row[0]) for row in numbers) == [row[0] for row in PAID if payer(row) == customer]


@pytest.mark.slow
@pytest.mark.parametrize("right", ["access", "portability"])
def test_a_request_that_meets_one_asks_and_leaves_it_out(
    tmp_path: Path, described: tuple[str, Path], right: str
) -> None:
    services = installation(tmp_path / "home", inventory(tmp_path, described))
    customer = next(row for row in CUSTOMERS if disagreeing(row))
    request = store(services, {"customer_id": str(customer)}, right)
    assess(services, request)
    with pytest.raises(NeedsPersonError) as error:
        classify(services, request)
    assert error.value.question == "foreign_rows"
    assert error.value.detail == {"table": "shop.payment", "rows": len(disagreeing(customer))}
    [asked] = services.register.questions.all(request_id=request)
    services.register.questions.answer(asked.id, "leave_out", "officer")
    with zipfile.ZipFile(run(services, request)) as bundle:
        name = next(name for name in bundle.namelist() if name.endswith("/payment.csv"))
        read = list(csv.DictReader(io.StringIO(bundle.read(name).decode("utf-8"))))
    assert [int(row["amount"]) for row in read] == [row[3] for row in PAID if payer(row) == customer]


def test_check_live_names_joins_that_lead_to_others(tmp_path: Path, described: tuple[str, Path]) -> None:
    staff = """
  staff:
    subject: {email: email}
    key: [staff_id]
    purposes: [account]
    columns: {staff_id: {origin: assigned}, email: {origin: provided}}
"""
    kind, path = described
    with sqlite3.connect(path) if kind == "sqlite" else duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE staff (staff_id INTEGER, email VARCHAR(40))")
        con.execute("INSERT INTO staff VALUES (1, 'mike@example.org'), (2, 'jon@example.org')")
        con.execute("ALTER TABLE payment ADD COLUMN staff_id INTEGER")
        con.execute("UPDATE payment SET staff_id = 1 + payment_id % 2")
    con.close()
    by_staff = SHOP.replace(
        "{{rental_id: rental.rental_id}}", "[{{rental_id: rental.rental_id}}, {{staff_id: staff.staff_id}}]"
    )
    text = by_staff.format(kind=kind, path=path, more="")
    text = text.replace("      amount:", "      staff_id: {origin: assigned}\n      amount:") + staff
    found = compare(load(write_inventory(tmp_path / "inventory", text)), SQL).differences
    persons = max(len({c for n, c, _, _ in PAID if c and 1 + n % 2 == key}) for key in (1, 2))
    differing = sum(len(disagreeing(customer)) for customer in CUSTOMERS)
    rented = max(len({c for _, c, r, _ in PAID if c and r == rental}) for rental in RENTALS)
    assert [line.partition(";")[0] for line in found] == [
        f"shop.payment by rental_id -> rental: rows of up to {rented} persons point to one row there",
        f"shop.payment by rental_id -> rental: {differing} row(s) have another customer_id than the row that "
        "they point to",
        f"shop.payment by staff_id -> staff: rows of up to {persons} persons point to one row there",
    ]


def test_shared_rows_without_a_join_say_nothing(tmp_path: Path, described: tuple[str, Path]) -> None:
    kind, path = described
    text = SHOP.format(kind=kind, path=path, more=SHARED).replace(
        "    join: {rental_id: rental.rental_id}\n", ""
    )
    with pytest.raises(InventoryError, match=r"shared_rows.*it is about rows that a `join` reaches"):
        load(write_inventory(tmp_path / "inventory", text))
