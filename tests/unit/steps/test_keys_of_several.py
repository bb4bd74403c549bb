"""What two persons' rows have in common stops a request: a key but for its spelling, a parent key of a join.

It is looked for all the way from a row that is given to the person.
"""

import unicodedata
from pathlib import Path

import pytest
from testbed.running import installation
from tests.support import mariadb
from tests.support.driving import extracted
from tests.support.key_shop import DECIDED, KeyShop, key_shop, mapped

from afschrift.datamap.check.finding import Code
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.check.probe import ProbeLimits
from afschrift.domain.errors import ConfigurationError, GateError
from afschrift.extraction.staged_records import read_record
from afschrift.inventory.load import load
from afschrift.services import Services

SPELLING = r"shop\.customer have keys ck that differ in their spelling"
BY_CK = "subject: {ck: ck}"


def shop(folder: Path, tables: str, *made: str) -> Services:
    database = KeyShop(folder, "sqlite")
    for statement in made:
        database.run(statement)
    return installation(folder / "home", database.write(tables))


def rows(services: Services, who: str = "anna") -> dict[str, int]:
    request = extracted(services, {"ck": who})
    return {table.table: table.rows for table in read_record(services.staging(request), "shop").tables}


def codes(folder: Path) -> dict[Code, str]:
    report = check_sources(load(folder / "inventory"), ProbeLimits(seconds=30))
    return {finding.code: f"{finding.severity.value} {finding.place}" for finding in report.findings}


SOLD = (
    "CREATE TABLE customer (ck VARCHAR(20) COLLATE NOCASE, name VARCHAR(20))",
    "CREATE TABLE orders (id INTEGER, code VARCHAR(20), ck VARCHAR(20))",
    "CREATE TABLE line (id INTEGER, code VARCHAR(20))",
    "INSERT INTO customer VALUES ('anna', 'Anna'), ('bob', 'Bob')",
    "INSERT INTO orders VALUES (1, 'A', 'anna'), (2, 'A', 'anna'), (3, 'B', 'bob')",
    "INSERT INTO line VALUES (1, 'A'), (2, 'B'), (3, 'a')",
)


def sale(folder: Path, *more: str, link: str = "ck", shared: str = "") -> Services:
    tables = mapped("customer", f"subject: {{ck: {link}}}", "ck", "name: {origin: provided}")
    tables += mapped("orders", BY_CK, "id", "code", "ck")
    tables += mapped("line", f"join: {{code: orders.code}}{shared}", "id", "code")
    return shop(folder, tables, *SOLD, *more)


def test_several_parent_rows_of_one_person_are_ordinary(tmp_path: Path) -> None:
    assert rows(sale(tmp_path)) == {"customer": 1, "orders": 2, "line": 1}
    assert Code.ROWS_OF_SEVERAL not in codes(tmp_path)


def test_a_parent_key_of_two_persons_stops_the_request(tmp_path: Path) -> None:
    services = sale(tmp_path, "INSERT INTO orders VALUES (4, 'A', 'bob')")
    with pytest.raises(ConfigurationError, match=r"shop\.line by code -> orders.*`shared_rows`"):
        rows(services)
    assert codes(tmp_path)[Code.ROWS_OF_SEVERAL] == "error shop.line"


def test_two_persons_whose_keys_differ_in_blanks_alone_stop_the_request(tmp_path: Path) -> None:
    services = sale(tmp_path, "INSERT INTO customer VALUES (' anna', 'Another one')")
    with pytest.raises(ConfigurationError, match=SPELLING):
        rows(services)
    found = codes(tmp_path)
    assert found[Code.KEYS_OF_ONE_FORM] == "error shop.customer.ck"
    assert found[Code.KEY_IN_OTHER_FORM] == "note shop.customer.ck"


def test_keys_that_only_the_database_takes_for_one_are_counted(tmp_path: Path) -> None:
    sale(tmp_path, "INSERT INTO customer VALUES ('ANNA', 'Another one')")
    assert codes(tmp_path)[Code.KEYS_EQUAL_TO_DATABASE] == "warning shop.customer.ck"


NORMAL = f"{{column: ck, normal: {DECIDED}}}"


def test_keys_not_in_the_declared_normal_form_are_an_error(tmp_path: Path) -> None:
    services = sale(tmp_path, "INSERT INTO customer VALUES (' carl', 'Carl')", link=NORMAL)
    assert rows(services)["customer"] == 1
    assert codes(tmp_path)[Code.KEY_NOT_NORMAL] == "error shop.customer.ck"


def test_of_a_database_that_is_not_known_each_row_is_held_here(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Its own equality finds both, and `normal` is what the map says of it."""
    tables = mapped("customer", f"subject: {{ck: {NORMAL}}}", "ck", "name: {origin: provided}")
    tables += mapped("orders", f"subject: {{ck: {NORMAL}}}", "id", "code", "ck")
    with key_shop(request, tmp_path, "sqlalchemy", "other") as made:
        for statement in (*SOLD, "INSERT INTO customer VALUES ('ANNA', 'Another one'), (' carl', 'Carl')"):
            made.run(statement)
        services = installation(tmp_path / "home", made.write(tables, more="\nunlisted: ignore"))
        found = codes(tmp_path)
        assert found[Code.KEY_NOT_NORMAL] == "error shop.customer.ck"
        assert found[Code.KEYS_EQUAL_TO_DATABASE] == "warning shop.customer.ck"
        with pytest.raises(
            GateError, match=r"shop\.customer was selected for the person, and has none of the person's keys"
        ):
            rows(services)


CHAIN = (
    "CREATE TABLE customer (id INTEGER, ck TEXT, home TEXT)",
    "INSERT INTO customer VALUES (0, 'anna', 'h1'), (2, 'carl', 'h2')",
    "CREATE TABLE orders (id INTEGER, home TEXT, code TEXT)",
    "CREATE TABLE item (id INTEGER, code TEXT)",
    "INSERT INTO orders VALUES (0, 'h1', 'A'), (2, 'h2', 'B')",
    "INSERT INTO item VALUES (0, 'A'), (2, 'B')",
)
CUSTOMERS = CHAIN[:2]
OF_BOB = "INSERT INTO customer VALUES (1, 'bob', 'h1')"


def customers(key: str) -> str:
    return mapped("customer", BY_CK, "id", "ck", "home", key=key)


def chain(middle: str = "personal: false", given: str = "assigned") -> str:
    """Items by the code of an order, orders by the home of a customer."""
    orders = mapped("orders", f"{middle}\n    join: {{home: customer.home}}", "id", "home", "code")
    orders = orders.replace("    purposes: [sale]\n", "").replace("assigned", "not_personal")
    item = mapped("item", "join: {code: orders.code}", "id", "code").replace("assigned", given)
    return customers("id") + orders + item


@pytest.mark.parametrize(
    ("middle", "who"), [("personal: false", "anna"), ("personal: false", "bob"), ("purposes: [sale]", "anna")]
)
def test_two_persons_behind_the_first_hop_stop_the_request(tmp_path: Path, middle: str, who: str) -> None:
    services = shop(tmp_path, chain(middle), *CHAIN, OF_BOB)
    with pytest.raises(ConfigurationError, match=r"shop\.orders by home -> customer: rows of several"):
        rows(services, who)


def test_a_way_of_one_person_gives_the_rows_behind_it(tmp_path: Path) -> None:
    assert rows(shop(tmp_path, chain(), *CHAIN)) == {"customer": 1, "item": 1}


@pytest.mark.parametrize("shared", ["orders", "item"])
def test_shared_rows_apply_on_every_way(tmp_path: Path, shared: str) -> None:
    tables = chain().replace(f"  {shared}:\n", f"  {shared}:\n    shared_rows: {DECIDED}\n")
    assert rows(shop(tmp_path, tables, *CHAIN, OF_BOB))["item"] == 1


def test_of_look_ups_alone_nothing_is_asked(tmp_path: Path) -> None:
    services = shop(tmp_path, chain("purposes: [sale]", "not_personal"), *CHAIN, OF_BOB)
    assert rows(services)["customer"] == 1


BY_ACCOUNT = (
    mapped("account", BY_CK, "acc", "ck")
    + mapped("orders", f"{BY_CK}\n    join: {{acc: account.acc}}", "id", "ck", "acc", "code")
    + mapped("item", "join: {code: orders.code}", "id", "code")
)
ACCOUNTS = (
    "CREATE TABLE account (acc TEXT, ck TEXT)",
    "CREATE TABLE orders (id INTEGER, ck TEXT, acc TEXT, code TEXT)",
    "CREATE TABLE item (id INTEGER, code TEXT)",
    "INSERT INTO account VALUES ('1', 'anna'), ('2', 'bob')",
    "INSERT INTO orders VALUES (0, 'anna', '1', 'A')",
    "INSERT INTO item VALUES (0, 'A')",
)


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
    other = "INSERT INTO customer VALUES (1, ' anna', 'h3')"
    services = shop(tmp_path, customers(key), *CUSTOMERS, other)
    with pytest.raises(ConfigurationError, match=SPELLING):
        rows(services)
    assert codes(tmp_path)[Code.KEYS_OF_ONE_FORM] == "error shop.customer.ck"


@pytest.mark.parametrize(
    "several",
    ["(1, ' anna', 'h3'), (3, 'carl', 'h4')", "(1, 'anna', 'h3')"],
    ids=["one person has two rows", "a spelling comes back"],
)
def test_one_person_may_be_spelled_in_two_ways_where_a_row_is_no_person(tmp_path: Path, several: str) -> None:
    made = f"INSERT INTO customer VALUES {several}"
    assert rows(shop(tmp_path, customers("id"), *CUSTOMERS, made)) == {"customer": 2}
    assert Code.KEYS_OF_ONE_FORM not in codes(tmp_path)


@pytest.mark.parametrize(
    ("collation", "driver"), [("utf8mb4_bin", ""), ("utf8mb4_general_ci", "mysql+pymysql")]
)
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
    services = installation(tmp_path / "home", made.write(customers("ck")))
    assert rows(services, "carl") == {"customer": 1}
    with pytest.raises(ConfigurationError, match=SPELLING):
        rows(services, "zoë")
    mariadb_server.drop(database)
