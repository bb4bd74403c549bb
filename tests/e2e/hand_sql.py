"""The demo warehouse read without the product: a DuckDB session and the statements of `tests/sql`.

Each statement gives every row of one table once for each person that it names (column `person`), and once
with NULL where it names no one. Nothing here imports the product.
"""

import csv
import hashlib
from pathlib import Path

import duckdb

SQL = Path(__file__).parents[1] / "sql"

with (SQL / "tables.csv").open(encoding="utf-8", newline="") as file:
    TABLES = list(csv.DictReader(file))
"""All personal tables, the columns that tell their rows apart, and those that portability leaves out.

None tells them apart: only the whole row does. What is left out is derived, inferred, assigned, bought, secret or
a proof; `*`: the table as a whole, kept on legitimate interest, computed or bought.
"""

KEYS = {row["table"]: tuple(row["key"].split()) for row in TABLES}
APP, SHOP = ([row["table"] for row in TABLES if row["source"] == source] for source in ("app", "shop"))
ENTRIES = {"referral_received": "referral"}
"""Entries of the inventory that have another name than their table: one table, for people in another role."""


def source_of(table: str) -> str:
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


LEFT_OUT = {row["table"]: row["left_out"].split() for row in TABLES}
WITHHELD = [table for table, columns in LEFT_OUT.items() if columns == ["*"]]
SECRET = {("customer", "password_hash")}
"""Access tells only its existence."""


MASKED = {
    (
        "shipment",
        "signed_by",
    ): "CASE WHEN starts_with(signed_by, 'buren') THEN 'buren ' ELSE '' END || '<masked>' || signed_by",
    ("message", "sender_id"): "CASE WHEN sender_id = person THEN '' ELSE '<masked>' END || sender_id",
    (
        "message",
        "recipient_id",
    ): "CASE WHEN recipient_id = person THEN '' ELSE '<masked>' END || recipient_id",
    ("wishlist_item", "added_by"): "CASE WHEN added_by = person THEN '' ELSE '<masked>' END || added_by",
    ("referral_received", "customer_id"): "'<masked>' || customer_id",
    ("referral_received", "reward"): "'[masked]'",
    ("ticket", "agent_id"): "'<masked>' || agent_id",
    ("ticket", "contact_email"): "CASE WHEN EXISTS (FROM customer_email AS e WHERE e.customer_id = person "
    "AND lower(e.email) = lower(contact_email)) THEN '' ELSE '<masked>' END || contact_email",
    (
        "ticket_message",
        "agent_name",
    ): "CASE author_type WHEN 'agent' THEN '<masked>' || agent_name ELSE agent_name END",
}
"""SQL of what replaces a value; a NULL stays a NULL. `<masked>` begins the part of which
the token is shown."""


def token(salt: str, value: str) -> str:
    """The mask of a value: eight hex digits of SHA-256 over the request's salt and the value's text."""
    return f"[masked {hashlib.sha256((salt + value).encode()).hexdigest()[:8]}]"


def left_out(table: str, column: str) -> bool:
    return table in WITHHELD or column in LEFT_OUT[table]
