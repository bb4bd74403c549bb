"""Values that a driver, an expression or a united view made otherwise: the reconciliation finds them.

Each is read by an extract as a fault would leave it, whatever the adapters do today.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.warehouses import at

from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.sources import ColumnType, Source
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.duckdb import parquet_lake
from afschrift.sources.registry import open_source
from afschrift.testing.source_contract import compare, plan_of


def duck(folder: Path, *statements: str) -> Source:
    with duckdb.connect(str(folder / "w.duckdb")) as con:
        con.execute("SET TimeZone = 'UTC'")
        for statement in statements:
            con.execute(statement)
    return open_source("w", "duckdb", {"path": str(folder / "w.duckdb")})


def columns(session: Source, table: str) -> dict[str, ColumnType]:
    return dict(session.catalogue()[table])


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
        found = compare(session, plan_of(session, "x", columns(session, "x"), ("id",)))
    assert found.sample is not None
    assert 0 < found.hashed_rows < 1200


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
        compare(session, plan_of(session, "x", columns(session, "x"), ("id",)))


def test_a_later_column_that_the_view_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_lake, "unite_files", by_the_first_file)
    tables = [pa.table({"id": ids}), pa.table({"id": pa.array([3], pa.int64()), "note": ["x"]})]
    with (
        lake(tmp_path, *tables) as session,
        pytest.raises(ValidationFailedError, match=r"A file of w\.x has a column note"),
    ):
        compare(session, plan_of(session, "x", columns(session, "x"), ("id",)))


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
            compare(session, plan_of(session, "x", types, ("id",)))


ENCODED = "id integer, t text, a text[], j json, e mood, n nest, c char(5), b bytea"


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_texts_of_other_encodings_agree(postgres_server: Any, encoding: str) -> None:
    database = postgres_server.create(f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    sign = {"EUC_JP": "日"}.get(encoding, "é")
    stored = sign.encode("utf-8" if encoding == "SQL_ASCII" else encoding).hex()
    text = f"convert_from('\\x{stored}', '{encoding}')"
    database.execute(
        "CREATE TYPE nest AS (a text, b integer)",
        f"DO $$BEGIN EXECUTE 'CREATE TYPE mood AS ENUM (' || quote_literal({text}) || ')'; END$$",
        f"CREATE TABLE x ({ENCODED})",
        f"INSERT INTO x SELECT 1, {text}, ARRAY[{text}, NULL], to_json({text}), {text}::mood, ROW({text}, 2)::nest, "
        f"{text}, '\\xe9'",
        "INSERT INTO x (id) VALUES (2)",
    )
    try:
        with open_source("w", "postgres", {}, connection="w", connect=at(database.libpq)) as session:
            types = dict(session.catalogue()["x"])
            for read in (types, {name: column.as_text() for name, column in types.items()}):
                found = compare(session, plan_of(session, "x", read, ("id",)))
                assert (found.rows, set(found.hashed)) == (2, set(types))
    finally:
        postgres_server.drop(database)
