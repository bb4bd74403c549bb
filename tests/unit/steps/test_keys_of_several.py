"""What two persons' rows have in common stops a request: a key but for its spelling, a parent key of a join."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from testbed.mini import CONTROLLER, POLICY
from testbed.running import installation, store

from afschrift.datamap.check.drift import check_sources
from afschrift.datamap.check.finding import Code
from afschrift.datamap.check.probe import Limits
from afschrift.domain.errors import ConfigurationError, GateError
from afschrift.extraction.staged_records import read_record
from afschrift.inventory.load import load
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

SHOP = """
source: shop
kind: sqlite
options: {{path: {path}}}
purposes:
  sale:
    basis: A6-1-b
    title: {{nl: Verkoop, en: Sale}}
    retention: {{period: P1Y, trigger: {{nl: na de koop, en: after the sale}}}}
    recipients: []
tables:
  customer:
    subject: {{ck: {link}}}
    key: [ck]
    purposes: [sale]
    columns: {{ck: {{origin: assigned}}, name: {{origin: provided}}}}
  orders:
    subject: {{ck: ck}}
    key: [id]
    purposes: [sale]
    columns: {{id: {{origin: assigned}}, code: {{origin: assigned}}, ck: {{origin: assigned}}}}
  line:
    join: {{code: orders.code}}{shared}
    key: [id]
    purposes: [sale]
    columns: {{id: {{origin: assigned}}, code: {{origin: assigned}}}}
"""
IDENTITY = "person: ck\nkeys:\n  ck: {unique: yes}\n"
MADE = (
    "CREATE TABLE customer (ck VARCHAR(20) COLLATE NOCASE, name VARCHAR(20))",
    "CREATE TABLE orders (id INTEGER, code VARCHAR(20), ck VARCHAR(20))",
    "CREATE TABLE line (id INTEGER, code VARCHAR(20))",
    "INSERT INTO customer VALUES ('anna', 'Anna'), ('bob', 'Bob')",
    "INSERT INTO orders VALUES (1, 'A', 'anna'), (2, 'A', 'anna'), (3, 'B', 'bob')",
    "INSERT INTO line VALUES (1, 'A'), (2, 'B'), (3, 'a')",
)


class Other(SQLiteDialect_pysqlite):
    """A database that is there, by a dialect of which the software knows nothing."""

    name = "other"
    supports_statement_cache = True


registry.register("other", __name__, "Other")
DECIDED = "{by: Data office, on: 2026-11-29, why: As the shop writes them.}"


def shop(folder: Path, *more: str, link: str = "ck", shared: str = "") -> Services:
    with sqlite3.connect(folder / "shop.sqlite") as con:
        for statement in (*MADE, *more):
            con.execute(statement)
    (folder / "inventory").mkdir()
    source = SHOP.format(path=folder / "shop.sqlite", link=link, shared=shared)
    files = {"shop": source, "identity": IDENTITY, "controller": CONTROLLER, "policy": POLICY}
    for name, text in files.items():
        (folder / "inventory" / f"{name}.yml").write_text(text, encoding="utf-8")
    return installation(folder / "home", folder / "inventory")


def rows(services: Services) -> dict[str, int]:
    request = store(services, {"ck": "anna"})
    assess(services, request)
    classify(services, request)
    extract(services, request, "shop")
    return {one.table: one.rows for one in read_record(services.staging(request), "shop").tables}


def codes(services: Services, folder: Path) -> dict[Code, str]:
    report = check_sources(load(folder / "inventory"), Limits(seconds=30))
    return {one.code: f"{one.severity.value} {one.place}" for one in report.findings}


def test_several_parent_rows_of_one_person_are_ordinary(tmp_path: Path) -> None:
    services = shop(tmp_path)
    assert rows(services) == {"customer": 1, "orders": 2, "line": 1}
    assert Code.ROWS_OF_SEVERAL not in codes(services, tmp_path)


def test_a_parent_key_of_two_persons_stops_the_request(tmp_path: Path) -> None:
    services = shop(tmp_path, "INSERT INTO orders VALUES (4, 'A', 'bob')")
    with pytest.raises(ConfigurationError, match=r"shop\.line by code -> orders.*`shared_rows`"):
        rows(services)
    assert codes(services, tmp_path)[Code.ROWS_OF_SEVERAL] == "error shop.line"


def test_rows_that_somebody_said_are_of_each_are_given(tmp_path: Path) -> None:
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


def test_keys_that_are_said_to_be_normal_and_are_not_are_an_error(tmp_path: Path) -> None:
    services = shop(
        tmp_path, "INSERT INTO customer VALUES (' carl', 'Carl')", link=f"{{column: ck, normal: {DECIDED}}}"
    )
    assert rows(services)["customer"] == 1
    assert codes(services, tmp_path)[Code.KEY_NOT_NORMAL] == "error shop.customer.ck"


def test_of_a_database_that_is_not_known_each_row_is_held_here(tmp_path: Path) -> None:
    """Its own equality finds both, and `normal` is what the map says of it."""
    made = (*MADE, "INSERT INTO customer VALUES ('ANNA', 'Another one'), (' carl', 'Carl')")
    with sqlite3.connect(tmp_path / "shop.sqlite") as con:
        for statement in made:
            con.execute(statement)
    options = "kind: sqlalchemy\nconnection: shop\noptions: {driver: other, isolation: SERIALIZABLE}\nunlisted: ignore"
    text = SHOP.replace(
        "kind: sqlite\noptions: {{path: {path}}}", options.replace("{", "{{").replace("}", "}}")
    )
    text = text[: text.index("  line:\n")].replace("subject: {{ck: ck}}", "subject: {{ck: {link}}}")
    normal = f"{{column: ck, normal: {DECIDED}}}"
    (tmp_path / "inventory").mkdir()
    files = {
        "shop": text.format(link=normal),
        "identity": IDENTITY,
        "controller": CONTROLLER,
        "policy": POLICY,
    }
    for name, written in files.items():
        (tmp_path / "inventory" / f"{name}.yml").write_text(written, encoding="utf-8")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW_CONN_SHOP", f"sqlite:///{tmp_path / 'shop.sqlite'}")
        services = installation(tmp_path / "home", tmp_path / "inventory")
        found = codes(services, tmp_path)
        assert found[Code.KEY_NOT_NORMAL] == "error shop.customer.ck"
        assert found[Code.KEYS_EQUAL_TO_DATABASE] == "warning shop.customer.ck"
        with pytest.raises(GateError, match=r"shop\.customer bears no key of the person"):
            rows(services)
