"""What two persons' rows have in common is looked for all the way from a row that is given to the person."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from testbed.running import installation, store
from tests.support import mariadb
from tests.support.key_shop import DECIDED, KeyShop
from tests.unit.steps.test_keys_of_several import codes

from afschrift.datamap.check.finding import Code
from afschrift.domain.errors import ConfigurationError
from afschrift.extraction.staged_records import read_record
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

PERSONS = """  customer:
    subject: {{ck: ck}}
    key: [{key}]
    purposes: [sale]
    columns: {{id: {{origin: assigned}}, ck: {{origin: assigned}}, home: {{origin: assigned}}}}
"""
MIDDLE = """  orders:
    {middle}
    join: {{home: customer.home}}
    key: [id]
    columns: {{id: {{origin: not_personal}}, home: {{origin: not_personal}}, code: {{origin: not_personal}}}}
  item:
    join: {{code: orders.code}}
    key: [id]
    purposes: [sale]
    columns: {{id: {{origin: {given}}}, code: {{origin: {given}}}}}
"""
MADE = (
    "CREATE TABLE customer (id INTEGER, ck TEXT, home TEXT)",
    "CREATE TABLE orders (id INTEGER, home TEXT, code TEXT)",
    "CREATE TABLE item (id INTEGER, code TEXT)",
    "INSERT INTO customer VALUES (0, 'anna', 'h1'), (2, 'carl', 'h2')",
    "INSERT INTO orders VALUES (0, 'h1', 'A'), (2, 'h2', 'B')",
    "INSERT INTO item VALUES (0, 'A'), (2, 'B')",
)
CUSTOMERS = MADE[0], MADE[3]
OF_BOB = "INSERT INTO customer VALUES (1, 'bob', 'h1')"
BY_ACCOUNT = """  account:
    subject: {ck: ck}
    key: [acc]
    purposes: [sale]
    columns: {acc: {origin: assigned}, ck: {origin: assigned}}
  orders:
    subject: {ck: ck}
    join: {acc: account.acc}
    key: [id]
    purposes: [sale]
    columns: {id: {origin: assigned}, ck: {origin: assigned}, acc: {origin: assigned}, code: {origin: assigned}}
  item:
    join: {code: orders.code}
    key: [id]
    purposes: [sale]
    columns: {id: {origin: assigned}, code: {origin: assigned}}
"""
ACCOUNTS = (
    "CREATE TABLE account (acc TEXT, ck TEXT)",
    "CREATE TABLE orders (id INTEGER, ck TEXT, acc TEXT, code TEXT)",
    "CREATE TABLE item (id INTEGER, code TEXT)",
    "INSERT INTO account VALUES ('1', 'anna'), ('2', 'bob')",
    "INSERT INTO orders VALUES (0, 'anna', '1', 'A')",
    "INSERT INTO item VALUES (0, 'A')",
)


def shop(folder: Path, tables: str, *made: str) -> Services:
    database = KeyShop(folder, "sqlite")
    for statement in made:
        database.run(statement)
    return installation(folder / "home", database.write(tables))


def rows(services: Services, who: str = "anna") -> dict[str, int]:
    request = store(services, {"ck": who})
    assess(services, request)
    classify(services, request)
    extract(services, request, "shop")
    return {table.table: table.rows for table in read_record(services.staging(request), "shop").tables}


def chain(middle: str = "personal: false", given: str = "assigned") -> str:
    return (PERSONS + MIDDLE).format(key="id", middle=middle, given=given)


@pytest.mark.parametrize("middle", ["personal: false", "purposes: [sale]"])
@pytest.mark.parametrize("who", ["anna", "bob"])
def test_two_persons_behind_the_first_hop_stop_the_request(tmp_path: Path, middle: str, who: str) -> None:
    services = shop(tmp_path, chain(middle), *MADE, OF_BOB)
    with pytest.raises(ConfigurationError, match=r"shop\.orders by home -> customer: rows of several"):
        rows(services, who)


def test_a_way_of_one_person_gives_the_rows_behind_it(tmp_path: Path) -> None:
    assert rows(shop(tmp_path, chain(), *MADE)) == {"customer": 1, "item": 1}


@pytest.mark.parametrize("shared", ["orders", "item"])
def test_shared_rows_apply_on_every_way(tmp_path: Path, shared: str) -> None:
    tables = chain().replace(f"  {shared}:\n", f"  {shared}:\n    shared_rows: {DECIDED}\n")
    assert rows(shop(tmp_path, tables, *MADE, OF_BOB))["item"] == 1


def test_of_look_ups_alone_nothing_is_asked(tmp_path: Path) -> None:
    services = shop(tmp_path, chain("purposes: [sale]", "not_personal"), *MADE, OF_BOB)
    assert rows(services)["customer"] == 1


@pytest.mark.parametrize("who", ["anna", "bob"])
def test_a_row_is_another_ones_by_a_join_as_well(tmp_path: Path, who: str) -> None:
    services = shop(tmp_path, BY_ACCOUNT, *ACCOUNTS, "INSERT INTO orders VALUES (1, NULL, '2', 'A')")
    with pytest.raises(ConfigurationError, match=r"shop\.item by code -> orders: rows of several"):
        rows(services, who)


def test_row_without_a_way_counts_as_of_no_person(tmp_path: Path) -> None:
    services = shop(tmp_path, BY_ACCOUNT, *ACCOUNTS, "INSERT INTO orders VALUES (1, NULL, '9', 'A')")
    assert rows(services) == {"account": 1, "orders": 1, "item": 1}


@pytest.mark.parametrize("key", ["ck", "id", "ck, id"])
def test_spellings_of_two_persons_stop_the_request(tmp_path: Path, key: str) -> None:
    tables = PERSONS.format(key=key)
    services = shop(tmp_path, tables, *CUSTOMERS, "INSERT INTO customer VALUES (1, ' anna', 'h3')")
    with pytest.raises(
        ConfigurationError, match=r"shop\.customer have keys ck that differ in their spelling"
    ):
        rows(services)
    assert codes(services, tmp_path)[Code.KEYS_OF_ONE_FORM] == "error shop.customer.ck"


def test_one_person_may_be_spelled_in_two_ways_where_a_row_is_no_person(tmp_path: Path) -> None:
    several = "INSERT INTO customer VALUES (1, ' anna', 'h3'), (3, 'carl', 'h4')"
    services = shop(tmp_path, PERSONS.format(key="id"), *CUSTOMERS, several)
    assert rows(services) == {"customer": 2}
    assert Code.KEYS_OF_ONE_FORM not in codes(services, tmp_path)


def test_a_spelling_may_come_back(tmp_path: Path) -> None:
    again = "INSERT INTO customer VALUES (1, 'anna', 'h3')"
    services = shop(tmp_path, PERSONS.format(key="id"), *CUSTOMERS, again)
    assert rows(services) == {"customer": 2}


@pytest.mark.parametrize("collation", ["utf8mb4_bin", "utf8mb4_general_ci"])
@pytest.mark.parametrize("driver", ["", "mysql+pymysql"])
def test_letters_that_the_database_cannot_compose_are_composed_here(
    tmp_path: Path,
    mariadb_server: mariadb.Server,
    monkeypatch: pytest.MonkeyPatch,
    collation: str,
    driver: str,
) -> None:
    database = mariadb_server.create()
    with database.connect() as opened, opened.cursor() as cursor:
        text = f"VARCHAR(40) CHARACTER SET utf8mb4 COLLATE {collation}"
        cursor.execute(f"CREATE TABLE customer (id INTEGER, ck {text}, home {text})")
        two = [(0, "zoë", "h1"), (1, unicodedata.normalize("NFD", "zoë"), "h2"), (2, "carl", "h3")]
        cursor.executemany("INSERT INTO customer VALUES (%s, %s, %s)", two)
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", database.uri())
    made = KeyShop(tmp_path, "sqlalchemy" if driver else "mysql", driver, database)
    services = installation(tmp_path / "home", made.write(PERSONS.format(key="ck")))
    assert rows(services, "carl") == {"customer": 1}
    with pytest.raises(
        ConfigurationError, match=r"shop\.customer have keys ck that differ in their spelling"
    ):
        rows(services, "zoë")
    mariadb_server.drop(database)
