"""Every type of MariaDB; it has nothing that holds other values."""

from __future__ import annotations

from pathlib import Path

import pymysql
from pymysql.converters import encoders
from tests.contract.zoo.cages import TABLE, Row, Zoo, plain
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
ROWS = (
    *(Row(name, "-7") for name in ("TINYINT", "SMALLINT", "MEDIUMINT", "INT")),
    Row("BIGINT", "9007199254740993"),
    Row("BIGINT UNSIGNED", "18446744073709551615"),
    Row("INT(6) ZEROFILL", "42"),
    Row("BOOLEAN", "true"),
    Row("DECIMAL(65,30)", "'12345678901234567890123456789012345.1'"),
    Row("FLOAT", "0.12345679", "0.12345679104328156"),
    Row("DOUBLE", "0.1e0 + 0.2e0"),
    Row("BIT(4)", "b'0101'", "0101"),
    Row("CHAR(5)", "'ab'"),
    Row("VARCHAR(20)", "'a \"é😀'"),
    Row("VARCHAR(20) CHARACTER SET latin1", "'café €'"),
    *(Row(name, "'ab\\n'") for name in ("TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT")),
    Row("ENUM('x','Ü')", "'Ü'"),
    Row("SET('a','b c')", "'a,b c'"),
    Row("BINARY(3)", "x'00ff'", "AP8A"),
    *(Row(n, "x'00ff'", "AP8=") for n in ("VARBINARY(9)", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB")),
    Row("JSON", """'{"a": 1.10, "a": 2}'"""),
    Row("UUID", "'6F1DE0D0-7A4B-4C43-8F1C-0A1B2C3D4E5F'"),
    Row("INET4", "'192.0.2.1'"),
    Row("INET6", "'::1'"),
    Row("DATE", "'2024-02-29'"),
    Row("DATE", "'0000-00-00'", note="zero"),
    Row("DATETIME(6)", "'2024-10-27 02:30:00.000001'"),
    Row("TIMESTAMP(6) NULL", "'2024-10-27 00:30:00.5'"),
    Row("TIME(6)", "'10:00:00.5'"),
    Row("TIME(6)", "'24:00:00'", note="24 hours and more"),
    Row("TIME(6)", "'-00:30:00'", note="negative"),
    Row("YEAR", "'0000'"),
    *(Row(name, f"ST_GeomFromText('{text}')") for name, text in _SHAPES.items()),
    Row("POINT", "ST_GeomFromText('POINT(1 2)', 4326)", note="with a reference system"),
    Row("VECTOR(2)", "VEC_FromText('[0.1,16777216]')"),
)


def holds(kind: ValueKind, own: str) -> str:
    """Value form of a text of MariaDB."""
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
    """Every type of MariaDB's manual."""
    numbers = {"TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE", "BIT"}
    texts = {"CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT", "ENUM", "SET", "JSON", "UUID"}
    blobs = {"BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB", "INET4", "INET6", "VECTOR"}
    return numbers | texts | blobs | {"DATE", "DATETIME", "TIMESTAMP", "TIME", "YEAR"} | set(_SHAPES)
