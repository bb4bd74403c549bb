"""Every type of MariaDB; it has nothing that holds other values."""

from pathlib import Path

import pymysql
from pymysql.converters import encoders
from tests.contract.zoo.cages import TABLE, Row, Zoo, plain, rows_of
from tests.support import mariadb
from tests.support.warehouses import Warehouse, at

from afschrift.domain.value_kind import ValueKind

_SHAPES = {
    "GEOMETRY": "POINT(0.30000000000000004 1e-300)",
    "POINT": "POINT(1 2)",
    "LINESTRING": "LINESTRING(1 2,3 4)",
    "POLYGON": "POLYGON((0 0,1 0,1 1,0 0))",
    "MULTIPOINT": "MULTIPOINT(1 2,3 4)",
    "MULTILINESTRING": "MULTILINESTRING((1 2,3 4))",
    "MULTIPOLYGON": "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))",
    "GEOMETRYCOLLECTION": "GEOMETRYCOLLECTION(POINT(1 2))",
}
ROWS = rows_of("mysql")


def holds(kind: ValueKind, own: str) -> str:
    form = plain(kind, own)
    return f"{form}Z" if kind is ValueKind.INSTANT else form


def build(_: Path, database: mariadb.Database) -> Zoo:
    """A MariaDB database; the own texts are those of its text protocol, or of its function for the type."""
    names = [f"value_{number}" for number in range(len(ROWS))]
    must = {"VECTOR": " NOT NULL"}
    columns = ", ".join(
        f"{name} {row.native}{must.get(row.native.split('(')[0], '')}"
        for name, row in zip(names, ROWS, strict=True)
    )
    database.execute(
        "SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'",
        f"CREATE TABLE {TABLE} ({columns})",
        f"INSERT INTO {TABLE} VALUES ({', '.join(row.literal for row in ROWS)})",
    )
    read = ", ".join(_own(name, row) for name, row in zip(names, ROWS, strict=True))
    client = pymysql.connect(
        unix_socket=database.socket,
        user="root",
        database=database.name,
        charset="utf8mb4",
        conv=dict(encoders),
    )
    with client, client.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(f"SELECT {read} FROM {TABLE}")
        texts = [value.decode() if isinstance(value, bytes) else value for value in cursor.fetchall()[0]]
    return Zoo(Warehouse("mysql", {}, at(database.uri())), ROWS, dict(zip(names, texts, strict=True)), holds)


def _own(name: str, row: Row) -> str:
    if row.native in _SHAPES:
        return f"concat(if(ST_SRID({name}) = 0, '', 'SRID=4326;'), ST_AsText({name}))"
    if row.native.startswith("VECTOR"):
        return f"hex({name})"  # its own text has six digits
    return f"'{row.form}'" if row.form else name  # bytes, bits and floats: see the form


def types() -> set[str]:
    numbers = {"TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE", "BIT"}
    texts = {"CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "ENUM", "SET", "JSON", "UUID"}
    blobs = {"BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "INET4", "INET6", "VECTOR"}
    return numbers | texts | blobs | {"DATE", "DATETIME", "TIMESTAMP", "TIME", "YEAR"} | set(_SHAPES)
