"""On every registered source the check of the map finds what is planted, says how it counted, and no value."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from testbed.mini import write_inventory
from tests.support.warehouses import Warehouse

from afschrift.datamap.check.finding import Code, MapReport
from afschrift.datamap.check.map_check import check_sources
from afschrift.datamap.check.probe import ProbeLimits
from afschrift.inventory.load import load

TABLES = {
    "customer": ("customer_id INTEGER, email VARCHAR(60)", [(1, "'ann@example.org'"), (2, "'bob@example.org'"), (3, "NULL")]),
    "device": ("customer_id INTEGER, device_id VARCHAR(20)", [(1, "'d1'"), (1, "'tab'"), (2, "'tab'")]),
    "beat": ("device_id VARCHAR(20), bpm INTEGER", [("'d1'", 60), ("'tab'", 70), ("'lost'", 80), ("NULL", 90)]),
    "orders": ("order_no INTEGER, customer_id INTEGER", [(n, n % 3 + 1) for n in range(10, 40)] + [(40, "NULL")]),
    "line": ("line_no INTEGER, order_no INTEGER, kind INTEGER", [(n, n + 9, 1) for n in range(1, 31)] + [(31, 99, 1), (31, 12, 1)]),
    "message": ("message_no INTEGER, sender INTEGER, recipient INTEGER", [(1, 1, 2), (2, 2, 2), (3, 1, 3)]),
    "batch": ("kind INTEGER, note VARCHAR(60)", [(1, "'all'"), (2, "'none'")]),
    "visit": ("visit_no INTEGER, customer_id INTEGER, on_day DATE", [(1, 1, "'2020-01-31'"), (2, 1, "'2999-01-01'"), (3, 2, "NULL")]),
    "step": ("step_no INTEGER, visit_no INTEGER", [(1, 1), (2, 1), (3, 2), (4, 3)]),
    "mark": ("mark_no INTEGER, step_no INTEGER, set_on DATE", [(1, 1, "'2020-01-31'"), (2, 1, "'2999-01-01'"), (3, 3, "'2020-01-31'"), (4, 4, "'2020-01-31'"), (5, 2, "NULL")]),
    "ping": ("who VARCHAR(60), n INTEGER", [("'ann@example.org'", 1), ("'bob@example.org'", 2)]),
    "friend": ("friend_no INTEGER, customer_id INTEGER, joined VARCHAR(3), reward INTEGER, at_work VARCHAR(1), near INTEGER, liked VARCHAR(5), other INTEGER", [
        (n, n % 3 + 1, "'yes'" if n % 2 else "'no'", n if n % 2 else "NULL", f"'{n // 2 % 2}'", n // 4 % 2 if n < 60 else "NULL", f"'{n // 2 % 2 ^ n // 4 % 2}'" if n < 60 else "NULL", n % 7) for n in range(1, 63)]),
    "lone": ("lone_no INTEGER, customer_id INTEGER, joined VARCHAR(3), reward INTEGER", [(1, 1, "'yes'", 5)]),
    "depot": ("depot_no INTEGER, contact VARCHAR(60)", [(1, "'ring kwikstaart@example.org at noon'"), (2, "'north gate'")]),
}  # fmt: skip
SHOP = Path(__file__).parent / "data" / "checked_shop.yml"
Checked = Callable[[ProbeLimits], MapReport]

pytestmark = pytest.mark.one_of_an_engine


def statements(kind: str) -> Iterator[str]:
    for table, (columns, rows) in TABLES.items():
        values = (", ".join(map(str, row)) for row in rows)
        yield f"CREATE TABLE {table} ({columns})"
        yield f"INSERT INTO {table} VALUES ({'), ('.join(values)})"
    if kind == "postgres":
        yield "ANALYZE"


@pytest.fixture(scope="module")
def checked(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    head = f"source: shop\nkind: {warehouse.kind}\n{warehouse.place}\n"
    folder = tmp_path_factory.mktemp("map") / "inventory"
    inventory = load(write_inventory(folder, head + SHOP.read_text(encoding="utf-8")))
    return cache(lambda limits: check_sources(inventory, limits, warehouse.connect))


def test_what_is_planted_is_found_and_nothing_else(checked: Checked) -> None:
    report = checked(ProbeLimits())
    assert [(finding.code, finding.place) for finding in report.findings] == [
        (Code.KEY_NOT_UNIQUE, "shop.line"),
        (Code.HOLDS_KEYS, "shop.ping.who"),
        (Code.POINTS_TO_NOTHING, "shop.line.order_no"),  # no row points to a kind of `batch`, as is usual
        (Code.ROWS_OF_SEVERAL, "shop.batch"),
        (Code.PAST_PERIOD, "shop.visit"),
        (Code.PAST_PERIOD, "shop.step"),
        (Code.PAST_PERIOD, "shop.mark"),
        (Code.OTHERS_KEY_GIVEN, "shop.message.sender"),
        (Code.OTHERS_KEY_GIVEN, "shop.message.recipient"),
        (Code.MASK_DETERMINED, "shop.friend.joined"),
        (Code.MASK_DETERMINED, "shop.friend.liked"),  # no mask of few rows, nor one that only the key tells
        (Code.HOLDS_IDENTIFIER, "shop.ping.who"),
        (Code.HOLDS_IDENTIFIER, "shop.depot.contact"),
        (Code.ROWS_NOT_REACHED, "shop.beat"),
        (Code.ROWS_OF_SHARED_KEY, "shop.beat"),
        (Code.ROWS_NOT_REACHED, "shop.orders"),
        (Code.ROWS_NOT_REACHED, "shop.line"),
        (Code.ROWS_BY_SEVERAL_WAYS, "shop.message"),
        (Code.ROWS_NOT_REACHED, "shop.batch"),
    ]
    text = repr(report)
    assert "kwikstaart" not in text
    assert "example.org" not in text
    assert report.prepared > 20
    assert not report.not_reached


def test_rows_past_their_period_are_counted_by_table(checked: Checked) -> None:
    late = [found for found in checked(ProbeLimits()).findings if found.code is Code.PAST_PERIOD]
    assert [found.sentence for found in late] == [
        "shop.visit: rows held after their period: 1 of 3 rows",
        "shop.step: rows held after their period: 2 of 4 rows",
        "shop.mark: rows held after their period: 1 of 5 rows",  # by two events, one of them two joins away
    ]
    assert all(found.of for found in late)  # a person may settle it


def test_columns_that_tell_a_masked_value_are_named(checked: Checked) -> None:
    codes = (Code.MASK_DETERMINED, Code.OTHERS_KEY_GIVEN)
    assert [f.sentence for f in checked(ProbeLimits()).findings if f.code in codes] == [
        "shop.message.sender: 2 of 3 rows have another person here than in `recipient`, who gets this key in the clear",
        "shop.message.recipient: 2 of 3 rows have another person here than in `sender`, who gets this key in the clear",
        "shop.friend.joined is masked, and the same row tells it by whether `reward` has a value, of 62 rows",
        "shop.friend.liked is masked, and the same row tells it by `at_work` and `near`, of 62 rows",
    ]


def test_each_row_is_counted_by_its_persons(checked: Checked) -> None:
    assert {
        reach.table: (reach.rows, reach.nobody, reach.one, reach.several)
        for reach in checked(ProbeLimits()).reach
    } == {
        "customer": (3, 0, 3, 0),
        "device": (3, 0, 3, 0),
        "beat": (4, 2, 1, 1),
        "orders": (31, 1, 30, 0),
        "line": (32, 1, 31, 0),
        "message": (3, 0, 1, 2),
        "batch": (2, 1, 0, 1),
        "visit": (3, 0, 3, 0),
        "step": (4, 0, 4, 0),
        "mark": (5, 0, 5, 0),
        "friend": (62, 0, 62, 0),
        "lone": (1, 0, 1, 0),
    }


def test_a_bounded_part_of_a_large_table_is_checked_and_reported(checked: Checked, kind: str) -> None:
    report = checked(ProbeLimits(exact=10, sample=8, values=1))
    counted = {table.table: (table.counted, table.rows) for table in report.reach}
    assert counted["message"] == ("exact", 3)
    how, rows = counted["orders"]
    is_sampled = kind in ("postgres", "duckdb")
    assert how == ("sample" if is_sampled else "first")
    assert rows <= 8
    assert rows == 8 or is_sampled
