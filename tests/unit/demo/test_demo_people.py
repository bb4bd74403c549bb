"""What is hard about the demo's data is in them."""

import math
from pathlib import Path

import duckdb
import pytest
from demo import people
from demo.build import LAKE
from demo.lake import TABLES
from demo.people import AWKWARD, CUSTOMERS, EMAIL_ONLY, HEAVY, NOTHING_PORTABLE, UNKNOWN
from demo.zoo import ALL_BYTES, HUGE, TEXTS

BY_NUMBER = "t.customer_id = $me"
BY_ORDER = "order_id IN (SELECT order_id FROM orders WHERE customer_id = $me)"
BY_LIST = "wishlist_id IN (SELECT wishlist_id FROM wishlist_member WHERE customer_id = $me)"
BY_DEVICE = "device_id IN (SELECT device_id FROM device WHERE customer_id = $me)"

WAYS = {
    "order_line": BY_ORDER,
    "return_line": BY_ORDER,
    "shipment": BY_ORDER,
    "message": "$me IN (sender_id, recipient_id)",
    "wishlist": BY_LIST,
    "wishlist_item": BY_LIST,
    "ticket_message": "ticket_id IN (SELECT ticket_id FROM ticket WHERE customer_id = $me)",
    "newsletter": "lower(email) = (SELECT email FROM customer WHERE customer_id = $me)",
    "app.heart_rate": BY_DEVICE,
    "app.location": BY_DEVICE,
    "app.app_event": BY_DEVICE,
    "app.search": BY_DEVICE,
}

PERSONAL = (
    *WAYS,
    *("customer", "customer_email", "address", "device", "consent", "login", "profile", "enrichment"),
    *("loyalty_account", "orders", "search_history", "page_view", "review", "referral", "wishlist_member"),
    *("upload", "ticket"),
)

Rows = duckdb.DuckDBPyConnection


def number(con: Rows, of: str, **values: object) -> int:
    """Rows of what is selected."""
    found = con.execute(f"SELECT count(*) FROM {of}", values).fetchone()
    assert found is not None
    return int(found[0])


def count(con: Rows, table: str, where: str, **values: object) -> int:
    return number(con, f"{table} AS t WHERE {where}", **values)


def every(con: Rows, statement: str, **values: object) -> list[object]:
    return [row[0] for row in con.execute(statement, values).fetchall()]


def test_addresses_and_numbers_are_fictitious_and_apart() -> None:
    numbers = [p.number for p in (*CUSTOMERS, NOTHING_PORTABLE)]
    assert len({*numbers, UNKNOWN}) == len(numbers) + 1
    emails = [p.email for p in (*CUSTOMERS, EMAIL_ONLY)]
    assert len(set(emails)) == len(emails)
    assert all(str(e).endswith(("@example.org", "@example.com", "@example.net")) for e in emails)


@pytest.mark.parametrize("table", PERSONAL)
def test_heavy_is_in_every_table(demo_rows: Rows, table: str) -> None:
    assert count(demo_rows, table, WAYS.get(table, BY_NUMBER), me=HEAVY.number) > 0


def test_the_heavy_person_shares_no_key(demo_rows: Rows) -> None:
    me = HEAVY.number
    samples = count(demo_rows, "app.heart_rate", "device_id = $d", d=HEAVY.pairings[0].device_id)
    assert samples == 500_000 * 0.02
    granted = "SELECT purpose FROM consent WHERE customer_id = $me AND withdrawn_at IS NULL ORDER BY 1"
    assert every(demo_rows, granted, me=me) == ["coaching", "location", "newsletter"]
    shared = "t.customer_id <> $me AND {} IN (SELECT {} FROM {} WHERE customer_id = $me)"
    assert count(demo_rows, "device", shared.format("device_id", "device_id", "device"), me=me) == 0
    assert count(demo_rows, "customer_email", shared.format("email", "email", "customer_email"), me=me) == 0
    assert count(demo_rows, "ticket", "lower(contact_email) = $e", e=HEAVY.email) == 0
    authors = f"SELECT DISTINCT author_type FROM ticket_message WHERE {WAYS['ticket_message']} ORDER BY 1"
    assert every(demo_rows, authors, me=me) == ["agent", "bot", "customer"]


def test_second_hand_watch_is_cut_at_the_change(demo_rows: Rows) -> None:
    pairs = demo_rows.execute(
        "SELECT customer_id, unpaired_at = $at, paired_at = $at FROM device WHERE device_id = $d "
        "ORDER BY paired_at",
        {"d": people.SECOND_HAND_DEVICE, "at": people.SECOND_HAND_CHANGE},
    ).fetchall()
    assert pairs == [
        (people.SECOND_HAND_OLD.number, True, False),
        (people.SECOND_HAND_NEW.number, None, True),
    ]
    device = {"d": people.SECOND_HAND_DEVICE, "at": people.SECOND_HAND_CHANGE}
    for table, moment in (("app.heart_rate", "measured_at"), ("app.app_event", "at")):
        for relation in ("<", ">", "="):
            assert count(demo_rows, table, f'device_id = $d AND "{moment}" {relation} $at', **device) > 0
    same_day = f"device_id = $d AND day = DATE '{people.SECOND_HAND_CHANGE[:10]}'"
    for relation in ("<", ">="):
        assert count(demo_rows, "app.heart_rate", f"{same_day} AND measured_at {relation} $at", **device) > 0


def test_tablet_of_two(demo_rows: Rows) -> None:
    owners = "SELECT customer_id, paired_at IS NULL, unpaired_at IS NULL FROM device WHERE device_id = $d ORDER BY 1"
    assert demo_rows.execute(owners, {"d": people.SHARED_TABLET}).fetchall() == [
        (people.TABLET_A.number, False, True),
        (people.TABLET_B.number, True, True),
    ]
    assert count(demo_rows, "app.search", "device_id = $d", d=people.SHARED_TABLET) > 0
    lists = "wishlist_id IN (SELECT wishlist_id FROM wishlist_member WHERE customer_id = $b)"
    assert count(
        demo_rows,
        "wishlist_member",
        f"{BY_NUMBER} AND {lists}",
        me=people.TABLET_A.number,
        b=people.TABLET_B.number,
    )


def test_withdrew_heart_rate_only(demo_rows: Rows) -> None:
    preferences = demo_rows.execute(
        "SELECT purpose, withdrawn_at = $at FROM consent WHERE customer_id = $me ORDER BY 1",
        {"me": people.WITHDREW.number, "at": people.HEART_RATE_WITHDRAWN},
    ).fetchall()
    assert preferences == [("coaching", True), ("location", None), ("newsletter", True)]
    watch = people.WITHDREW.pairings[0].device_id
    assert count(demo_rows, "app.heart_rate", "device_id = $d", d=watch) > 0
    at = people.HEART_RATE_WITHDRAWN
    assert count(demo_rows, "app.heart_rate", "device_id = $d AND measured_at >= $at", d=watch, at=at) == 0
    borrowed = "t.customer_id = $me AND contact_email = $e"
    assert count(demo_rows, "ticket", borrowed, me=people.WITHDREW.number, e=AWKWARD.email) == 1


def test_nothing_portable_was_only_bought_and_computed(demo_rows: Rows) -> None:
    me = NOTHING_PORTABLE.number
    found = demo_rows.execute("SELECT * FROM customer WHERE customer_id = $me", {"me": me})
    columns = [column[0] for column in found.description]
    row = dict(zip(columns, found.fetchall()[0], strict=True))
    filled = {name for name, value in row.items() if value is not None}
    assert filled == {"customer_id", "status", "staff_note", "segment", "churn_probability"}
    held = {table for table in PERSONAL if count(demo_rows, table, WAYS.get(table, BY_NUMBER), me=me)}
    assert held == {"customer", "profile", "enrichment"}


def test_old_address_has_two_owners_and_a_gap(demo_rows: Rows) -> None:
    owners = demo_rows.execute(
        "SELECT customer_id, valid_to = $changed, valid_from = $reissued FROM customer_email "
        "WHERE email = $e ORDER BY valid_from",
        {"e": people.OLD_EMAIL, "changed": people.EMAIL_CHANGED, "reissued": people.EMAIL_REISSUED},
    ).fetchall()
    assert owners == [(people.RENAMED.number, True, False), (people.REISSUED.number, None, True)]
    for table, column, moment in (
        ("newsletter", "email", "subscribed_at"),
        ("ticket", "contact_email", "opened_at"),
    ):
        without_customer = "" if table == "newsletter" else " AND customer_id IS NULL"
        for since, until in (
            (people.RENAMED.since, people.EMAIL_CHANGED),
            (people.EMAIL_CHANGED, people.EMAIL_REISSUED),
            (people.EMAIL_REISSUED, "2026-06-30T00:00:00Z"),
        ):
            where = f"lower({column}) = $e AND {moment} >= $since AND {moment} < $until{without_customer}"
            assert count(demo_rows, table, where, e=people.OLD_EMAIL, since=since, until=until) > 0
    for moment in (people.EMAIL_CHANGED, people.EMAIL_REISSUED):
        assert (
            count(
                demo_rows, "newsletter", "email = $e AND subscribed_at = $at", e=people.OLD_EMAIL, at=moment
            )
            == 1
        )


def test_email_only_is_no_customer(demo_rows: Rows) -> None:
    email = EMAIL_ONLY.email
    assert count(demo_rows, "customer_email", "lower(email) = $e", e=email) == 0
    assert count(demo_rows, "newsletter", "email = $e", e=email) == 1
    assert count(demo_rows, "ticket", "contact_email = $e AND customer_id IS NULL", e=email) == 1


def test_unknown_and_guest_keys_match_no_customer(demo_rows: Rows) -> None:
    for table in PERSONAL:
        assert count(demo_rows, table, WAYS.get(table, BY_NUMBER), me=UNKNOWN) == 0
    assert count(demo_rows, "device", "device_id = $d", d=people.GUEST_DEVICE) == 0
    assert count(demo_rows, "app.app_event", "device_id = $d", d=people.GUEST_DEVICE) > 0


def test_awkward_texts_are_in_shop_and_lake(demo_rows: Rows) -> None:
    device = AWKWARD.pairings[0].device_id
    wanted = set(TEXTS.values())
    queries = f"SELECT query FROM search_history t WHERE {BY_NUMBER}"
    assert wanted <= set(every(demo_rows, queries, me=AWKWARD.number))
    for texts in ("query FROM app.search", "properties.screen FROM app.app_event"):
        assert wanted <= set(every(demo_rows, f"SELECT {texts} WHERE device_id = $d", d=device))
    bodies = every(demo_rows, f"SELECT body FROM review t WHERE {BY_NUMBER}", me=AWKWARD.number)
    assert {None, ""} <= set(bodies)


def test_awkward_numbers_and_bytes(demo_rows: Rows) -> None:
    me, device = AWKWARD.number, AWKWARD.pairings[0].device_id
    for values in (
        every(demo_rows, f"SELECT scroll_depth FROM page_view t WHERE {BY_NUMBER}", me=me),
        every(demo_rows, "SELECT lat FROM app.location WHERE device_id = $d", d=device),
        every(demo_rows, "SELECT properties.value FROM app.app_event WHERE device_id = $d", d=device),
    ):
        numbers = [float(str(v)) for v in values if v is not None]
        assert any(math.isnan(n) for n in numbers)
        assert {math.inf, -math.inf} <= set(numbers)
        assert any(n == 0 and math.copysign(1, n) < 0 for n in numbers)
    assert HUGE in every(demo_rows, f"SELECT visit_no FROM page_view t WHERE {BY_NUMBER}", me=me)
    uploads = every(demo_rows, f"SELECT content FROM upload t WHERE {BY_NUMBER}", me=me)
    assert {ALL_BYTES, b"", None} <= set(uploads)
    assert count(demo_rows, "address", f"{BY_NUMBER} AND valid_until = 'infinity'", me=me) == 1
    assert count(demo_rows, "message", "sender_id = $me AND recipient_id = $me", me=me) > 0


def test_order_numbers_that_a_double_confuses(demo_rows: Rows) -> None:
    assert float(people.BEYOND_DOUBLE) == float(people.BEYOND_DOUBLE - 1)
    owners = "SELECT customer_id FROM orders WHERE order_id IN ($b - 1, $b) ORDER BY order_id"
    assert every(demo_rows, owners, b=people.BEYOND_DOUBLE) == [people.RENAMED.number, AWKWARD.number]


EMAILS = "newsletter n JOIN customer_email e ON lower(n.email) = lower(e.email)"
SHARED = "SELECT wishlist_id FROM wishlist_member GROUP BY ALL HAVING count(*) > 1"
BY_MEMBERS = (
    "wishlist_item i JOIN wishlist_member m ON m.wishlist_id = i.wishlist_id AND m.customer_id = i.added_by "
    "WHERE m.role = 'member'"
)
REPLIES = "message r JOIN message m ON r.reply_to = m.message_id"
TURNED = "r.sender_id = m.recipient_id AND r.recipient_id = m.sender_id AND r.sent_at > m.sent_at"
SHIPPED_BY = "shipment s LEFT JOIN orders o ON s.order_id = o.order_id LEFT JOIN address a ON s.address_id = a.address_id"
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


@pytest.mark.parametrize(
    ("of", "more_than"),
    [
        ("return_line", 1),
        *(
            (f"{SHIPPED_BY} WHERE {where}", 0)  # a parcel has one way or two, and they may differ
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
