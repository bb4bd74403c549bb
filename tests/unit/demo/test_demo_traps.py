"""What is hard about the demo's data is in them."""

from pathlib import Path

import duckdb
import pytest
from demo.build import LAKE
from demo.lake import TABLES

Rows = duckdb.DuckDBPyConnection
EMAILS = "newsletter n JOIN customer_email e ON lower(n.email) = lower(e.email)"
SHARED = "SELECT wishlist_id FROM wishlist_member GROUP BY ALL HAVING count(*) > 1"
BY_MEMBERS = (
    "wishlist_item i JOIN wishlist_member m ON m.wishlist_id = i.wishlist_id AND m.customer_id = i.added_by "
    "WHERE m.role = 'member'"
)
REPLIES = "message r JOIN message m ON r.reply_to = m.message_id"
TURNED = "r.sender_id = m.recipient_id AND r.recipient_id = m.sender_id AND r.sent_at > m.sent_at"
WAYS = "shipment s LEFT JOIN orders o ON s.order_id = o.order_id LEFT JOIN address a ON s.address_id = a.address_id"
STRAY = """app.app_event e WHERE EXISTS (FROM device d WHERE d.device_id = e.device_id)
    AND NOT EXISTS (FROM device d WHERE d.device_id = e.device_id
    AND e."at" >= coalesce(d.paired_at, e."at") AND e."at" < coalesce(d.unpaired_at, 'infinity'))"""
CONSENT = (
    "(SELECT DISTINCT device_id FROM app.{}) JOIN device USING (device_id) "
    "ANTI JOIN (FROM consent WHERE purpose = '{}') USING (customer_id)"
)
TWICE = "(SELECT 1 FROM {0} AS t GROUP BY CAST(t AS VARCHAR) HAVING count(*) > 1)"
POINTERS = (
    *(("order_line", "order_id", "orders"), ("shipment", "order_id", "orders")),
    *(("shipment", "address_id", "address"), ("orders", "address_id", "address")),
    *(("wishlist_item", "wishlist_id", "wishlist"), ("ticket_message", "ticket_id", "ticket")),
)


def number(con: Rows, of: str) -> int:
    """Rows of what is selected."""
    found = con.execute(f"SELECT count(*) FROM {of}").fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize(
    ("of", "more_than"),
    [
        ("return_line", 1),
        *(
            (f"{WAYS} WHERE {where}", 0)  # a parcel has one way or two, and they may differ
            for where in (
                "o.customer_id = a.customer_id",
                "o.customer_id <> a.customer_id",
                "s.order_id IS NULL AND a.customer_id IS NOT NULL",
                "s.address_id IS NULL AND o.customer_id IS NOT NULL",
            )
        ),
        (REPLIES, 0),
        *((TWICE.format(table), 0) for table in ("page_view", "app.app_event")),
        *((f"{table} WHERE customer_id IS NULL", 0) for table in ("page_view", "review", "ticket")),
        (STRAY, 0),
        (f"({SHARED})", 1),
        (BY_MEMBERS, 1),
        ("newsletter WHERE email <> lower(email)", 2),  # typed in any case
        (EMAILS, 20),
    ],
)
def test_rows_of_each_trap_are_there(demo_rows: Rows, of: str, more_than: int) -> None:
    assert number(demo_rows, of) > more_than


@pytest.mark.parametrize(
    "of",
    [
        *(f"{child} ANTI JOIN {to} USING ({key}) WHERE {key} IS NOT NULL" for child, key, to in POINTERS),
        "return_line ANTI JOIN order_line USING (order_id, line_no)",
        f"{REPLIES} WHERE NOT ({TURNED})",  # replies stay between two
        *(CONSENT.format(*pair) for pair in (("heart_rate", "coaching"), ("location", "location"))),
    ],
)
def test_pointers_lead_somewhere_and_consent_covers_what_rests_on_it(demo_rows: Rows, of: str) -> None:
    assert number(demo_rows, of) == 0


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
    assert number(demo_rows, f'app.{table} WHERE CAST("{moment}" AS DATE) <> day') == 0
    assert number(demo_rows, f"(SELECT DISTINCT day FROM app.{table})") > 100


def test_some_have_much_and_most_are_modest(demo_rows: Rows) -> None:
    views = "SELECT count(*) AS n FROM page_view GROUP BY customer_id"
    [(most, middle)] = demo_rows.execute(f"SELECT max(n), median(n) FROM ({views})").fetchall()
    assert most > 5 * middle
