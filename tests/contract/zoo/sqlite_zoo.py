"""What columns of SQLite declare, and values that follow it or do not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.contract.zoo.cages import TABLE, Row, Zoo, plain
from tests.support.warehouses import Warehouse

from afschrift.domain.value_kind import ValueKind

ROWS = (
    Row("INTEGER", "-9223372036854775808"),
    Row("INTEGER", "1.5", note="a fraction"),
    Row("INTEGER", "'seven'", note="a word"),
    Row("BIGINT", "9007199254740993"),
    Row("BOOLEAN", "1", "true"),
    Row("BOOLEAN", "2", note="2"),
    Row("BOOLEAN", "'yes'", note="a word"),
    Row("REAL", "0.1 + 0.2"),
    Row("DOUBLE", "-9e999", note="infinite"),
    Row("FLOAT", "'much'", note="a word"),
    Row("DECIMAL(10,2)", "1.1", "1.10"),
    Row("NUMERIC", "12345.678"),
    Row("NUMERIC", "'about 3'", note="a word"),
    Row("TEXT", "'a \"é😀'"),
    Row("VARCHAR(9)", "x'00'", note="a blob"),
    Row("CHAR(9)", "'ab '"),
    Row("CLOB", "''"),
    Row("BLOB", "x'00ff'", "AP8="),
    Row("BLOB", "'text'", note="a text"),
    Row("JSON", """'{"a": 1.10, "a": 2}'"""),
    Row("JSON", "'{'", note="no JSON"),
    Row("UUID", "'6F1DE0D0-7A4B-4C43-8F1C-0A1B2C3D4E5F'", "6f1de0d0-7a4b-4c43-8f1c-0a1b2c3d4e5f"),
    Row("UUID", "'6F1DE0D0'", note="no UUID"),
    Row("DATE", "'2024-02-29'"),
    Row("DATE", "2460310.5", note="a number"),
    Row("TIME", "'10:00:00.5'"),
    Row("DATETIME", "'2024-10-27 02:30:00.5'"),
    Row("DATETIME", "1706745600", note="an epoch"),
    Row("DATETIME", "'2024-10-27 02:30:00Z'", note="with a zone"),
    Row("TIMESTAMP", "'2024-10-27T02:30:00'"),
    Row("TIMESTAMPTZ", "'2024-10-27 02:30:00+02:00'", "2024-10-27T00:30:00Z"),
    Row("TIMESTAMPTZ", "'2024-10-27 02:30:00'", note="without a zone"),
    Row("GEOMETRY", "'POINT(1 2)'"),
    Row("none", "1e300"),
)


def holds(kind: ValueKind, own: str) -> str:
    """Value form of what is stored."""
    return format(Decimal(own), "f") if kind is ValueKind.DECIMAL else plain(kind, own)


def build(folder: Path, _: Any) -> Zoo:
    """A SQLite file; the own texts are those of the values that Python's own module gives."""
    path = folder / "zoo.sqlite"
    names = [f"value_{number}" for number in range(len(ROWS))]
    columns = ", ".join(
        f"{name} {row.native.replace('none', '')}" for name, row in zip(names, ROWS, strict=True)
    )
    with closing(sqlite3.connect(path)) as con:
        con.execute(f"CREATE TABLE {TABLE} ({columns})")
        con.execute(f"INSERT INTO {TABLE} VALUES ({', '.join(row.literal for row in ROWS)})")
        con.commit()
        found = con.execute(f"SELECT * FROM {TABLE}").fetchall()[0]
    own = {name: _text(value) for name, value in zip(names, found, strict=True)}
    return Zoo(Warehouse("sqlite", {"path": str(path)}), ROWS, own, holds)


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return None
    return {"inf": "Inf", "-inf": "-Inf"}.get(repr(value), str(value))


def types() -> set[str]:
    """Kinds of declarations that the adapter knows."""
    plain_ones = {"INTEGER", "BOOLEAN", "REAL", "DECIMAL", "TEXT", "BLOB", "JSON", "UUID"}
    return plain_ones | {"DATE", "TIME", "DATETIME", "TIMESTAMP", "TIMESTAMPTZ"}
