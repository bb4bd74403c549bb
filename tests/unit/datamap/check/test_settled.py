"""A finding that the map settles counts no more, until its day is over or it is another finding."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.command_line import in_this_process
from tests.support.days import days_away
from tests.support.key_shop import KeyShop, mapped

from afschrift.datamap.check.finding import Code, Finding, MapReport, Severity, failures
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.check.settled import as_entry
from afschrift.inventory.load import load

TODAY = days_away(-2).date()
CUSTOMER = mapped(
    "customer", "subject: {customer_id: customer_id}", "customer_id", "name: {origin: provided}"
)
ORDERS = mapped(
    "orders",
    "join: {customer_id: customer.customer_id}",
    "order_no",
    "customer_id",
    "note: {origin: not_personal}",
)
Checked = Callable[..., MapReport]


def entry(found: Finding, until: timedelta = timedelta(days=7), **other: str) -> str:
    """What the check prints, completed."""
    words = as_entry(found).replace(
        "until: , by: , on: , why: ", f"until: {TODAY + until}, by: Data office, on: {TODAY}, why: Known."
    )
    for word, value in other.items():
        words = words.replace(f"{word}: {getattr(found, word)}", f"{word}: {value}")
    return f"\nsettled:\n  {words}"


@pytest.fixture
def shop(tmp_path: Path) -> KeyShop:
    """A shop with an order of a customer who is not there."""
    shop = KeyShop(tmp_path, "sqlite")
    shop.make("customer", "customer_id INTEGER PRIMARY KEY, name TEXT", [(1, "Ann"), (2, "Bob")])
    shop.make(
        "orders", "order_no INTEGER PRIMARY KEY, customer_id INTEGER, note TEXT", [(1, 1, ""), (2, 9, "")]
    )
    return shop


@pytest.fixture
def checked(shop: KeyShop) -> Checked:
    def check(settled: str = "", orders: str = ORDERS) -> MapReport:
        return check_sources(load(shop.write(CUSTOMER + orders, ("customer_id",), settled)))

    return check


def red(report: MapReport) -> list[Code]:
    return [found.code for found in failures(report, Severity.WARNING)]


def orphan(report: MapReport) -> Finding:
    [found] = [found for found in report.findings if found.code is Code.POINTS_TO_NOTHING]
    return found


def test_settled_finding_is_quiet_until_its_day_is_over(checked: Checked) -> None:
    before = checked()
    assert red(before) == [Code.POINTS_TO_NOTHING]
    report = checked(entry(orphan(before)))
    assert (red(report), orphan(report).settled is not None, report.notes) == ([], True, [])
    late = checked(entry(orphan(before), timedelta(days=-7)))
    assert red(late) == [Code.POINTS_TO_NOTHING]
    assert late.notes == [
        f"shop.orders.customer_id: points_to_nothing was settled until {TODAY - timedelta(days=7)}, and counts again"
    ]


@pytest.mark.parametrize("orders", ["way", "words"])
def test_settled_finding_counts_again_when_the_map_says_otherwise(checked: Checked, orders: str) -> None:
    settled = entry(orphan(checked()))
    other = {
        "way": ORDERS.replace("join: {", "shared_rows: {by: a, on: 2026-01-01, why: b}\n    join: {").replace(
            "purposes: [sale]", "subject: {customer_id: customer_id}\n    purposes: [sale]"
        ),
        "words": ORDERS.replace("customer_id: {origin: assigned}", "customer_id: {origin: observed}"),
    }[orders]
    report = checked(settled, other)
    assert Code.POINTS_TO_NOTHING in red(report)
    assert report.notes == [
        "shop.orders.customer_id: the settled points_to_nothing is gone or another one now: take the entry out"
    ]


def test_settled_finding_counts_again_when_more_is_wrong(checked: Checked, shop: KeyShop) -> None:
    settled = entry(orphan(checked()))
    shop.run("INSERT INTO orders VALUES (3, 8, '')")
    assert red(checked(settled)) == [], "the same with other figures"
    shop.run("DELETE FROM orders WHERE order_no = 1")
    assert Code.JOIN_FINDS_NOTHING in red(checked(settled))


def test_what_holds_personal_data_or_stops_requests_cannot_be_settled(
    checked: Checked, shop: KeyShop
) -> None:
    shop.run("UPDATE orders SET note = 'kwikstaart@example.org', customer_id = 9")
    shop.run("ALTER TABLE orders ADD COLUMN late INTEGER")
    report = checked()
    cannot = {found.code for found in report.findings if not found.of}
    assert {Code.HOLDS_IDENTIFIER, Code.JOIN_FINDS_NOTHING, Code.COLUMN_NOT_DESCRIBED} <= cannot
    assert not any(as_entry(found) for found in report.findings if found.code in cannot)
    for code, words in (
        ("holds_identifier", "`mentions` settles it"),
        ("rows_lost", "no finding has this code"),
    ):
        settled = f"\nsettled: [{{code: {code}, table: orders, column: note, of: x, until: {TODAY}, by: a, on: {TODAY}, why: b}}]"
        assert any(words in found.sentence for found in failures(checked(settled), Severity.ERROR))


def test_command_lists_what_is_settled_only_on_request(
    checked: Checked, shop: KeyShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(shop.folder / "inventory"))
    before = checked()
    shown = in_this_process(("inventory", "check", "--live"), "")
    assert shown.code == 1
    assert as_entry(orphan(before)) in shown.text
    checked(entry(orphan(before)))
    quiet, whole, document, sarif = (
        in_this_process(("inventory", "check", "--live", *more), "")
        for more in ((), ("--all",), ("--format", "json"), ("--format", "sarif"))
    )
    assert {quiet.code, whole.code, document.code} == {0}
    assert "find no row" not in quiet.text
    assert "1 finding settled in the inventory" in quiet.text
    assert f"settled by Data office on {TODAY}" in whole.text
    [settled] = [found["settled"] for found in json.loads(document.text)["findings"] if found["settled"]]
    assert settled["why"] == "Known."
    results = json.loads(sarif.text)["runs"][0]["results"]
    assert [result["suppressions"][0]["justification"] for result in results if "suppressions" in result] == [
        "Known."
    ]
