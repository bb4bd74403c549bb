"""A shop whose customers and visits hold JSON documents, the same in every kind of warehouse."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from testbed import postgres as pg
from testbed.mini import CONTROLLER, IDENTITY, POLICY
from tests.support import mariadb

DOCUMENTS: tuple[str | None, ...] = (
    '{"address": {"city": "Den \\"Haag\\" \\u00e9 \U0001f600", "zip": 1.10, "geo": {"lat": 52.0, "lon": [4, {"e": 1}]}}, '
    '"score": 0.75, "tags": ["a", {"b": null}], "a.b": "it\'s {dotted}", "rest \\"q\\" $": true, "\\u0071uiz": 5}',
    '{"address": {"city": "Delft"}, "score": 3}',
    '{"address": {"city": null, "zip": null}, "score": null, "a.b": null}',
    '{"address": null}',
    '{"address": "Main street 1", "Score": 4, "other": null}',
    '{"address": [{"city": "of a list"}], "score": {"high": 1}, "a": {"b": 2}}',
    '{"address": {"city": {"name": "Leiden", "code": [1, 2]}, "more": {"x": {}}}}',
    "{}",
    "[1, 2]",
    '"a text"',
    "7",
    "null",
    None,
)
"""Of the visits of customer 1, in their order; customer 2 has one of their own."""

PATHS = {
    "city": ("address", "city"),
    "zip": ("address", "zip"),
    "score": ("score",),
    "dotted": ("a.b",),
}
PROVIDED = ("city", "dotted")
TYPES = {"duckdb": "JSON", "postgres": "JSON", "mysql": "JSON", "sqlite": "JSON"}

SOURCE = """
source: shop
kind: {kind}
{more}
zone: UTC
purposes:
  sale:
    basis: A6-1-b
    title: {{nl: Verkoop, en: Sale}}
    retention: {{period: P1Y, trigger: {{nl: na uw bezoek, en: after your visit}}}}
    recipients: []
    automated_decision: false
tables:
  customer:
    subject: {{customer_id: customer_id}}
    key: [customer_id]
    purposes: [sale]
    columns:
      customer_id: {{origin: assigned}}
  visit:
    join: {{customer_id: customer.customer_id}}
    key: [visit_id]
    purposes: [sale]
    columns:
      visit_id: {{origin: assigned}}
      customer_id: {{origin: assigned}}
      profile: {rest}
      profile_city: {{path: [profile, address, city], origin: provided}}
      profile_zip: {{path: [profile, address, zip], origin: derived, meaning: {{nl: Uit de plaats, en: From the city}}}}
      profile_score: {{path: [profile, score], origin: inferred, meaning: {{nl: Kans, en: Chance}}}}
      profile_dotted: {{path: [profile, a.b], origin: provided}}
"""
REST = "{origin: inferred, meaning: {nl: Overig, en: Other}}"


def rows() -> list[tuple[int, int, str | None]]:
    """`visit_id, customer_id, profile`."""
    own = [(number, 1, document) for number, document in enumerate(DOCUMENTS, start=10)]
    return [*own, (90, 2, '{"address": {"city": "Utrecht of another person"}, "score": 9}')]


def in_duckdb(path: Path, type_: str = "JSON") -> None:
    """A file of DuckDB."""
    with duckdb.connect(path) as con:
        con.execute("CREATE TABLE customer (customer_id INTEGER)")
        con.execute("INSERT INTO customer VALUES (1), (2)")
        con.execute(f"CREATE TABLE visit (visit_id INTEGER, customer_id INTEGER, profile {type_})")
        con.executemany("INSERT INTO visit VALUES (?, ?, ?)", rows())


def in_lake(shop: Path, root: Path) -> None:
    """Parquet files of the same rows."""
    with duckdb.connect(shop, read_only=True) as con:
        for table in ("customer", "visit"):
            (root / table).mkdir(parents=True)
            con.execute(f"COPY {table} TO '{root / table / 'part-0.parquet'}' (FORMAT parquet)")


def in_sqlite(path: Path, type_: str = "JSON") -> None:
    """A file of SQLite."""
    with closing(sqlite3.connect(path)) as con:
        con.execute("CREATE TABLE customer (customer_id INTEGER)")
        con.execute("INSERT INTO customer VALUES (1), (2)")
        con.execute(f"CREATE TABLE visit (visit_id INTEGER, customer_id INTEGER, profile {type_})")
        con.executemany("INSERT INTO visit VALUES (?, ?, ?)", rows())
        con.commit()


def in_postgres(database: pg.Database, type_: str = "json") -> None:
    """Tables in PostgreSQL."""
    with psycopg.connect(database.libpq, autocommit=True) as con:
        con.execute("CREATE TABLE customer (customer_id INTEGER)")
        con.execute("INSERT INTO customer VALUES (1), (2)")
        con.execute(f"CREATE TABLE visit (visit_id INTEGER, customer_id INTEGER, profile {type_})")
        with con.cursor() as cursor:
            cursor.executemany("INSERT INTO visit VALUES (%s, %s, %s)", rows())


def in_mariadb(database: mariadb.Database, type_: str = "JSON") -> None:
    """Tables in MariaDB."""
    with database.connect() as con, con.cursor() as cursor:
        cursor.execute("CREATE TABLE customer (customer_id INTEGER)")
        cursor.execute("INSERT INTO customer VALUES (1), (2)")
        cursor.execute(f"CREATE TABLE visit (visit_id INTEGER, customer_id INTEGER, profile {type_})")
        cursor.executemany("INSERT INTO visit VALUES (%s, %s, %s)", rows())


def write_inventory(folder: Path, kind: str, more: str, rest: str = REST) -> Path:
    """A data map of it; `rest`: what is said of the document's own column."""
    folder.mkdir(parents=True)
    (folder / "shop.yml").write_text(SOURCE.format(kind=kind, more=more, rest=rest))
    (folder / "controller.yml").write_text(CONTROLLER)
    (folder / "identity.yml").write_text(IDENTITY)
    (folder / "policy.yml").write_text(POLICY)
    return folder


def read(text: str | None) -> Any:
    """A document with its numbers exact, by Python's own reader."""
    return None if text is None else json.loads(text, parse_float=Decimal, parse_int=Decimal)


def expected(document: str | None, paths: dict[str, tuple[str, ...]] = PATHS) -> tuple[dict[str, Any], Any]:
    """The members of a document, and what is left of it, by hand."""
    whole = read(document)
    members = {}
    for name, path in paths.items():
        value = whole
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        members[name] = value
    return members, without(whole, [*paths.values()])


def without(value: Any, paths: list[tuple[str, ...]]) -> Any:
    """A value without some members; None where nothing else is in it."""
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, inside in value.items():
        below = [path[1:] for path in paths if path[0] == name]
        if () in below:
            continue
        left = without(inside, below) if below else inside
        if left is not None or not below:
            kept[name] = left
    return kept or None
