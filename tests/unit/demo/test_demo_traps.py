from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from demo.build import LAKE
from demo.lake import TABLES

Rows = duckdb.DuckDBPyConnection


def number(con: Rows, statement: str) -> int:
    found = con.execute(statement).fetchone()
    assert found is not None
    return int(found[0])


def test_types_of_the_shop(demo_rows: Rows) -> None:
    found = {t for (t,) in demo_rows.execute("SELECT DISTINCT data_type FROM duckdb_columns()").fetchall()}
    plain = {"TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "DATE", "TIME", "INTERVAL", "JSON", "UUID", "BLOB"}
    assert plain <= found
    assert {"HUGEINT", "BIGINT", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT", "BOOLEAN"} <= found
    assert {"DECIMAL(18,2)", "DECIMAL(38,10)", "VARCHAR[]", "FLOAT[4]", "MAP(VARCHAR, VARCHAR)"} <= found
    assert any(t.startswith("STRUCT(") and "STRUCT(" in t[7:] for t in found)
    assert any(t.startswith("ENUM(") for t in found)


@pytest.mark.parametrize("table", TABLES)
def test_lake_is_partitioned_by_utc_day(demo_warehouse: Path, demo_rows: Rows, table: str) -> None:
    places = sorted((demo_warehouse / LAKE / table).rglob("*.parquet"))
    assert {p.name for p in places} == {"part-0.parquet"}
    assert all(p.parent.name.startswith("day=") and p.parent.parent.name == table for p in places)
    moment = TABLES[table][0]
    assert number(demo_rows, f'SELECT count(*) FROM app.{table} WHERE CAST("{moment}" AS DATE) <> day') == 0
    assert number(demo_rows, f"SELECT count(DISTINCT day) FROM app.{table}") > 100


def test_pointers_lead_somewhere(demo_rows: Rows) -> None:
    for child, column, parent in (
        ("order_line", "order_id", "orders"),
        ("shipment", "order_id", "orders"),
        ("shipment", "address_id", "address"),
        ("orders", "address_id", "address"),
        ("wishlist_item", "wishlist_id", "wishlist"),
        ("ticket_message", "ticket_id", "ticket"),
    ):
        lost = f"SELECT count(*) FROM {child} ANTI JOIN {parent} USING ({column}) WHERE {column} IS NOT NULL"
        assert number(demo_rows, lost) == 0
    assert (
        number(demo_rows, "SELECT count(*) FROM return_line ANTI JOIN order_line USING (order_id, line_no)")
        == 0
    )
    assert number(demo_rows, "SELECT count(*) FROM return_line") > 1


def test_a_parcel_has_one_way_or_two_and_they_may_differ(demo_rows: Rows) -> None:
    ways = (
        "FROM shipment s LEFT JOIN orders o ON s.order_id = o.order_id "
        "LEFT JOIN address a ON s.address_id = a.address_id"
    )
    for where in (
        "o.customer_id = a.customer_id",
        "o.customer_id <> a.customer_id",
        "s.order_id IS NULL AND a.customer_id IS NOT NULL",
        "s.address_id IS NULL AND o.customer_id IS NOT NULL",
    ):
        assert number(demo_rows, f"SELECT count(*) {ways} WHERE {where}") > 0, where


def test_replies_stay_between_two(demo_rows: Rows) -> None:
    pairs = "FROM message r JOIN message m ON r.reply_to = m.message_id"
    assert number(demo_rows, f"SELECT count(*) {pairs}") > 0
    turned = "r.sender_id = m.recipient_id AND r.recipient_id = m.sender_id AND r.sent_at > m.sent_at"
    assert number(demo_rows, f"SELECT count(*) {pairs} WHERE NOT ({turned})") == 0


def test_rows_without_a_key_occur_twice(demo_rows: Rows) -> None:
    for table in ("page_view", "app.app_event"):
        twice = f"SELECT count(*) - count(DISTINCT CAST(t AS VARCHAR)) FROM {table} AS t"
        assert number(demo_rows, twice) > 0


def test_some_rows_belong_to_no_customer(demo_rows: Rows) -> None:
    for table in ("page_view", "review", "ticket"):
        assert number(demo_rows, f"SELECT count(*) FROM {table} WHERE customer_id IS NULL") > 0
    stray = (
        "SELECT count(*) FROM app.app_event e WHERE EXISTS (FROM device d WHERE d.device_id = e.device_id) "
        "AND NOT EXISTS (FROM device d WHERE d.device_id = e.device_id "
        'AND e."at" >= coalesce(d.paired_at, e."at") AND e."at" < coalesce(d.unpaired_at, \'infinity\'))'
    )
    assert number(demo_rows, stray) > 0


def test_lists_are_shared(demo_rows: Rows) -> None:
    lists = "SELECT wishlist_id FROM wishlist_member GROUP BY ALL HAVING count(*) > 1"
    shared = f"SELECT count(*) FROM ({lists})"
    assert number(demo_rows, shared) > 1
    by_other = (
        "SELECT count(*) FROM wishlist_item i JOIN wishlist_member m "
        "ON m.wishlist_id = i.wishlist_id AND m.customer_id = i.added_by WHERE m.role = 'member'"
    )
    assert number(demo_rows, by_other) > 1


def test_emails_are_typed_in_any_case(demo_rows: Rows) -> None:
    assert number(demo_rows, "SELECT count(*) FROM newsletter WHERE email <> lower(email)") > 2
    same = "SELECT count(*) FROM newsletter n JOIN customer_email e ON lower(n.email) = lower(e.email)"
    assert number(demo_rows, same) > 20


def test_some_have_much_and_most_are_modest(demo_rows: Rows) -> None:
    most, middle = demo_rows.execute(
        "SELECT max(n), median(n) FROM (SELECT count(*) AS n FROM page_view GROUP BY customer_id)"
    ).fetchall()[0]
    assert most > 5 * middle


def test_consent_covers_what_rests_on_it(demo_rows: Rows) -> None:
    for table, purpose in (("heart_rate", "coaching"), ("location", "location")):
        without = (
            f"SELECT count(*) FROM (SELECT DISTINCT device_id FROM app.{table}) "
            "JOIN device USING (device_id) "
            f"ANTI JOIN (FROM consent WHERE purpose = '{purpose}') USING (customer_id)"
        )
        assert number(demo_rows, without) == 0
