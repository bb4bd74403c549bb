"""What an account may not see stops only what reads it."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from testbed import postgres as pg
from tests.support import mariadb
from tests.support.key_shop import KeyShop, key_shop, mapped

from afschrift.datamap.check.finding import Code, MapReport, Severity, failures
from afschrift.datamap.check.map_check import check_sources
from afschrift.inventory.load import load

CUSTOMER = mapped("customer", "subject: {ck: id}", "id")
SEEN = mapped("seen", "subject: {ck: id}", "id").replace(
    "key: [id]", "complete: {by: a, on: 2026-01-01, why: b}"
)
MADE = (
    "CREATE TABLE customer (id int PRIMARY KEY)",
    "INSERT INTO customer VALUES (1)",
    "CREATE TABLE guarded (id int)",
    "ALTER TABLE guarded ENABLE ROW LEVEL SECURITY",
    "CREATE SCHEMA shut",
    "CREATE TABLE shut.t (id int)",
    "CREATE ROLE shop_staff",
    "CREATE ROLE shop_reader LOGIN IN ROLE shop_staff",
    "GRANT SELECT ON customer, guarded TO shop_reader",
)


@pytest.fixture
def guarded(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[KeyShop]:
    with key_shop(request, tmp_path, "postgres") as shop:
        assert isinstance(shop.database, pg.Database)
        shop.database.execute(*MADE)
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", shop.uri.replace("postgres:@", "shop_reader@"))
        yield shop
        shop.database.execute("DROP OWNED BY shop_reader", "DROP ROLE shop_reader, shop_staff")


def checked(shop: KeyShop, tables: str) -> MapReport:
    return check_sources(load(shop.write(CUSTOMER + tables)))


def red(report: MapReport) -> list[tuple[str, str]]:
    return [(found.place, found.code.value) for found in failures(report, Severity.WARNING)]


def test_table_behind_row_level_security_is_left_alone_once_it_is_not_personal(guarded: KeyShop) -> None:
    both = [("shop.guarded", "no_right"), ("shop.shut.t", "no_right")]
    personal = mapped("guarded", "subject: {ck: id}", "id") + mapped("shut.t", "subject: {ck: id}", "id")
    assert {*both} <= {*red(checked(guarded, personal))}
    [closed] = [found for found in checked(guarded, personal).findings if found.place == "shop.shut.t"]
    assert (
        closed.remedy == "GRANT USAGE ON SCHEMA shut and SELECT ON ALL TABLES IN SCHEMA shut to the account"
    )
    report = checked(guarded, "  guarded: {personal: false}\n  shut.t: {personal: false}\n")
    assert report.notes == [
        "shop: read as shop_reader, with the roles shop_staff; "
        "it may read 1 of 2 tables, and 1 more in schemas that it may not enter"
    ]
    assert red(report) == []
    [unseen] = [found for found in report.findings if found.place == "shop.guarded"]
    assert (unseen.code, Code.HOLDS_KEYS in unseen.undecided) == (Code.NOT_LOOKED_AT, True)


def test_view_needs_no_right_to_be_explained(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with key_shop(request, tmp_path, "mysql") as shop:
        assert isinstance(shop.database, mariadb.Database)
        name = shop.database.name
        shop.database.execute(
            "CREATE TABLE customer (id int PRIMARY KEY)",
            "CREATE VIEW seen AS SELECT id FROM customer",
            "CREATE USER shop_reader IDENTIFIED BY ''",
            f"GRANT SELECT ON {name}.* TO shop_reader",
        )
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", shop.database.uri("shop_reader"))
        report = checked(shop, SEEN)
        shop.database.execute("DROP USER shop_reader")
    assert red(report) == []
    assert report.notes == ["shop: read as shop_reader@%; it may read 2 of 2 tables"]
    assert [cost.lines for cost in report.costs if cost.table == "seen"] == [
        ("seen: the database does not say how it would read it",)
    ]


FILES = 24


def test_tables_whose_key_rules_out_no_files_are_named(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for file in range(FILES):
        for table, start, step in (("tidy", file * 10, 1), ("mixed", file, FILES), ("texts", file * 10, 1)):
            numbers = [start + step * n for n in range(10)]
            ids = pa.array([f"k{n:05}" for n in numbers] if table == "texts" else numbers)
            rows = pa.table({"id": pa.array(numbers), "customer_id": ids})
            write_deltalake(lake / table, rows, mode="append")
    tables = "".join(
        mapped(name, "subject: {customer_id: customer_id}", "id", "customer_id")
        for name in ("tidy", "mixed", "texts")
    )
    report = check_sources(load(KeyShop(tmp_path, "delta").write(tables, ("customer_id",))))
    found = {of.table: of for of in report.findings if of.code is Code.READ_WHOLE}
    assert set(found) == {"mixed", "texts"}
    assert "about 24 of 24 files" in found["mixed"].sentence
    assert "about 1 if they were sorted by it" in found["mixed"].sentence
    assert "mark customer_id as `normal`" in found["texts"].remedy
