"""What two persons' rows have in common stops a request: a key but for its spelling, a parent key of a join."""

from __future__ import annotations

from pathlib import Path

import pytest
from testbed.running import installation, store
from tests.support.key_shop import DECIDED, KeyShop, key_shop, mapped

from afschrift.datamap.check.finding import Code
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.check.probe import ProbeLimits
from afschrift.domain.errors import ConfigurationError, GateError
from afschrift.extraction.staged_records import read_record
from afschrift.inventory.load import load
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

MADE = (
    "CREATE TABLE customer (ck VARCHAR(20) COLLATE NOCASE, name VARCHAR(20))",
    "CREATE TABLE orders (id INTEGER, code VARCHAR(20), ck VARCHAR(20))",
    "CREATE TABLE line (id INTEGER, code VARCHAR(20))",
    "INSERT INTO customer VALUES ('anna', 'Anna'), ('bob', 'Bob')",
    "INSERT INTO orders VALUES (1, 'A', 'anna'), (2, 'A', 'anna'), (3, 'B', 'bob')",
    "INSERT INTO line VALUES (1, 'A'), (2, 'B'), (3, 'a')",
)


def customer(link: str) -> str:
    return mapped("customer", f"subject: {{ck: {link}}}", "ck", "name: {origin: provided}")


def shop(folder: Path, *more: str, link: str = "ck", shared: str = "") -> Services:
    made = KeyShop(folder, "sqlite")
    for statement in (*MADE, *more):
        made.run(statement)
    orders = mapped("orders", "subject: {ck: ck}", "id", "code", "ck")
    line = mapped("line", f"join: {{code: orders.code}}{shared}", "id", "code")
    return installation(folder / "home", made.write(customer(link) + orders + line))


def rows(services: Services) -> dict[str, int]:
    request = store(services, {"ck": "anna"})
    assess(services, request)
    classify(services, request)
    extract(services, request, "shop")
    return {table.table: table.rows for table in read_record(services.staging(request), "shop").tables}


def codes(services: Services, folder: Path) -> dict[Code, str]:
    report = check_sources(load(folder / "inventory"), ProbeLimits(seconds=30))
    return {finding.code: f"{finding.severity.value} {finding.place}" for finding in report.findings}


def test_several_parent_rows_of_one_person_are_ordinary(tmp_path: Path) -> None:
    services = shop(tmp_path)
    assert rows(services) == {"customer": 1, "orders": 2, "line": 1}
    assert Code.ROWS_OF_SEVERAL not in codes(services, tmp_path)


def test_a_parent_key_of_two_persons_stops_the_request(tmp_path: Path) -> None:
    services = shop(tmp_path, "INSERT INTO orders VALUES (4, 'A', 'bob')")
    with pytest.raises(ConfigurationError, match=r"shop\.line by code -> orders.*`shared_rows`"):
        rows(services)
    assert codes(services, tmp_path)[Code.ROWS_OF_SEVERAL] == "error shop.line"


def test_rows_with_shared_rows_are_given_to_each(tmp_path: Path) -> None:
    shared = f"\n    shared_rows: {DECIDED}"
    services = shop(tmp_path, "INSERT INTO orders VALUES (4, 'A', 'bob')", shared=shared)
    assert rows(services)["line"] == 1


def test_two_persons_whose_keys_differ_in_blanks_alone_stop_the_request(tmp_path: Path) -> None:
    services = shop(tmp_path, "INSERT INTO customer VALUES (' anna', 'Another one')")
    with pytest.raises(
        ConfigurationError, match=r"shop\.customer have keys ck that differ in their spelling"
    ):
        rows(services)
    found = codes(services, tmp_path)
    assert found[Code.KEYS_OF_ONE_FORM] == "error shop.customer.ck"
    assert found[Code.KEY_IN_OTHER_FORM] == "note shop.customer.ck"


def test_keys_that_only_the_database_takes_for_one_are_counted(tmp_path: Path) -> None:
    services = shop(tmp_path, "INSERT INTO customer VALUES ('ANNA', 'Another one')")
    assert codes(services, tmp_path)[Code.KEYS_EQUAL_TO_DATABASE] == "warning shop.customer.ck"


def test_keys_not_in_the_declared_normal_form_are_an_error(tmp_path: Path) -> None:
    services = shop(
        tmp_path, "INSERT INTO customer VALUES (' carl', 'Carl')", link=f"{{column: ck, normal: {DECIDED}}}"
    )
    assert rows(services)["customer"] == 1
    assert codes(services, tmp_path)[Code.KEY_NOT_NORMAL] == "error shop.customer.ck"


def test_of_a_database_that_is_not_known_each_row_is_held_here(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Its own equality finds both, and `normal` is what the map says of it."""
    link = f"{{column: ck, normal: {DECIDED}}}"
    tables = customer(link) + mapped("orders", f"subject: {{ck: {link}}}", "id", "code", "ck")
    with key_shop(request, tmp_path, "sqlalchemy", "other") as made:
        for statement in (*MADE, "INSERT INTO customer VALUES ('ANNA', 'Another one'), (' carl', 'Carl')"):
            made.run(statement)
        services = installation(tmp_path / "home", made.write(tables, more="\nunlisted: ignore"))
        found = codes(services, tmp_path)
        assert found[Code.KEY_NOT_NORMAL] == "error shop.customer.ck"
        assert found[Code.KEYS_EQUAL_TO_DATABASE] == "warning shop.customer.ck"
        with pytest.raises(
            GateError, match=r"shop\.customer was selected for the person, and has none of the person's keys"
        ):
            rows(services)
