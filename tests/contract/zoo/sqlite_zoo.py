"""What columns of SQLite declare, and values that follow it or do not."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.contract.zoo.cages import TABLE, Zoo, plain, rows_of
from tests.support.warehouses import Warehouse

from afschrift.domain.value_kind import ValueKind

ROWS = rows_of("sqlite")


def holds(kind: ValueKind, own: str) -> str:
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
    plain_ones = {"INTEGER", "BOOLEAN", "REAL", "DECIMAL", "TEXT", "BLOB", "JSON", "UUID"}
    return plain_ones | {"DATE", "TIME", "DATETIME", "TIMESTAMP", "TIMESTAMPTZ"}
