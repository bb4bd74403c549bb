"""A row with a person's own key is theirs alone, whatever a join says (R31)."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed.mini import write_inventory
from testbed.running import installation, run
from tests.support.driving import answer_all, assessed, given_rows, stopped
from tests.support.key_shop import AT, HEAD, SQL, differences, mapped

from afschrift.domain.keys import Key
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.selection.statements import Statements
from afschrift.sources.registry import open_source
from afschrift.steps.classify import classify

CUSTOMERS, RENTALS, PAYMENTS = range(1, 21), range(1, 101), range(1, 301)
BY_ID, BY_RENTAL = "subject: {customer_id: customer_id}", "join: {rental_id: rental.rental_id}"
SHARED = 'shared_rows: {by: Data office, on: 2026-11-02, why: "Who rents and who pays both see it."}'
MADE = (
    "CREATE TABLE customer (customer_id INTEGER, name VARCHAR(20))",
    "CREATE TABLE rental (rental_id INTEGER, customer_id INTEGER, rented_at VARCHAR(20))",
    "CREATE TABLE payment (payment_id INTEGER, customer_id INTEGER, rental_id INTEGER, amount INTEGER)",
)
AMOUNT = "amount: {origin: observed, unit: EUR}"
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
            customer = chance.choice([*CUSTOMERS, *[None] * 10])
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


SOME = next(customer for customer in CUSTOMERS if disagreeing(customer))


def execute(kind: str, path: Path, *statements: str) -> None:
    with sqlite3.connect(path) if kind == "sqlite" else duckdb.connect(str(path)) as con:
        for statement in statements:
            con.execute(statement)
    con.close()


@pytest.fixture(params=["duckdb", "sqlite"])
def described(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Writes the map of the rental, in a database of a kind."""
    kind, path = request.param, tmp_path / "shop.db"
    filled = {"customer": [(n, f"C{n}") for n in CUSTOMERS], "payment": PAID}
    filled["rental"] = [(rental, customer, "2025-01-01") for rental, customer in RENTED.items()]
    inserts = [
        f"INSERT INTO {table} VALUES {', '.join(map(str, content))}".replace("None", "NULL")
        for table, content in filled.items()
    ]
    execute(kind, path, *MADE, *inserts)

    def write(
        more: str = "",
        *,
        join: str = BY_RENTAL,
        columns: tuple[str, ...] = (),
        tables: str = "",
        made: Any = (),
    ) -> Path:
        execute(kind, path, *made)
        ways = "\n    ".join(line for line in (BY_ID, join, more) if line)
        text = HEAD.format(kind=kind, place=f'options: {{path: "{path}"}}')
        text += mapped("customer", BY_ID, "customer_id", "name: {origin: provided}")
        text += mapped("rental", BY_ID, "rental_id", "customer_id", "rented_at: {origin: observed}")
        text += mapped("payment", ways, "payment_id", "customer_id", "rental_id", *columns, AMOUNT)
        return write_inventory(tmp_path / "inventory", text + tables)

    return write


@contextmanager
def finder(loaded: Inventory) -> Iterator[Callable[..., tuple[list[int], int | None]]]:
    """Gives the numbers of the payments that leave, and how many stay though a join reaches them."""
    source = loaded.sources["shop"]

    def found(customer: int, table: str = "payment") -> tuple[list[int], int | None]:
        session.bind((Key("customer_id", str(customer)),), AT)
        counted = statements.count(table).replace("count(*)", "t.payment_id", 1)
        foreign = statements.foreign(table)
        stay = None if foreign is None else int(session.rows(foreign)[0][0])
        return sorted(int(row[0]) for row in session.rows(counted)), stay

    with open_source("shop", source.kind, source.options) as session:
        statements = Statements(SQL, source, loaded.identity, session.dialect, session.catalogue())
        yield found


def test_each_payment_is_only_in_its_person_s_bundle(described: Callable[..., Path]) -> None:
    """So is what hangs on a payment, which bears no key: that of the payment is asked about."""
    assert sum(len(disagreeing(customer)) for customer in CUSTOMERS) > 10
    given: list[int] = []
    receipt = mapped("receipt", "join: {payment_id: payment.payment_id}", "receipt_id", "payment_id")
    made = ["CREATE TABLE receipt AS SELECT payment_id AS receipt_id, payment_id FROM payment"]
    with finder(load(described(tables=receipt, made=made))) as found:
        for customer in CUSTOMERS:
            leave, stay = found(customer)
            assert leave == [row[0] for row in PAID if payer(row) == customer]
            assert stay == len(disagreeing(customer))
            given += leave
        assert found(SOME, "receipt") == (found(SOME)[0], None)
    assert sorted(given) == [row[0] for row in PAID if payer(row) is not None]


def test_shared_rows_are_of_both(described: Callable[..., Path]) -> None:
    loaded = load(described(SHARED))
    with finder(loaded) as found:
        for customer in CUSTOMERS:
            mine = [row[0] for row in PAID if payer(row) == customer]
            assert found(customer) == (sorted(mine + disagreeing(customer)), None)
    assert differences(loaded) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("described", "right"), [("duckdb", "access"), ("sqlite", "portability")], indirect=["described"]
)
def test_a_request_that_meets_one_asks_and_leaves_it_out(
    tmp_path: Path, described: Callable[..., Path], right: str
) -> None:
    services = installation(tmp_path / "home", described())
    request = assessed(services, {"customer_id": str(SOME)}, right)
    error = stopped(classify, services, request)
    detail = {"table": "shop.payment", "rows": len(disagreeing(SOME))}
    assert (error.question, error.detail) == ("foreign_rows", detail)
    answer_all(services, request, "leave_out")
    amounts = [int(row["amount"]) for row in given_rows(run(services, request), "payment")]
    assert amounts == [row[3] for row in PAID if payer(row) == SOME]


def test_check_live_names_joins_that_lead_to_others(described: Callable[..., Path]) -> None:
    staff = mapped("staff", "subject: {email: email}", "staff_id", "email: {origin: provided}")
    made = [
        "CREATE TABLE staff (staff_id INTEGER, email VARCHAR(40))",
        "INSERT INTO staff VALUES (1, 'mike@example.org'), (2, 'jon@example.org')",
        "ALTER TABLE payment ADD COLUMN staff_id INTEGER",
        "UPDATE payment SET staff_id = 1 + payment_id % 2",
    ]
    join = "join: [{rental_id: rental.rental_id}, {staff_id: staff.staff_id}]"
    found = differences(load(described(join=join, columns=("staff_id",), tables=staff, made=made)))
    persons = max(len({c for n, c, _, _ in PAID if c and 1 + n % 2 == key}) for key in (1, 2))
    differing = sum(len(disagreeing(customer)) for customer in CUSTOMERS)
    rented = max(len({c for _, c, r, _ in PAID if c and r == rental}) for rental in RENTALS)
    assert [line.partition(";")[0] for line in found] == [
        f"shop.payment by rental_id -> rental: rows of up to {rented} persons point to one row there",
        f"shop.payment by rental_id -> rental: {differing} row(s) have another customer_id than the row that "
        "they point to",
        f"shop.payment by staff_id -> staff: rows of up to {persons} persons point to one row there",
    ]


def test_shared_rows_without_a_join_say_nothing(described: Callable[..., Path]) -> None:
    with pytest.raises(InventoryError, match=r"shared_rows.*it is about rows that a `join` reaches"):
        load(described(SHARED, join=""))
