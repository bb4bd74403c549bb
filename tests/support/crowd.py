"""Many customers of the one shop, in every kind of warehouse."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from testbed.mini import write_database
from tests.support import maps, one_shop
from tests.support.one_shop import TABLES, UTC_TIME, Tables
from tests.support.warehouses import database_of

FIRST = 100


def crowd(customers: int) -> Tables:
    """The shop with so many customers more, from number 100: some with many rows, some with none but their own."""
    tables: Tables = {name: (columns, list(rows)) for name, (columns, rows) in TABLES.items()}
    rows = {name: rows for name, (_, rows) in tables.items()}
    for customer in range(FIRST, FIRST + customers):
        mail, name = f"Who.{customer}@example.org", f'Customer {customer}, "x"\n'
        rows["customer"].append((customer, mail, name, None, None, Decimal("1.50"), 0.5, customer, b"\0"))
        for number in range(customer % 4):
            order = f"o{customer}{'ab'[number % 2]}{number}"
            rows["orders"].append((order, customer))
            rows["line"] += [(order, line, Decimal(line)) for line in range(number)]
        if customer % 3 == 0:
            rows["login"].append((None, mail.upper(), UTC_TIME, f"{customer} by mail"))
            rows["login"].append((customer, None, UTC_TIME, f"{customer} \\N"))
        if customer % 5 == 0:
            rows["login"].append((None, mail, UTC_TIME, "\\N"[: customer % 2 + 1] + str(customer)))
            rows["login"].append((customer + 1, mail, UTC_TIME, f"{customer} typed by another"))
    rows["login"].append((FIRST + 2, None, UTC_TIME, "\\N"))
    return tables


def where(
    kind: str, folder: Path, tables: Tables, request: pytest.FixtureRequest
) -> Iterator[tuple[str, str]]:
    """Fill a warehouse of one kind; what the inventory says of the place, and the URI of its connection."""
    folder.mkdir(parents=True, exist_ok=True)
    with database_of(kind, request) as database:
        made = one_shop.in_kind(kind, folder, database, tables)
        options = f"options: {json.dumps(made.options)}" if made.options else ""
        if database is None:
            yield options, ""
        else:
            yield f"connection: shop\n{options}", database.uri() if kind == "mysql" else database.libpq


def mini_crowd(path: Path, customers: int) -> Path:
    write_database(path)
    with duckdb.connect(str(path)) as con:
        for number in range(customers):
            customer, after = FIRST + number, FIRST + (number + 1) % customers
            mail, device, order = f"who.{customer}@example.org", f"dev{customer}", customer * 10
            con.execute(maps.text("mini_crowd.sql").format(**locals()))
    return path
