"""Every type of DuckDB, alone and in lists, structs and maps."""

from pathlib import Path
from typing import Any

import duckdb
from tests.contract.zoo.cages import SHAPES, TABLE, Zoo, plain, rows_of
from tests.support.warehouses import Warehouse

ROWS = rows_of("duckdb")
CELLS = {"value": "{v}", "list": "[{v}, NULL]", "struct": "{{'a': {v}}}", "map": "MAP {{'k': {v}}}"}
NOT_STORED = {"NULL", "TYPE", "ARRAY", "LIST", "MAP", "STRUCT"}
"""Types of which no column can be, and those that the cells are."""


def build(folder: Path, _: Any) -> Zoo:
    path = folder / "zoo.duckdb"
    cells = {
        f"{shape}_{number}": CELLS[shape].format(v=f"CAST({row.literal} AS {row.native})")
        for number, row in enumerate(ROWS)
        for shape in SHAPES
    }
    with duckdb.connect(str(path)) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"CREATE TABLE {TABLE} AS SELECT {', '.join(f'{v} AS {n}' for n, v in cells.items())}")
        con.execute(f"INSERT INTO {TABLE} SELECT {', '.join(['NULL'] * len(cells))}")
        texts = ", ".join(f"CAST({name} AS VARCHAR)" for name in cells)
        found = con.execute(f"SELECT {texts} FROM {TABLE}").fetchall()[0]
    own = dict(zip(cells, found, strict=True))
    for number, row in enumerate(ROWS):
        if row.native == "BLOB":
            own[f"value_{number}"] = row.form  # bytes stay base64
    return Zoo(Warehouse("duckdb", {"path": str(path)}), ROWS, own, plain)


def types() -> set[str]:
    with duckdb.connect() as con:
        found = con.execute("SELECT DISTINCT logical_type FROM duckdb_types()").fetchall()
    return {name for (name,) in found} - NOT_STORED
