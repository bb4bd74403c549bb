"""Every type of DuckDB, alone and in lists, structs and maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from tests.contract.zoo.cages import SHAPES, TABLE, Row, Zoo, plain
from tests.support.warehouses import Warehouse

from afschrift.domain.value_kind import ValueKind

ROWS = (
    *(Row(f"{sign}{size}", "127") for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER")),
    Row("BIGINT", "-9223372036854775808"),
    Row("UBIGINT", "18446744073709551615"),
    Row("HUGEINT", "-170141183460469231731687303715884105727"),
    Row("UHUGEINT", "340282366920938463463374607431768211455"),
    Row("BIGNUM", "'-1' || repeat('0', 50)"),
    Row("DECIMAL(38,10)", "'1234567890123456789012345678.1'"),
    Row("FLOAT", "0.1"),
    Row("DOUBLE", "'1e-310'"),
    Row("DOUBLE", "'-inf'", note="infinite"),
    Row("BOOLEAN", "true"),
    Row("VARCHAR", "'a \"b\\ é'"),
    Row("JSON", """'{"a": 1.10, "a": 2}'"""),
    Row("UUID", "'6F1DE0D0-7A4B-4C43-8F1C-0A1B2C3D4E5F'"),
    Row("BLOB", "'\\x00\\xFF'", "AP8="),
    Row("BIT", "'0101'"),
    Row("ENUM('a', 'b c')", "'b c'"),
    Row("DATE", "'2024-02-29'"),
    Row("DATE", "'infinity'", note="infinite"),
    Row("DATE", "'0044-03-15 (BC)'", "0044-03-15 BC", note="before Christ"),
    Row("TIME", "'10:00:00.5'"),
    Row("TIME_NS", "'10:00:00.123456789'"),
    Row("TIME WITH TIME ZONE", "'10:00:00.5+02'"),
    Row("TIME WITH TIME ZONE", "'10:00:00+01:02:03'", note="seconds in the offset"),
    Row("TIMESTAMP", "'2024-10-27 02:30:00.000001'"),
    Row("TIMESTAMP", "'infinity'", note="infinite"),
    Row("TIMESTAMP_S", "'2024-10-27 02:30:00'"),
    Row("TIMESTAMP_MS", "'2024-10-27 02:30:00.5'"),
    Row("TIMESTAMP_NS", "'2024-10-27 02:30:00.123456789'"),
    Row("TIMESTAMP WITH TIME ZONE", "'2024-10-27 02:30:00.5+02'"),
    Row("TIMESTAMPTZ_NS", "'2024-10-27 02:30:00.123456789+02'"),
    Row("INTERVAL", "'1 year 2 months -3 days 04:05:06.789'", "P1Y2M-3DT4H5M6.789S"),
    Row("GEOMETRY", "'POINT(0.30000000000000004 1e-300)'"),
    Row("VARIANT", "42"),
    Row("UNION(n INTEGER, t VARCHAR)", "'x'"),
    Row("TUPLE(INTEGER, VARCHAR)", "row(1, 'x')"),
    Row("INTEGER[2]", "[1, 2]", "[1,2]"),
    Row("UHUGEINT[]", "[7]", '["7"]'),
    Row("STRUCT(x BIT)", "{'x': '01'}", '{"x":"01"}'),
    Row("MAP(VARCHAR, TIME WITH TIME ZONE)", "MAP {'m': '10:00:00+02'}", '{"m":"10:00:00+02:00"}'),
)
CELLS = {
    "value": "{v}",
    "list": "[{v}, NULL]",
    "struct": "{{'a': {v}}}",
    "map": "MAP {{'k': {v}}}",
}
NOT_STORED = {"NULL", "TYPE", "ARRAY", "LIST", "MAP", "STRUCT"}
"""Types of which no column can be, and those that the cells are."""


def holds(kind: ValueKind, own: str) -> str:
    """Value form of a text of DuckDB."""
    return plain(kind, own)


def build(folder: Path, _: Any) -> Zoo:
    """A DuckDB file."""
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
    return Zoo(Warehouse("duckdb", {"path": str(path)}), ROWS, own, holds)


def types() -> set[str]:
    """Every type of this DuckDB."""
    with duckdb.connect() as con:
        found = con.execute("SELECT DISTINCT logical_type FROM duckdb_types()").fetchall()
    return {name for (name,) in found} - NOT_STORED
