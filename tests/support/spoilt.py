"""An empty warehouse of each kind, and how to put into it what goes wrong."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from tests.support import mariadb
from tests.support.log_lakes import LOGGED, write_lake
from tests.support.warehouses import Warehouse, of_server

from afschrift.domain.sources import Source

Run = Callable[..., None]


@dataclass(frozen=True)
class Spelling:
    """What a kind's SQL calls things.

    Attributes:
        text, blob, integer: types.
        large_blob: expression of 2,000,000 bytes.
        unreadable: expression over `s` that fails for a text that is no number.
        columns: how many a table may have, where that is fewer than 1,600.
        after: what ends CREATE TABLE of so many.
    """

    text: str = "TEXT"
    blob: str = "BLOB"
    integer: str = "INTEGER"
    large_blob: str = "CAST(repeat('x', 2000000) AS BLOB)"
    unreadable: str = "CAST(s AS INTEGER)"
    columns: int = 1600
    after: str = ""


_POSTGRES = Spelling(blob="BYTEA", large_blob="convert_to(repeat('x', 2000000), 'UTF8')")
SPELLINGS = {
    "delta": Spelling(),
    "iceberg": Spelling(),
    "duckdb": Spelling(),
    "files": Spelling(blob="TEXT", large_blob="repeat('x', 2000000)"),
    "mysql": Spelling(
        text="LONGTEXT",
        blob="LONGBLOB",
        integer="SMALLINT",
        large_blob="repeat('x', 2000000)",
        unreadable="9223372036854775807 + (s = 'secret-word')",
        after=" ENGINE = MyISAM",  # InnoDB takes 1,017 columns, MyISAM more
    ),
    "parquet": Spelling(),
    "postgres": _POSTGRES,
    "sqlalchemy": _POSTGRES,
    "sqlite": Spelling(large_blob="zeroblob(2000000)", unreadable="json(s)"),
}


def _duckdb(folder: Path, _: None) -> tuple[Warehouse, Run]:
    path = folder / "s.duckdb"

    def run(*statements: str) -> None:
        with duckdb.connect(str(path)) as con:
            for statement in statements:
                con.execute(statement)

    run()
    return Warehouse("duckdb", {"path": str(path)}), run


def _sqlite(folder: Path, _: None) -> tuple[Warehouse, Run]:
    path = folder / "s.sqlite"

    def run(*statements: str) -> None:
        con = sqlite3.connect(path, isolation_level=None)
        try:
            for statement in statements:
                con.execute(statement)
        finally:
            con.close()

    run("PRAGMA user_version = 1")
    return Warehouse("sqlite", {"path": str(path)}), run


def _parquet(folder: Path, _: None, kind: str = "parquet") -> tuple[Warehouse, Run]:
    """What a database in memory holds is written out, a folder a table."""
    lake = folder / "lake"
    lake.mkdir()
    form = "FORMAT parquet, ROW_GROUP_SIZE 20000" if kind == "parquet" else "FORMAT csv"
    part = "part-0.parquet" if kind == "parquet" else "part.csv"
    con = duckdb.connect()

    def run(*statements: str) -> None:
        for statement in statements:
            con.execute(statement)
        if kind in LOGGED:
            write_lake(con, lake, kind)
            return
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            (lake / table).mkdir(exist_ok=True)
            quoted, path = table.replace('"', '""'), str(lake / table / part)
            con.execute(f'COPY "{quoted}" TO ? ({form})', [path])

    return Warehouse(kind, {"root": str(lake)}), run


def _mysql(_: Path, database: mariadb.Database) -> tuple[Warehouse, Run]:
    run = partial(database.execute, "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'")
    return of_server("mysql", database), run


EMPTY: dict[str, Callable[[Path, Any], tuple[Warehouse, Run]]] = {
    "delta": partial(_parquet, kind="delta"),
    "iceberg": partial(_parquet, kind="iceberg"),
    "duckdb": _duckdb,
    "files": partial(_parquet, kind="files"),
    "mysql": _mysql,
    "parquet": _parquet,
    "postgres": lambda _, database: (of_server("postgres", database), database.execute),
    "sqlalchemy": lambda _, database: (of_server("sqlalchemy", database), database.execute),
    "sqlite": _sqlite,
}


@dataclass(frozen=True)
class Empty:
    """A warehouse of one kind, empty at first; `run` executes SQL there."""

    warehouse: Warehouse
    run: Run

    @property
    def kind(self) -> str:
        return self.warehouse.kind

    @property
    def sql(self) -> Spelling:
        return SPELLINGS[self.kind]

    def open(self, **options: Any) -> Source:
        return self.warehouse.open(**options)
