"""Every registered source: reads what stands there exactly, in flat memory, and cannot write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from afschrift.core.errors import ConfigurationError, RetriableError
from afschrift.core.keys import Key
from afschrift.core.kind import Kind
from afschrift.core.ports import Source
from afschrift.sources.registry import SOURCES, open_source

AT = "2026-01-01T00:00:00.000000Z"
COLUMNS = {
    "n": ("BIGINT", "9007199254740993", Kind.INTEGER, 9007199254740993),
    "huge": ("HUGEINT", "170141183460469231731687303715884105727", Kind.INTEGER, "170141183460469231731687303715884105727"),
    "dec": ("DECIMAL(38,20)", "'1.10'", Kind.DECIMAL, "1.10000000000000000000"),
    "tiny": ("DECIMAL(38,20)", "1e-20", Kind.DECIMAL, "0.00000000000000000001"),
    "f": ("DOUBLE", "0.1", Kind.NUMBER, 0.1),
    "b": ("BOOLEAN", "true", Kind.BOOLEAN, True),
    "t": ("VARCHAR", "'a ''quoted\"\n\\N 😀'", Kind.TEXT, "a 'quoted\"\n\\N 😀"),
    "empty": ("VARCHAR", "''", Kind.TEXT, ""),
    "nothing": ("VARCHAR", "NULL", Kind.TEXT, None),
    "j": ("JSON", """'{"a": 1.10, "a": 2}'""", Kind.JSON, '{"a": 1.10, "a": 2}'),
    "u": ("UUID", "'6f1de0d0-7a4b-4c43-8f1c-0a1b2c3d4e5f'", Kind.UUID, "6f1de0d0-7a4b-4c43-8f1c-0a1b2c3d4e5f"),
    "d": ("DATE", "'2024-02-29'", Kind.DATE, "2024-02-29"),
    "ts": ("TIMESTAMP", "'2024-10-27 02:30:00.123456'", Kind.DATETIME, "2024-10-27 02:30:00.123456"),
    "tz": ("TIMESTAMPTZ", "'2024-10-27 02:30:00+02'", Kind.INSTANT, "2024-10-27 00:30:00+00"),
    "bin": ("BLOB", "'\\x00\\xFF'::BLOB", Kind.BINARY, "AP8="),
    "list": ("INTEGER[]", "[1, NULL, 3]", Kind.JSON, [1, None, 3]),
    "nest": ("STRUCT(a INTEGER, b VARCHAR)", "{'a': 1, 'b': NULL}", Kind.JSON, {"a": 1, "b": None}),
    'we"ird name': ("INTEGER", "7", Kind.INTEGER, 7),
}  # fmt: skip
AWKWARD_TABLE = "awkward"

Make = Callable[[Path], Source]


def _create(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("SET TimeZone = 'UTC'")
    spelled = ", ".join(
        f'{v}::{t} AS "{c.replace(chr(34), chr(34) * 2)}"' for c, (t, v, _, _) in COLUMNS.items()
    )
    con.execute(f"CREATE TABLE awkward AS SELECT {spelled}")
    con.execute(
        "CREATE TABLE many AS SELECT i AS id, i % 10 AS owner, repeat('x', 50) AS pad FROM range(300000) r(i)"
    )


def duckdb_file(folder: Path) -> Source:
    with duckdb.connect(str(folder / "w.duckdb")) as con:
        _create(con)
    return open_source("file", "duckdb", {"path": str(folder / "w.duckdb")})


def parquet_lake(folder: Path) -> Source:
    with duckdb.connect() as con:
        _create(con)
        con.execute("ALTER TABLE awkward DROP huge")  # Parquet has no such integer
        for table in ("awkward", "many"):
            target = folder / "lake" / table
            target.mkdir(parents=True)
            con.execute(f"COPY {table} TO '{target}/part-0.parquet' (FORMAT parquet)")
    return open_source("lake", "parquet", {"root": str(folder / "lake")})


MAKERS: dict[str, Make] = {"duckdb": duckdb_file, "parquet": parquet_lake}


def test_every_source_has_a_maker_here() -> None:
    assert set(MAKERS) == set(SOURCES)


@pytest.fixture(params=sorted(SOURCES))
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    return MAKERS[request.param](tmp_path)


def test_catalogue_and_values(source: Source) -> None:
    with source as session:
        catalogue = session.catalogue()[AWKWARD_TABLE]
        assert list(catalogue) == [name for name in COLUMNS if name != "huge" or source.name == "file"]
        quote = session.dialect.quote
        wanted = [
            c.expression.format(column=f"t.{quote(n)}") + f" AS {quote(n)}" for n, c in catalogue.items()
        ]
        relation = session.dialect.relation(AWKWARD_TABLE)
        table = pa.Table.from_batches(session.stream(f"SELECT {', '.join(wanted)} FROM {relation} AS t"))
        row: dict[str, Any] = table.to_pylist()[0]
    for name in catalogue:
        _, _, kind, value = COLUMNS[name]
        assert catalogue[name].kind is kind, name
        assert row[name] == value, name


def test_batches_are_bounded_and_complete(source: Source) -> None:
    with source as session:
        sizes = [b.num_rows for b in session.stream(f"SELECT * FROM {session.dialect.relation('many')}")]
    assert sum(sizes) == 300_000
    assert max(sizes) <= 65_536


def test_it_cannot_write(source: Source) -> None:
    with source as session:
        relation = session.dialect.relation("many")
        for statement in (
            f"DELETE FROM {relation}",
            f"DROP TABLE {relation}",
            f"INSERT INTO {relation} VALUES (1, 1, '')",
        ):
            with pytest.raises((ConfigurationError, RetriableError)):
                session.rows(statement)
    with source as session:
        assert session.rows(f"SELECT count(*) FROM {relation}") == [(300_000,)]


def test_keys_are_bound_and_typed(source: Source) -> None:
    with source as session:
        typed = session.dialect.typed_key("k.value", session.catalogue()["many"]["owner"].native)
        statement = f"SELECT count(*) FROM {session.dialect.relation('many')} t WHERE EXISTS (SELECT 1 FROM afschrift_key k WHERE t.owner = {typed})"
        for value, rows in (
            ("3", 30_000),
            ("3 OR 1=1", 0),
            ("' OR 1=1 --", 0),
            ("3.7", 0),
            ("x", 0),
            ("9" * 400, 0),
        ):
            session.bind([Key("owner", value)], AT)
            assert session.rows(statement)[0][0] == rows, value
        session.bind([], AT)
        assert session.rows("SELECT count(*) FROM afschrift_key") == [(0,)]


@pytest.mark.parametrize(
    "native", ["DOUBLE", "FLOAT", "DECIMAL(18,2)", "HUGEINT", "BIGINT", "VARCHAR", "UUID"]
)
def test_a_key_is_found_whatever_the_type_of_its_column(source: Source, native: str) -> None:
    uuid = "6F1DE0D0-7a4b-4c43-8f1c-0a1b2c3d4e5f"
    given, stored, others = (
        (uuid, f"'{uuid}'", ["x"]) if native == "UUID" else ("46", "46", ["46.4", "47", "4 6", "046x"])
    )
    with source as session:
        typed = session.dialect.typed_key("k.value", native)
        statement = f"SELECT count(*) FROM (SELECT CAST({stored} AS {native}) AS c) t, afschrift_key k WHERE t.c = {typed}"
        for value, rows in [(given, 1), *((other, 0) for other in others)]:
            session.bind([Key("c", value)], AT)
            assert session.rows(statement)[0][0] == rows, value
        text = session.dialect.key_text("t.c", native)
        assert session.rows(f"SELECT {text} FROM (SELECT CAST({stored} AS {native}) AS c) t") == [
            (given.lower(),)
        ]


def test_interval_of_a_key(source: Source) -> None:
    keys = [
        Key("a", "always"),
        Key("a", "past", None, "2025-12-31T23:59:59.000000Z"),
        Key("a", "now", AT, "2026-01-01T00:00:00.000001Z"),
        Key("a", "later", "2026-01-01T00:00:00.000001Z"),
    ]
    with source as session:
        session.bind(keys, AT)
        current = session.rows("SELECT value FROM afschrift_key WHERE is_current ORDER BY value")
    assert current == [("always",), ("now",)]


def test_errors_name_the_source_and_no_value(source: Source) -> None:
    with source as session, pytest.raises((ConfigurationError, RetriableError)) as caught:
        session.rows("SELECT CAST('secret-value' AS INTEGER)")
    assert f"Source {source.name}" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("kind", "option"), [("duckdb", "path"), ("parquet", "root")])
def test_not_there(kind: str, option: str, tmp_path: Path) -> None:
    with (
        pytest.raises(RetriableError, match="Source w cannot be opened"),
        open_source("w", kind, {option: str(tmp_path / "no")}),
    ):
        pass
    with pytest.raises(ConfigurationError, match=f"no option `{option}`"):
        open_source("w", kind, {})
    with pytest.raises(ConfigurationError, match="NOT_SET_ANYWHERE, which is not set"):
        open_source("w", kind, {option: "${NOT_SET_ANYWHERE}/x"})


def test_unknown_kind() -> None:
    with pytest.raises(ConfigurationError, match="choose one of duckdb, parquet"):
        open_source("w", "oracle", {})
