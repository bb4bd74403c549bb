"""PostgreSQL by way of SQLAlchemy: what is between the two."""

from pathlib import Path

import psycopg
from testbed import postgres as pg
from tests.contract.zoo import postgres_zoo
from tests.contract.zoo.cages import TABLE, Zoo
from tests.support.warehouses import Warehouse, at

ROWS = postgres_zoo.ROWS
holds, types = postgres_zoo.holds, postgres_zoo.types


def build(_: Path, database: pg.Database) -> Zoo:
    names = [name for name in postgres_zoo.fill(database) if name.startswith(("value", "list"))]
    read = ", ".join(f"CAST({name} AS varchar)" for name in names)
    with psycopg.connect(database.libpq, options="-c timezone=UTC") as connection:
        (row,) = connection.execute(f"SELECT {read} FROM {TABLE} LIMIT 1").fetchall()
    own = dict(zip(names, row, strict=True))
    for number, column in enumerate(ROWS):
        if column.native == "bytea":
            own[f"value_{number}"] = holds(postgres_zoo.ValueKind.BINARY, own[f"value_{number}"])
    options = {"driver": "postgresql+psycopg"}
    return Zoo(Warehouse("sqlalchemy", options, at(database.libpq)), ROWS, own, holds)
