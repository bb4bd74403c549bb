"""Values that a driver, an expression or a united view made otherwise: the reconciliation finds them.

Each is read by an extract as a fault would leave it, whatever the adapters do today.
"""

from __future__ import annotations

import random
import struct
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from testbed import postgres as pg
from tests.contract.test_source_reconciliation import compare, extract
from tests.support import mariadb
from tests.support.warehouses import at

from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.sources import ColumnType, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.duckdb import parquet_lake
from afschrift.sources.registry import open_source

# as an adapter without the mend of each has them
ARROW = ColumnType("", ValueKind.JSON, "{column}")


def duck(folder: Path, *statements: str) -> Source:
    with duckdb.connect(str(folder / "w.duckdb")) as con:
        con.execute("SET TimeZone = 'UTC'")
        for statement in statements:
            con.execute(statement)
    return open_source("w", "duckdb", {"path": str(folder / "w.duckdb")})


def columns(session: Source, table: str) -> dict[str, ColumnType]:
    return dict(session.catalogue()[table])


@pytest.mark.parametrize(
    "value",
    [
        "[340282366920938463463374607431768211455::UHUGEINT]",
        "{'a': 340282366920938463463374607431768211454::UHUGEINT}",
        "MAP {'a': [340282366920938463463374607431768211455::UHUGEINT]}",
        "['101'::BIT]",
        "{'a': '0101'::BIT}",
        "MAP {'a': '1'::BIT}",
        "['10:00:00.5+05:30'::TIMETZ]",
        "{'a': '23:59:59-11'::TIMETZ}",
        "MAP {'a': '10:00:00+01'::TIMETZ}",
    ],
)
def test_what_arrow_carries_otherwise_inside_of_nested_values(tmp_path: Path, value: str) -> None:
    """The whole value goes through Arrow, as it did; some of these types Arrow makes others of."""
    with duck(tmp_path, f"CREATE TABLE x AS SELECT 1 AS id, {value} AS v") as session:
        types = columns(session, "x") | {"v": ARROW}
        with pytest.raises(Exception, match=r"column v ") as error:
            compare(session, extract(session, "x", types, ("id",)))
    assert "34028" not in str(error.value)


NESTED = (
    "[]::INTEGER[], {'a': NULL::INTEGER, 'b c': ['x,y', NULL, '']}, MAP {'k': 1.50::DECIMAL(9,2)}, [[1.5, 'nan'::DOUBLE]], "
    "[{'t': TIMESTAMPTZ '2024-01-01 00:00:00.5+00'}], [DATE '2024-02-29'], ['\\x00\\xFF'::BLOB], [true, NULL], "
    "[1, 2]::INTEGER[2], INTERVAL '-1 year -3 days 25:00:00.000001', INTERVAL '0 days', '10:00:00+02'::TIMETZ, "
    "'2024-01-01 00:00:00.123456789'::TIMESTAMP_NS, [0.1::FLOAT], '{\"a\" : [ ]}'::JSON, 'null'::JSON, "
    "(-0.0)::DOUBLE, 5e-324::DOUBLE, 'x'::VARCHAR, 18446744073709551615::UBIGINT, '0044-01-01 (BC)'::DATE"
)


@pytest.mark.parametrize(
    ("native", "number"),
    [
        ("BIGINT", "i - 9223372036854775807"),
        ("BIGINT", "i - 6000"),
        ("UBIGINT", "18446744073709551615 - i"),
        ("UINTEGER", "4294967295 - i"),
        ("INTEGER", "i - 6000"),
        ("SMALLINT", "i - 32000"),
    ],
)
def test_both_sides_of_duckdb_draw_the_same_rows(tmp_path: Path, native: str, number: str) -> None:
    rows = f"SELECT ({number})::{native} AS id, 'x' || i AS v FROM range(0, 12000) r(i)"
    with duck(tmp_path, f"CREATE TABLE x AS {rows}") as session:
        found = compare(session, extract(session, "x", columns(session, "x"), ("id",)))
    assert found.sample is not None
    assert 0 < found.hashed_rows < 1200


def test_values_of_duckdb_that_are_read_exactly_agree(tmp_path: Path) -> None:
    values = f"SELECT * FROM (VALUES (1, {NESTED})) AS x (id, {', '.join(f'c{n}' for n in range(21))})"
    with duck(tmp_path, f"CREATE TABLE x AS {values}") as session:
        types = columns(session, "x")
        found = compare(session, extract(session, "x", types, ("id",)))
    assert set(found.hashed) == set(types)


def postgres(database: pg.Database) -> Source:
    return open_source("w", "postgres", {}, connection="w", connect=at(database.libpq))


@pytest.fixture
def database(postgres_server: Any) -> Any:
    created = postgres_server.create()
    yield created
    postgres_server.drop(created)


POSTGRES = {
    "int4[]": ["{}", "{1,NULL}", "{{1,2},{3,4}}"],
    "text[]": ['{"",NULL,"NULL",a,"a b","{x}","\\"q\\\\"}', '{"x,y","\t"}'],
    "float8[]": ["{1e15,1e14,0.0001,1e-05,-0,NaN,Infinity,1.5}", "{123456789012345678}"],
    "float4[]": ["{1e6,123456,0.1,1e-5}"],
    "bool[]": ["{t,f,NULL}"],
    "bytea[]": ['{"\\\\x00ff",""}'],
    "numeric[]": ["{1.50,NaN,-Infinity}"],
    "jsonb[]": ['{"{\\"a\\": [1, 2.50]}","\\"x\\"",NULL}'],
    "json[]": ['{"{\\"a\\":[1,  2.50]}"}'],
    "timestamptz[]": ['{"2024-01-01 00:00:00.5+00",infinity,"2024-01-01 00:00:00.100007+00"}'],
    "inet[]": ["{10.0.0.1,10.0.0.0/8}"],
    "uuid[]": ["{6f1de0d0-7a4b-4c43-8f1c-0a1b2c3d4e5f}"],
    "inet": ["10.0.0.1", "10.0.0.0/8", "::1"],
    "money": ["-12.50", "0", "92233720368547758.07"],
    "float4": ["1e6", "0.1", "NaN"],
    "timestamptz": ["2024-01-01 00:00:00.100007+00", "2024-01-01 00:00:00.010100+00", "infinity"],
    "timetz": ["10:00:00.5+05:30", "24:00:00+00", "10:00:00-11"],
    "interval": ["1 year 2 mons -3 days 04:05:06.789", "0"],
    "json": [' {"a" :\n 1} ', "null", '"x"'],
    "jsonb": ["null", '{"b": [1.0, "\\u00e9"]}'],
    "bytea": ["", "\\x00ff10"],
    "int4range": ["[1,5)", "empty"],
    "bit(4)": ["0101"],
    "bpchar(5)": ["ab"],
    "numeric": ["Infinity", "1e-20", "1" + "0" * 100],
    "timestamp": ["-infinity", "0044-03-15 10:00 BC", "12024-01-01 00:00:00.1"],
    "nest": ['(1,"a ""b"" \\\\,",)', "(,,)"],
    "nest[]": ['{"(1,\\"x y\\",2.50)",NULL}'],
    "hstore": ['a=>1, "b c"=>NULL, "q\\""=>"\\\\"'],
}


def test_values_of_postgresql_that_are_read_exactly_agree(database: Any) -> None:
    database.execute(
        "CREATE EXTENSION IF NOT EXISTS hstore",
        "CREATE TYPE nest AS (a integer, b text, c numeric(5,2))",
    )
    for number, (native, values) in enumerate(POSTGRES.items()):
        rows = ", ".join(f"({n}, '{value.replace(chr(39), chr(39) * 2)}')" for n, value in enumerate(values))
        database.execute(
            f"CREATE TABLE x{number} (id integer, v {native})",
            f"INSERT INTO x{number} VALUES {rows}, (99, NULL)",
        )
    wrong = []
    with postgres(database) as session:
        for number, native in enumerate(POSTGRES):
            types = columns(session, f"x{number}")
            try:
                found = compare(session, extract(session, f"x{number}", types, ("id",)))
                wrong += [] if found.hashed == ("id", "v") else [(native, "counted")]
            except ValidationFailedError as error:
                wrong.append((native, str(error)))
    assert wrong == []


@pytest.mark.parametrize(
    ("native", "value", "read"),
    [
        ("int4[]", "[2:3]={1,2}", "CAST(to_json({column}) AS text)"),
        ("jsonb[]", '{"null"}', "CAST(to_json({column}) AS text)"),
        ("jsonb[]", '{"null",NULL}', "CAST(to_json({column}) AS text)"),
        ("numeric", "12345678901234567890.5", "CAST(CAST({column} AS float8) AS text)"),
        (
            "timestamptz",
            "2024-07-01 12:00+00",
            "CAST({column} AT TIME ZONE 'Europe/Amsterdam' AS text) || '+00'",
        ),
        ("timestamp", "2024-07-01 12:00:00.5", "CAST(date_trunc('second', {column}) AS text)"),
        ("float8", "0.123456789012345", "CAST({column} AS float4)"),
        ("text", "0012", "CAST(CAST({column} AS integer) AS text)"),
        ("text", "abc", "left({column}, 2)"),
        ("bytea", "\\x00ff", "substr({column}, 1, 1)"),
        ("bool", "true", "NOT {column}"),
        ("interval", "1 mon", "CAST(justify_interval({column} + interval '30 days') AS text)"),
    ],
)
def test_a_wrong_expression_of_an_adapter_is_reported(
    database: Any, native: str, value: str, read: str
) -> None:
    database.execute(f"CREATE TABLE x (id integer, v {native})", f"INSERT INTO x VALUES (1, '{value}')")
    with postgres(database) as session:
        types = columns(session, "x")
        types["v"] = ColumnType(types["v"].native, types["v"].kind, read)
        with pytest.raises(ValidationFailedError, match=r"w\.x .* the values of column v differ"):
            compare(session, extract(session, "x", types, ("id",)))


def test_floats_of_mariadb_agree(mariadb_server: mariadb.Server) -> None:
    chosen = random.Random(7)
    floats = [float(f"{sign}{n}e{power}") for power in range(-30, 30) for n in (1, 1.5) for sign in ("", "-")]
    floats += [chosen.random() * 10.0 ** chosen.randrange(-20, 20) for _ in range(500)]
    floats += [struct.unpack("d", struct.pack("Q", chosen.getrandbits(62)))[0] for _ in range(200)]
    database = mariadb_server.create()
    database.execute(
        "CREATE TABLE x (id INT PRIMARY KEY AUTO_INCREMENT, d DOUBLE, f FLOAT, t DATETIME(3), b BIT(5), y YEAR, "
        "z INT(6) ZEROFILL)"
    )
    with database.connect() as connection, connection.cursor() as cursor:
        rows = [(repr(x), repr(x) if 1e-30 < abs(x) < 1e30 else "0.1") for x in floats]
        cursor.executemany(
            "INSERT INTO x (d, f, t, b, y, z) VALUES (%s, %s, '2024-01-01 10:00:00.5', 5, 2024, 42)", rows
        )
    with open_source("w", "mysql", {}, connection="w", connect=at(database.uri())) as session:
        types = columns(session, "x")
        found = compare(session, extract(session, "x", types, ("id",)))
    mariadb_server.drop(database)
    assert (found.hashed_rows, set(found.hashed)) == (len(floats), set(types))


def lake(folder: Path, *tables: pa.Table, **options: Any) -> Source:
    (folder / "lake" / "x").mkdir(parents=True)
    for number, table in enumerate(tables):
        pq.write_table(table, folder / "lake" / "x" / f"part-{number}.parquet", **options)
    return open_source("w", "parquet", {"root": str(folder / "lake")})


def by_the_first_file(con: Any, where: str, files: Any) -> Any:
    """As a lake was read before files of different schemas were united or refused."""
    return con.read_parquet([file.name for file in files], hive_partitioning=True), {}


ids = pa.array([1, 2], pa.int64())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            pa.array([Decimal("1.2")] * 2, pa.decimal128(9, 1)),
            pa.array([Decimal("1.2345")] * 2, pa.decimal128(9, 4)),
        ),
        (pa.array([7, 8], pa.int64()), pa.array(["0012", "0013"])),
    ],
    ids=["decimals", "texts"],
)
def test_differing_files_of_a_lake_read_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: pa.Array, second: pa.Array
) -> None:
    monkeypatch.setattr(parquet_lake, "unite_files", by_the_first_file)
    tables = [
        pa.table({"id": pa.array(n, pa.int64()), "v": v}) for n, v in (([1, 2], first), ([3, 4], second))
    ]
    with (
        lake(tmp_path, *tables) as session,
        pytest.raises(ValidationFailedError, match=r"w\.x .* the values of column v differ"),
    ):
        compare(session, extract(session, "x", columns(session, "x"), ("id",)))


def test_a_later_column_that_the_view_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_lake, "unite_files", by_the_first_file)
    tables = [pa.table({"id": ids}), pa.table({"id": pa.array([3], pa.int64()), "note": ["x"]})]
    with (
        lake(tmp_path, *tables) as session,
        pytest.raises(ValidationFailedError, match=r"A file of w\.x has a column note"),
    ):
        compare(session, extract(session, "x", columns(session, "x"), ("id",)))


@pytest.mark.parametrize(
    ("values", "read", "options"),
    [
        (
            pa.array([Decimal("1" * 60)] * 2, pa.decimal256(76, 0)),
            ColumnType("DOUBLE", ValueKind.NUMBER, "{column}"),
            {},
        ),
        (
            pa.array([1_704_067_200_123_456_789] * 2, pa.timestamp("ns")),
            ColumnType("TIMESTAMP", ValueKind.DATETIME, "CAST({column} AS VARCHAR)"),
            {"use_deprecated_int96_timestamps": True},
        ),
        (
            pa.array([86_400_000_001] * 2, pa.duration("us")),
            ColumnType("BIGINT", ValueKind.INTEGER, "{column}"),
            {},
        ),
    ],
    ids=["decimal of 60 digits", "INT96 of nanoseconds", "duration"],
)
def test_values_of_files_that_duckdb_reads_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: pa.Array, read: ColumnType, options: Any
) -> None:
    monkeypatch.setattr(parquet_lake, "unite_files", by_the_first_file)
    with lake(tmp_path, pa.table({"id": ids, "v": values}), **options) as session:
        types = columns(session, "x") | {"v": read}
        with pytest.raises(ValidationFailedError, match=r"w\.x .* the values of column v differ"):
            compare(session, extract(session, "x", types, ("id",)))


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_durations_and_old_times_of_files_agree_as_they_are_read_now(tmp_path: Path, unit: str) -> None:
    table = pa.table(
        {
            "id": ids,
            "v": pa.array([86_400_000_010, -5], pa.duration(unit)),
            "t": pa.array([1_704_067_200_123_456_789, None], pa.timestamp("ns")),
        }
    )
    with lake(tmp_path, table, use_deprecated_int96_timestamps=True) as session:
        found = compare(session, extract(session, "x", columns(session, "x"), ("id",)))
    assert set(found.hashed) == {"id", "v", "t"}
