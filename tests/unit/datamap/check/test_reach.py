"""Rows by the persons that they lead to, where keys change hands, are shared, or bear a better key beside them."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from testbed.mini import SHOP, write_database, write_inventory
from tests.support.key_shop import KeyShop, differences, key_shop, mapped

from afschrift.datamap.check.finding import Code, Finding, MapReport, Severity
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.check.probe import ProbeLimits
from afschrift.inventory.load import load

DECIDED = next(line for line in SHOP.splitlines(keepends=True) if "A list is of all" in line)
OWNERS = "      device_id: {column: device_id, valid_from: paired, valid_to: unpaired}\n"
LIST = "      list_id: {origin: assigned}\n      title: {origin: provided}\n"


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], MapReport]]:
    """Checks the shop, with a table that the map does not describe, by a map."""
    folder = tmp_path_factory.mktemp("shop")
    with duckdb.connect(str(write_database(folder / "shop.duckdb"))) as con:
        con.execute("CREATE TABLE scratch AS SELECT 'kwikstaart@example.org' AS note, 7 AS n")

    def check(text: str) -> MapReport:
        text = text.replace("kind: duckdb", "kind: duckdb\nunlisted: ignore")
        return check_sources(load(write_inventory(folder / "inventory", text)), ProbeLimits(seconds=30))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINI_SHOP", str(folder / "shop.duckdb"))
        yield check


def places(report: MapReport, code: Code) -> list[str]:
    return [finding.place for finding in report.findings if finding.code is code]


def test_row_leads_to_the_owner_of_the_key_at_its_time(checked: Callable[[str], MapReport]) -> None:
    report = checked(SHOP)
    counts = {table.table: (table.nobody, table.one, table.several) for table in report.reach}
    assert counts["beat"] == (0, 4, 1)  # a device that passed on counts for each in turn; `tab` is of two
    assert counts["newsletter"] == (0, 3, 0)  # customer 3 has an address that was another person's in 2022
    assert counts["login"] == (0, 3, 0)  # a customer number decides, whatever the address in the row
    assert counts["shipment"] == (0, 3, 1)  # of who ordered and of who gets it, as `shared_rows` says
    assert counts["message"] == (0, 1, 3)
    assert counts["line_note"] == (1, 2, 0)
    assert counts["wishlist"] == (0, 1, 1)
    assert places(report, Code.ROWS_OF_SEVERAL) == [], "it is decided"
    assert places(report, Code.HOLDS_IDENTIFIER) == ["shop.scratch.note"], "though the table is passed over"
    assert "kwikstaart" not in repr(report)
    assert not any(finding.severity is Severity.ERROR for finding in report.findings)


def test_what_is_not_decided_or_not_known_here_is_counted(checked: Callable[[str], MapReport]) -> None:
    assert SHOP.count(OWNERS) == 1
    report = checked(SHOP.replace(DECIDED, "").replace(OWNERS, ""))
    assert places(report, Code.ROWS_OF_SEVERAL) == ["shop.wishlist"]
    [beat] = [table for table in report.reach if table.table == "beat"]
    assert (beat.nobody, beat.one, beat.several, beat.unknown) == (0, 0, 0, 5)


def test_no_row_of_an_impersonal_look_up_is_given(checked: Callable[[str], MapReport]) -> None:
    assert SHOP.count(LIST) == 1
    report = checked(
        SHOP.replace(LIST, re.sub(r"assigned|provided", "not_personal", LIST)).replace(DECIDED, "")
    )
    assert [table.several for table in report.reach if table.table == "wishlist"] == [1], "it is counted"
    assert places(report, Code.ROWS_OF_SEVERAL) == []


BY_ID = "subject: {customer_id: customer_id}"

SCHEMA = (
    "CREATE TABLE customer (customer_id INTEGER, name VARCHAR(20))",
    "CREATE TABLE orders (order_no INTEGER, customer_id INTEGER, placed DATE)",
    "CREATE TABLE line (line_no INTEGER, order_no INTEGER, lost DATE)",
    "INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob')",
    "INSERT INTO orders VALUES (10, 1, '2025-01-01'), (11, 2, '2025-01-01'), (12, 1, '2025-01-02')",
    "INSERT INTO line VALUES (1, 10, '2025-01-03'), (2, 12, NULL)",
)

CUSTOMER = mapped("customer", BY_ID, "customer_id", "name: {origin: provided}")


@pytest.mark.parametrize("kind", ["duckdb", "mysql", "postgres", "sqlite"])
def test_a_repeated_key_and_a_join_of_types_that_do_not_compare(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    tables = CUSTOMER + mapped("orders", BY_ID, "order_no", "customer_id", "placed", key="customer_id")
    tables += mapped("line", "join: {lost: orders.order_no}", "line_no", "order_no", "lost")
    with key_shop(request, tmp_path, kind) as shop:
        for statement in SCHEMA:
            shop.run(statement)
        found = differences(load(shop.write(tables, ("customer_id",))))
    [repeated] = [line for line in found if line.startswith("shop.orders: ")]
    [join] = [line for line in found if line.startswith("shop.line by ")]
    assert repeated.startswith("shop.orders: `key` customer_id is not unique: 1 value in several rows")
    assert join.startswith("shop.line by lost -> orders: ")
    assert "compare" in join
    assert "lost (" in join


OF_NONE = {Code.JOIN_FINDS_NOTHING, Code.TABLE_NOT_REACHED}


def found(folder: Path, limits: ProbeLimits, last: int) -> dict[Code, Finding]:
    """What is said of 30 orders, the oldest without a customer; the last one of customer `last`."""
    folder.mkdir()
    shop = KeyShop(folder, "sqlite")
    shop.make("customer", "customer_id INTEGER PRIMARY KEY, name TEXT", [(1, "Ann")])
    orders = [*((n, 99) for n in range(29)), (29, last)]
    shop.make("orders", "order_no INTEGER PRIMARY KEY, customer_id INTEGER", orders)
    tables = CUSTOMER + mapped(
        "orders", "join: {customer_id: customer.customer_id}", "order_no", "customer_id"
    )
    report = check_sources(load(shop.write(tables, ("customer_id",))), limits)
    return {finding.code: finding for finding in report.findings}


def test_none_of_all_rows_is_an_error_and_none_of_a_part_a_warning(tmp_path: Path) -> None:
    assert not OF_NONE & found(tmp_path / "one", ProbeLimits(), last=1).keys()
    of_all = found(tmp_path / "none", ProbeLimits(), last=99)
    of_a_part = found(tmp_path / "part", ProbeLimits(exact=10, sample=8), last=1)

    for code in OF_NONE:
        assert (of_all[code].severity.value, of_all[code].undecided) == ("error", set())
        assert (of_a_part[code].severity.value, of_a_part[code].undecided) == ("warning", {code})


@pytest.mark.parametrize(("more", "warns"), [("", False), ("mayor: {origin: provided}", True)])
def test_look_up_that_gives_its_name_alone_is_no_finding(tmp_path: Path, more: str, *, warns: bool) -> None:
    shop = KeyShop(tmp_path, "sqlite")
    shop.make(
        "customer",
        "customer_id INTEGER, city_id INTEGER, born_in INTEGER, name TEXT",
        [(1, 7, None, "Ann"), (2, 7, None, "Bob"), (3, 8, None, "Cor")],
    )
    shop.make(
        "city",
        "city_id INTEGER, name TEXT, mayor TEXT",
        [(7, "Leiden", "Zoë"), (8, "Delft", ""), (9, "Gouda", "")],
    )
    by_id = "subject: {customer_id: customer_id}"
    tables = mapped(
        "customer",
        by_id,
        "customer_id",
        *(f"{name}: {{origin: provided}}" for name in ("city_id", "born_in", "name")),
    )  # born_in: a way by which nothing points there yet
    city = mapped(
        "city",
        "join: [{city_id: customer.city_id}, {city_id: customer.born_in}]\n    label: name",
        "city_id: {origin: provided}",
        "name: {origin: provided}",
        more or "mayor: {origin: not_personal}",
    )
    report = check_sources(load(shop.write(tables + city, ("customer_id",))))
    assert [found.code for found in report.findings if found.severity is not Severity.NOTE] == (
        [Code.ROWS_OF_SEVERAL] if warns else []
    )
