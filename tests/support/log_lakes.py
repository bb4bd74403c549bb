"""Tables of DuckDB, written as tables of formats that have a log."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import write_deltalake
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

LOGGED = ("delta", "iceberg")
_AS_TEXT = ("ENUM", "UUID", "JSON", "TIME", "INTERVAL", "BIT", "HUGEINT", "UBIGINT")
"""What Delta Lake has no type for, except timestamps."""


def read(con: duckdb.DuckDBPyConnection, table: str) -> pa.Table:
    """A table in types that these formats have."""
    named = con.execute(f"DESCRIBE {table}").fetchall()
    columns = []
    for name, native, *_ in named:
        quoted = '"' + name.replace('"', '""') + '"'
        as_text = native.startswith(_AS_TEXT) and not native.startswith("TIMESTAMP")
        columns.append(f"CAST({quoted} AS VARCHAR) AS {quoted}" if as_text else quoted)
    return con.sql(f"SELECT {', '.join(columns)} FROM {table}").to_arrow_table()


def write_lake(con: duckdb.DuckDBPyConnection, lake: Path, kind: str) -> None:
    """Write each table of a database as a folder of a lake, or anew."""
    for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        commit(kind, lake, table, read(con, '"' + table.replace('"', '""') + '"'))


def write_sqlite(shop: Path, lake: Path, kind: str) -> None:
    """Write each table of a SQLite file, by the types that its columns declare."""
    with closing(sqlite3.connect(shop)) as tables, duckdb.connect() as con:
        for (table,) in tables.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            declared = [f'"{of[1]}" {of[2]}' for of in tables.execute(f"PRAGMA table_info({table})")]
            con.execute(f"CREATE TABLE {table} ({', '.join(declared)})")
            if rows := tables.execute(f"SELECT * FROM {table}").fetchall():
                con.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(declared))})", rows)
        write_lake(con, lake, kind)


def commit(kind: str, lake: Path, table: str, rows: pa.Table) -> None:
    """Write a table, or anew."""
    if kind == "delta":
        write_deltalake(str(lake / table), rows, mode="overwrite", schema_mode="overwrite")
        return
    shutil.rmtree(lake / table, ignore_errors=True)
    made = _catalogue(lake).create_table(("default", table), rows.schema, location=str(lake / table))
    made.append(rows)
    hand_over(lake / table, made.refresh().metadata_location, 1)


def _catalogue(lake: Path) -> SqlCatalog:
    catalogue = SqlCatalog("c", uri="sqlite:///:memory:", warehouse=str(lake))
    catalogue.create_namespace("default")
    return catalogue


def hand_over(table: Path, metadata: str, version: int) -> None:
    """Name a version as Hadoop's catalogue does."""
    shutil.copy(metadata.removeprefix("file://"), table / "metadata" / f"v{version}.metadata.json")
    (table / "metadata" / "version-hint.text").write_text(str(version))


def by_pyiceberg(table: Path, change: Callable[[Table], None]) -> None:
    """Let a second writer commit to a table whose versions Hadoop's catalogue names."""
    catalogue = _catalogue(table.parent)
    version = int((table / "metadata" / "version-hint.text").read_text())
    opened = catalogue.register_table("default.t", str(table / "metadata" / f"v{version}.metadata.json"))
    change(opened)
    hand_over(table, catalogue.load_table("default.t").metadata_location, version + 1)
