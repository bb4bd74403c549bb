"""The demo warehouse read without the product: a DuckDB session and the statements of `tests/sql`.

Each statement gives every row of one table once for each person that it names (column `person`), and once
with NULL where it names no one. Nothing here imports the product.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

SQL = Path(__file__).parents[1] / "sql"

# Table -> the columns that tell its rows apart; none: only the whole row does.
APP = {
    "heart_rate": ("device_id", "measured_at"),
    "location": ("device_id", "located_at"),
    "app_event": (),
    "search": ("device_id", "searched_at"),
}
SHOP = {
    "customer": ("customer_id",),
    "customer_email": ("customer_id", "valid_from"),
    "address": ("address_id",),
    "device": ("pairing_id",),
    "consent": ("customer_id", "purpose"),
    "login": ("login_id",),
    "newsletter": ("email", "topic", "subscribed_at"),
    "profile": ("customer_id",),
    "enrichment": ("customer_id", "supplier"),
    "loyalty_account": ("card_number",),
    "orders": ("order_id",),
    "order_line": ("order_id", "line_no"),
    "return_line": ("return_id",),
    "shipment": ("shipment_id",),
    "search_history": ("search_id",),
    "page_view": (),
    "review": ("review_id",),
    "review_file": ("file_id",),
    "message": ("message_id",),
    "referral": ("referral_id",),
    "referral_received": ("referral_id",),
    "wishlist": ("wishlist_id",),
    "wishlist_member": ("wishlist_id", "customer_id"),
    "wishlist_item": ("wishlist_id", "item_no"),
    "upload": ("upload_id",),
    "ticket": ("ticket_id",),
    "ticket_message": ("message_id",),
}
KEYS = APP | SHOP
"""All personal tables."""

ENTRIES = {"referral_received": "referral"}
"""Entries of the inventory that have another name than their table: one table, for people in another role."""

NOT_PERSONAL = ("carrier", "category", "product", "exchange_rate")


def source_of(table: str) -> str:
    """The source that holds a table."""
    return "app" if table in APP else "shop"


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Both sources in one read-only session: the shop's tables by name, the lake's as `app.<name>`."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"ATTACH '{folder / 'shop.duckdb'}' AS shop (READ_ONLY)")
    con.execute("ATTACH ':memory:' AS app")
    for table in APP:
        files = folder / "lake" / table / "*" / "*.parquet"
        con.execute(f"CREATE VIEW app.{table} AS FROM read_parquet('{files}', hive_partitioning = true)")
    con.execute("USE shop")
    for entry, table in ENTRIES.items():
        con.execute(f"CREATE TEMP VIEW {entry} AS FROM shop.{table}")
    return con


def statement(table: str) -> str:
    """The hand-written statement of a table."""
    return (SQL / f"{table}.sql").read_text(encoding="utf-8")


def columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, duckdb.sqltypes.DuckDBPyType]:
    """Columns of a table with their types, as the database names them."""
    relation = con.sql(f"FROM {'app.' if table in APP else ''}{table}")
    return dict(zip(relation.columns, relation.types, strict=True))


def identity(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """SQL expression: the text that tells the rows of a table apart.

    Without intervals, which the product writes otherwise than DuckDB does.
    """
    kinds = columns(con, table)
    names = KEYS[table] or tuple(name for name, kind in kinds.items() if kind.id != "interval")
    parts = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in names)
    return f"CAST(json_array({parts}) AS VARCHAR)"


def multiset(texts: str) -> str:
    """SQL expressions: how many texts there are, and a digest of all of them whatever their order."""
    return f"count(*), md5(string_agg({texts}, chr(10) ORDER BY {texts}))"
