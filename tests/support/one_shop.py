"""One small shop, the same rows in every kind of warehouse, and its inventory."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from testbed import postgres as pg
from tests.support import maps, mariadb
from tests.support.log_lakes import LOGGED, write_lake
from tests.support.warehouses import SERVERS, Warehouse, of_server

UTC_TIME = datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
MICRO = UTC_TIME.replace(microsecond=123456, tzinfo=None)
LAST_DAY = UTC_TIME.replace(year=9999, tzinfo=None)

Tables = dict[str, tuple[dict[str, str], list[tuple[Any, ...]]]]

# table -> columns with their types, and rows; the types in braces are spelled by each kind
TABLES: Tables = {
    "customer": (
        {
            "customer_id": "INTEGER",
            "email": "VARCHAR(60)",
            "name": "VARCHAR(60)",
            "born": "DATE",
            "joined": "{datetime}",
            "balance": "DECIMAL(20,2)",
            "ratio": "{double}",
            "points": "BIGINT",
            "photo": "{blob}",
        },
        [
            (1, "ann@example.org", 'Änn "A" 😀', date(2000, 2, 29), MICRO, Decimal("1.10"), 0.1, 2**53 + 1, b"\0\xff"),
            (2, "bob@example.org", "", None, None, Decimal("-0.05"), 1e300, -1, b""),
            (3, None, None, date(1, 1, 1), LAST_DAY, None, None, None, None),
        ],
    ),
    "login": (
        {"customer_id": "INTEGER", "email": "VARCHAR(60)", "seen": "{instant}", "page": "VARCHAR(20)"},
        [
            (1, None, UTC_TIME, "home"),
            (None, "ANN@example.org", UTC_TIME, "\\N, \n;"),
            (2, "ann@example.org", UTC_TIME, "of bob"),
            (None, "ann@example.org .", UTC_TIME, "another address"),
        ],
    ),
    "orders": (
        {"order_id": "VARCHAR(9)", "customer_id": "INTEGER"},
        [("b", 1), ("B", 1), ("á", 1), ("a", 1), ("c", 2), ("d", None)],
    ),
    "line": (
        {"order_id": "VARCHAR(9)", "line_no": "INTEGER", "price": "DECIMAL(10,2)"},
        [("b", 2, Decimal("2.00")), ("b", 10, Decimal("0.00")), ("á", 1, None), ("c", 1, Decimal("9.99"))],
    ),
}  # fmt: skip

_TYPES = ("datetime", "instant", "double", "blob", "long")
SPELLED = {
    kind: dict(zip(_TYPES, types.split(", "), strict=True))
    for kind, types in {
        "duckdb": "TIMESTAMP, TIMESTAMPTZ, DOUBLE, BLOB, VARCHAR",
        "mysql": "DATETIME(6), TIMESTAMP(6) NULL, DOUBLE, BLOB, LONGTEXT",
        "postgres": "TIMESTAMP, TIMESTAMPTZ, FLOAT8, BYTEA, TEXT",
        "sqlite": "DATETIME, TIMESTAMPTZ, DOUBLE, BLOB, VARCHAR",
    }.items()
}


def write_inventory(folder: Path, kind: str, more: str) -> Path:
    """The inventory of the shop in one kind of warehouse; `more` is its options or its connection."""
    return maps.write(folder, shop=maps.text("one_shop.yml", kind=kind, more=more))


def _statements(kind: str, mark: str, tables: Tables) -> Iterator[tuple[str, str, list[tuple[Any, ...]]]]:
    for table, (columns, rows) in tables.items():
        spelled = ", ".join(f"{name} {type_.format(**SPELLED[kind])}" for name, type_ in columns.items())
        marks = ", ".join([mark] * len(columns))
        yield f"CREATE TABLE {table} ({spelled})", f"INSERT INTO {table} VALUES ({marks})", rows


def in_duckdb(path: Path, tables: Tables = TABLES) -> None:
    with duckdb.connect(str(path)) as con:
        for create, insert, rows in _statements("duckdb", "?", tables):
            con.execute(create)
            con.executemany(insert, rows)


def in_lake(path: Path, lake: Path, form: str = "parquet") -> None:
    """The tables of a DuckDB file, a folder each."""
    with duckdb.connect(str(path), read_only=True) as con:
        if form in LOGGED:
            write_lake(con, lake, form)
            return
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            (lake / table).mkdir(parents=True)
            con.execute(f"COPY {table} TO '{lake / table / 'part'}.{form}' (FORMAT {form})")


def in_sqlite(path: Path, tables: Tables = TABLES) -> None:
    with closing(sqlite3.connect(path)) as con:
        for create, insert, rows in _statements("sqlite", "?", tables):
            con.execute(create)
            con.executemany(insert, [tuple(map(_sqlite, row)) for row in rows])
        con.commit()


def _sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(" ").replace("+00:00", "Z")
    return str(value) if isinstance(value, date | Decimal) else value


def in_postgres(database: pg.Database, tables: Tables = TABLES) -> None:
    with psycopg.connect(database.libpq) as con, con.cursor() as cursor:
        for create, insert, rows in _statements("postgres", "%s", tables):
            cursor.execute(create)  # type: ignore[arg-type]
            cursor.executemany(insert, rows)  # type: ignore[arg-type]


def in_mariadb(database: mariadb.Database, tables: Tables = TABLES) -> None:
    with database.connect() as con, con.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        for create, insert, rows in _statements("mysql", "%s", tables):
            cursor.execute(create)
            cursor.executemany(insert, [tuple(map(_mysql, row)) for row in rows])


def _mysql(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def in_kind(kind: str, folder: Path, database: Any, tables: Tables = TABLES) -> Warehouse:
    if kind in SERVERS:
        (in_mariadb if kind == "mysql" else in_postgres)(database, tables)
        return of_server(kind, database)
    of_files = {"files": "csv", "parquet": "parquet", **{kind: kind for kind in LOGGED}}
    path = folder / f"shop.{'duckdb' if kind in of_files else kind}"
    (in_sqlite if kind == "sqlite" else in_duckdb)(path, tables)
    if kind in of_files:
        in_lake(path, folder / "lake", of_files[kind])
    return Warehouse(kind, {"root": str(folder / "lake")} if kind in of_files else {"path": str(path)})
