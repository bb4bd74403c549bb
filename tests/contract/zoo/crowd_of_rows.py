"""The zoo of a kind in a table of many persons: one of them has the values, of all others each is NULL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from testbed import postgres as pg
from tests.contract.zoo.cages import TABLE, Zoo
from tests.support import mariadb

LARGE, INDEX = "large", "by_customer"
"""What the tables' names begin with, and those of their indexes end with."""

PERSON, OWN = 77, 40
_ROWS = 20_000
_PERSONS = _ROWS // OWN
_GROUP = 2_048  # rows of a group of a file


def _postgres(database: pg.Database, zoo: Zoo) -> None:
    """A table for each shape: else its rows were too wide for one page, and each value lay beside the table."""
    for shape in dict.fromkeys(name.partition("_")[0] for name in zoo.own):
        table = f"{LARGE}_{shape}"
        columns = ", ".join(f"z.{name}" for name in zoo.own if name.startswith(shape))
        database.execute(
            f"CREATE TABLE {table} WITH (toast_tuple_target = 8160) AS SELECT i AS id, i % {_PERSONS} AS customer, "
            f"{columns} FROM generate_series(1, {_ROWS}) AS i "
            f"LEFT JOIN (SELECT * FROM {TABLE} LIMIT 1) AS z ON i % {_PERSONS} = {PERSON}",
            f"CREATE INDEX {table}_{INDEX} ON {table} (customer)",
            f"ALTER TABLE {table} ADD PRIMARY KEY (id)",
            f"ANALYZE {table}",
        )


def _mysql(database: mariadb.Database, _: Zoo) -> None:
    database.execute(
        f"CREATE TABLE {LARGE} AS SELECT seq AS id, seq % {_PERSONS} AS customer, z.* FROM seq_1_to_{_ROWS} "
        f"LEFT JOIN {TABLE} AS z ON seq % {_PERSONS} = {PERSON}",
        f"CREATE INDEX {LARGE}_{INDEX} ON {LARGE} (customer)",
        f"ALTER TABLE {LARGE} ADD PRIMARY KEY (id)",
        f"ANALYZE TABLE {LARGE}",
    )


def _sqlite(_: Any, zoo: Zoo) -> None:
    columns = ", ".join(f"value_{n} {row.native.replace('none', '')}" for n, row in enumerate(zoo.rows))
    with closing(sqlite3.connect(zoo.warehouse.options["path"])) as con:
        con.execute(f"CREATE TABLE {LARGE} (id INTEGER PRIMARY KEY, customer INTEGER, {columns})")
        con.execute(
            f"WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {_ROWS}) INSERT INTO {LARGE} "
            f"SELECT i, i % {_PERSONS}, z.* FROM s LEFT JOIN {TABLE} AS z ON i % {_PERSONS} = {PERSON}"
        )
        con.execute(f"CREATE INDEX {LARGE}_{INDEX} ON {LARGE} (customer)")
        con.commit()


def _duckdb(_: Any, zoo: Zoo) -> None:
    """The file is made anew, in small row groups."""
    path = Path(zoo.warehouse.options["path"])
    old = path.rename(path.with_name("zoo"))
    with duckdb.connect() as con:
        con.execute(
            f"SET TimeZone = 'UTC'; ATTACH '{old}' AS zoo; ATTACH '{path}' AS made (ROW_GROUP_SIZE {_GROUP})"
        )
        con.execute(
            f"CREATE TABLE made.{LARGE} AS SELECT i AS id, i // {OWN} AS customer, z.* FROM range({_ROWS}) AS r(i) "
            f"LEFT JOIN (SELECT * FROM zoo.{TABLE} LIMIT 1) AS z ON i // {OWN} = {PERSON} ORDER BY i"
        )


def _parquet(_: Any, zoo: Zoo) -> None:
    """Two files for each table of the zoo, the rows of a person beside each other."""
    root = Path(zoo.warehouse.options["root"])
    for name in dict.fromkeys(zoo.tables.values()):
        table = f"{LARGE}_{name}"
        row = pq.read_table(root / name / "1.parquet").drop_columns(["id"])
        (root / table).mkdir()
        for part in range(2):
            ids = range(part * _ROWS, (part + 1) * _ROWS)
            rows = row.take(pa.array([0 if i // OWN == PERSON else None for i in ids], pa.int64()))
            rows = rows.add_column(0, "id", pa.array(ids)).add_column(
                1, "customer", pa.array([i // OWN for i in ids])
            )
            old = name != TABLE
            pq.write_table(
                rows,
                root / table / f"{part}.parquet",
                row_group_size=_GROUP,
                use_deprecated_int96_timestamps=old,
            )


FILL: dict[str, Callable[[Any, Zoo], None]] = {
    "duckdb": _duckdb,
    "mysql": _mysql,
    "parquet": _parquet,
    "postgres": _postgres,
    "sqlalchemy": _postgres,
    "sqlite": _sqlite,
}
