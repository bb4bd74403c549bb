"""Whatever a database holds, what is read of it is reconciled, or it is refused by name."""

import itertools
import json
import sqlite3
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.support import mariadb
from tests.support.properties import quicker
from tests.support.warehouses import at

from afschrift.domain.errors import ConfigurationError, ValidationFailedError
from afschrift.sources.registry import open_source
from afschrift.testing.source_contract import compare, plan_of

SIGNS = "\x1d\x1e\x1f\\\"'{}[](),=> \t\r\n\u0085\u2028%é😀aN0"
"""What separates or escapes somewhere, beside any other character."""


def texts(*, nul: bool = True) -> st.SearchStrategy[str]:
    """Any text; some of signs that databases escape."""
    never = "" if nul else "\0"
    any_sign = st.characters(exclude_categories=["Cs"], exclude_characters=never)
    known = st.sampled_from(["", "null", "NULL", "a ", " a", "{}", "[]", "\x1e", "\\N", "infinity", "1.10"])
    return st.text(st.one_of(st.sampled_from(SIGNS), any_sign), max_size=12) | known


def doubles() -> st.SearchStrategy[float]:
    """Any bits: subnormal ones, both zeros, NaN of any payload."""
    bits = st.integers(0, 2**64 - 1).map(lambda n: struct.unpack("<d", struct.pack("<Q", n))[0])
    near = st.sampled_from(
        [0.0, -0.0, 5e-324, -1e-310, 1e15, 1e16, 1e17, 123456789012345678.0, 1e-4, 1e-5, 0.1]
    )
    return bits | st.floats() | near


def singles() -> st.SearchStrategy[float]:
    return st.integers(0, 2**32 - 1).map(lambda n: struct.unpack("<f", struct.pack("<I", n))[0])


def documents(*, nul: bool = True) -> st.SearchStrategy[str]:
    """JSON with space between its tokens, keys twice, escapes and numbers that no float holds."""
    strings = texts(nul=nul).map(json.dumps)
    if not nul:
        strings |= texts(nul=nul).map(lambda text: json.dumps(text, ensure_ascii=False))
    numbers = st.sampled_from(["0", "-0", "1.10", "1e400", "-1E-7", "12345678901234567890123", "0.1"])
    space = st.sampled_from(["", " ", "\n", " \t", "\r\n"])
    leaves = st.one_of(strings, numbers, st.sampled_from(["true", "false", "null"]))

    def more(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        lists = st.tuples(space, st.lists(inside, max_size=3)).map(
            lambda p: f"[{p[0]}{f',{p[0]}'.join(p[1])}]"
        )
        pairs = st.lists(st.tuples(st.sampled_from(['"a"', '"a"', '""', '"b c"']), space, inside), max_size=3)
        return lists | pairs.map(lambda found: "{" + ", ".join(f"{k}{s}:{v}" for k, s, v in found) + "}")

    return st.tuples(space, st.recursive(leaves, more, max_leaves=6), space).map("".join)


Column = tuple[str, str, st.SearchStrategy[Any]]
"""Its type, SQL of a value with a sign for what is bound, and what is bound."""

numbers = itertools.count()
few = settings(quicker(5), phases=[Phase.explicit, Phase.generate])  # a failure names the column already


def rows(columns: Mapping[str, Column]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    """Rows of a value for each column, some NULL."""
    row = st.tuples(*(st.none() | values for _, _, values in columns.values()))
    return st.lists(row, min_size=1, max_size=12)


def stopped(kind: str, options: dict[str, Any], connect: Any = None) -> dict[str, str]:
    """Columns whose reconciliation differs, or breaks; one whose values are refused with a remedy is none."""
    reached = {"connection": "w", "connect": connect} if connect else {}
    found: dict[str, str] = {}
    left: list[str] | None = None
    while left is None or left:
        with open_source("w", kind, options, **reached) as session:
            types = dict(session.catalogue()["x"])
            left = left or list(types)
            while left:
                name = left.pop()
                part = plan_of(session, "x", {n: types[n] for n in dict.fromkeys(("id", name))}, ("id",))
                try:
                    compare(session, part)
                except ValidationFailedError as error:
                    found[name] = str(error)
                except ConfigurationError as error:
                    assert error.remedy, str(error)
                    break  # the session may be broken
    return found


moments = st.integers(-(2 * 10**17), 9 * 10**18) | st.integers(-(10**16), 10**16)
days = st.integers(-700_000, 2_900_000)
spans = st.tuples(st.integers(-400, 400), st.integers(-50, 50), st.integers(-(10**12), 10**12))
lists = st.lists(st.none() | texts(), max_size=3)
DUCK: dict[str, Column] = {
    "t": ("VARCHAR", "?", texts()),
    "f": ("DOUBLE", "?", doubles()),
    "s": ("FLOAT", "CAST(? AS FLOAT)", singles()),
    "d": ("DECIMAL(38,10)", "CAST(? AS DECIMAL(38,10))", st.decimals(-(10**27), 10**27, places=10).map(str)),
    "ts": ("TIMESTAMP", "make_timestamp(CAST(? AS BIGINT))", moments),
    "tz": ("TIMESTAMPTZ", "make_timestamptz(CAST(? AS BIGINT))", moments),
    "ns": ("TIMESTAMP_NS", "make_timestamp_ns(CAST(? AS BIGINT))", moments),
    "day": ("DATE", "DATE '1970-01-01' + CAST(? AS INTEGER)", days),
    "j": ("JSON", "?", documents()),
    "b": ("BLOB", "?", st.binary(max_size=9)),
    "l": ("VARCHAR[]", "CAST(? AS VARCHAR[])", lists),
    "fl": ("DOUBLE[]", "CAST(? AS DOUBLE[])", st.lists(st.none() | doubles(), max_size=3)),
    "sl": ("FLOAT[]", "CAST(? AS FLOAT[])", st.lists(st.none() | singles(), max_size=3)),
    "tl": ("TIMESTAMPTZ[]", "list_transform(CAST(? AS BIGINT[]), lambda x: make_timestamptz(x))", st.lists(moments, max_size=2)),
    "r": ("STRUCT(a VARCHAR, l VARCHAR[])", "CAST(? AS STRUCT(a VARCHAR, l VARCHAR[]))",
          st.fixed_dictionaries({"a": st.none() | texts(), "l": st.none() | lists})),
    "m": ("MAP(VARCHAR, VARCHAR)", "map_from_entries(CAST(? AS STRUCT(k VARCHAR, v VARCHAR)[]))",
          st.dictionaries(texts(), st.none() | texts(), max_size=3).map(lambda d: [{"k": k, "v": v} for k, v in d.items()])),
    "i": ("INTERVAL", "to_months(CAST(?[1] AS INTEGER)) + to_days(CAST(?[2] AS INTEGER)) + to_microseconds(?[3])", spans.map(list)),
}  # fmt: skip


@few
@given(found=rows(DUCK))
def test_any_rows_of_duckdb(tmp_path: Path, found: Sequence[tuple[Any, ...]]) -> None:
    path = tmp_path / f"{next(numbers)}.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(f"CREATE TABLE x (id BIGINT, {', '.join(f'{n} {c[0]}' for n, c in DUCK.items())})")
        values = ", ".join(c[1].replace("?", f"${n}") for n, c in enumerate(DUCK.values(), 2))
        for number, row in enumerate(found):
            con.execute(f"INSERT INTO x SELECT $1, {values}", [number, *row])
    assert stopped("duckdb", {"path": str(path)}) == {}


seconds = st.integers(-211_000_000_000, 9_223_000_000_000)
times = st.tuples(seconds | st.integers(-(10**9), 10**9), st.integers(0, 999_999)).map(
    lambda t: f"{t[0]}.{t[1]:06d}"
)
tokens = texts(nul=False)
strings = st.lists(st.none() | tokens, max_size=3)
EPOCH = "timestamp '2000-01-01'"
PG: dict[str, Column] = {
    "t": ("text", "%s", tokens),
    "c": ("char(9)", "left(CAST(%s AS text), 9)", tokens),
    "f": ("float8", "%s", doubles()),
    "s": ("float4", "%s", singles()),
    "nan": ("float8", "CAST(%s AS float8) - 'Infinity'", st.just("Infinity")),
    "n": ("numeric", "CAST(%s AS numeric)", st.decimals(allow_nan=False, allow_infinity=False).map(str) | st.sampled_from(["NaN", "Infinity"])),
    "ts": ("timestamp", f"{EPOCH} + CAST(%s AS float8) * interval '1 second'", times),
    "us": ("timestamptz", "CAST(%s AS timestamptz)", st.datetimes().map(lambda t: f"{t.isoformat()}Z") | st.sampled_from(["infinity", "-infinity"])),
    "day": ("date", "date '2000-01-01' + CAST(%s AS integer)", st.integers(-2_451_000, 2_145_000_000)),
    "cl": ("timetz", "CAST(%s AS timetz)", st.times().map(str).flatmap(lambda t: st.integers(-15, 15).map(lambda h: f"{t}{h:+03d}:30"))),
    "i": ("interval", "CAST(%s AS interval)", spans.map(lambda t: f"{t[0]} months {t[1]} days {t[2]} microseconds")),
    "j": ("json", "CAST(%s AS json)", documents(nul=False)),
    "jb": ("jsonb", "CAST(%s AS jsonb)", documents(nul=False).filter(lambda text: "\\u0000" not in text)),
    "b": ("bytea", "%s", st.binary(max_size=9)),
    "l": ("text[]", "CAST(%s AS text[])", strings),
    "fl": ("float8[]", "CAST(%s AS float8[])", st.lists(st.none() | doubles(), max_size=3)),
    "sl": ("float4[]", "CAST(%s AS float4[])", st.lists(st.none() | singles(), max_size=3)),
    "r": ("nest", "CAST(ROW(CAST(%s AS text), 1.50, NULL) AS nest)", tokens),
    "rl": ("nest[]", "ARRAY[CAST(ROW(CAST(%s AS text), 1.50, NULL) AS nest), NULL]", tokens),
    "h": ("hstore", "hstore(CAST(%s AS text[]))", strings.filter(lambda found: len(found) % 2 == 0 and None not in found[::2])),
    "ra": ("tstzrange", "tstzrange(CAST(%s AS timestamptz), NULL)", st.datetimes().map(lambda t: f"{t.isoformat()}Z")),
}  # fmt: skip


@pytest.fixture(scope="module")
def database(postgres_server: Any) -> Iterator[Any]:
    created = postgres_server.create()
    created.execute("CREATE EXTENSION hstore", "CREATE TYPE nest AS (a text, n numeric(5,2), b boolean)")
    created.execute(f"CREATE TABLE x (id integer, {', '.join(f'{n} {c[0]}' for n, c in PG.items())})")
    yield created
    postgres_server.drop(created)


@few
@given(found=rows(PG))
def test_any_rows_of_postgresql(database: Any, found: Sequence[tuple[Any, ...]]) -> None:
    with psycopg.connect(database.libpq, autocommit=True) as con:
        con.execute("TRUNCATE x")
        for number, row in enumerate(found):
            bound = {f"v{n}": value for n, value in enumerate(row)}
            sql = ", ".join(c[1].replace("%s", f"%(v{n})s") for n, c in enumerate(PG.values()))
            con.execute(f"INSERT INTO x VALUES ({number}, {sql})", bound)
    assert stopped("postgres", {}, at(database.libpq)) == {}
    assert stopped("sqlalchemy", {"driver": "postgresql+psycopg"}, at(database.libpq)) == {}


def test_space_around_null_is_no_value(database: Any) -> None:
    with psycopg.connect(database.libpq, autocommit=True) as con:
        con.execute("TRUNCATE x")
        con.execute(r"INSERT INTO x (id, j) VALUES (0, E'\tnull\r\n'), (1, E'\t[1,\t2]\n'), (2, NULL)")
    assert stopped("sqlalchemy", {"driver": "postgresql+psycopg"}, at(database.libpq)) == {}


LITE: dict[str, Column] = {
    "t": ("TEXT", "?", texts()),
    "f": ("REAL", "?", st.floats(allow_nan=False)),
    "n": ("DECIMAL(20,2)", "?", st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.decimals(-(10**30), 10**30).map(str)),
    "i": ("INTEGER", "?", st.integers(-(2**63), 2**63 - 1)),
    "j": ("JSON", "?", documents(nul=False)),
    "b": ("BLOB", "?", st.binary(max_size=9)),
    "ts": ("TIMESTAMP", "?", st.datetimes().map(str)),
    "tz": ("TIMESTAMPTZ", "?", st.datetimes(timezones=st.just(UTC)).map(str) | st.datetimes().map(lambda t: f"{t}+05:30")),
    "cl": ("TIME", "?", st.times().map(str)),
}  # fmt: skip


@few
@given(found=rows(LITE))
def test_any_rows_of_sqlite(tmp_path: Path, found: Sequence[tuple[Any, ...]]) -> None:
    path = tmp_path / f"{next(numbers)}.sqlite"
    with closing(sqlite3.connect(path)) as con, con:
        con.execute(f"CREATE TABLE x (id INTEGER, {', '.join(f'{n} {c[0]}' for n, c in LITE.items())})")
        for number, row in enumerate(found):
            con.execute(f"INSERT INTO x VALUES (?{', ?' * len(row)})", (number, *row))
    assert stopped("sqlite", {"path": str(path)}) == {}


NANOS, MICROS = pa.timestamp("ns"), pa.timestamp("us", "UTC")
ARROW: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "t": (pa.string(), texts()),
    "f": (pa.float64(), doubles()),
    "s": (pa.float32(), singles()),
    "d": (pa.decimal128(38, 10), st.decimals(-(10**27), 10**27, places=10)),
    "us": (MICROS, st.integers(-(6 * 10**16), 2 * 10**17)),
    "ns": (NANOS, st.integers(-(2**63) + 2, 2**63 - 2)),
    "day": (pa.date32(), days),
    "cl": (pa.time64("ns"), st.integers(0, 86_399_999_999_999)),
    "j": (pa.json_(), documents()),
    "b": (pa.binary(), st.binary(max_size=9)),
    "l": (pa.list_(pa.string()), lists),
    "fl": (pa.list_(pa.float32()), st.lists(st.none() | singles(), max_size=3)),
    "ul": (pa.list_(MICROS), st.lists(st.none() | st.integers(-(6 * 10**16), 2 * 10**17), max_size=3)),
    "nl": (pa.list_(NANOS), st.lists(st.none() | st.integers(-(2**63) + 2, 2**63 - 2), max_size=3)),
    "ll": (pa.list_(pa.list_(pa.int64())), st.lists(st.none() | st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=2), max_size=3)),
    "r": (pa.struct({"a": pa.string(), "t": pa.time64("ns")}), st.fixed_dictionaries({"a": st.none() | texts(), "t": st.none() | st.integers(0, 86_399_999_999_999)})),
    "m": (pa.map_(pa.string(), pa.list_(pa.string())), st.dictionaries(texts(), st.none() | lists, max_size=3).map(lambda d: list(d.items()))),
}  # fmt: skip


def array(of: pa.DataType, values: list[Any]) -> pa.Array:
    """NaN is no NULL, and an extension is its storage."""
    if isinstance(of, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(of, pa.array(values, of.storage_type, from_pandas=False))
    return pa.array(values, of, from_pandas=False)


@few
@given(found=rows({name: ("", "", values) for name, (_, values) in ARROW.items()}))
def test_any_rows_of_a_lake(tmp_path: Path, found: Sequence[tuple[Any, ...]]) -> None:
    folder = tmp_path / f"{next(numbers)}" / "x"
    folder.mkdir(parents=True)
    cells = zip(ARROW.items(), zip(*found, strict=True), strict=True)
    table = pa.table(
        {"id": pa.array(range(len(found)))} | {n: array(of, list(v)) for (n, (of, _)), v in cells}
    )
    pq.write_table(table.slice(0, 5), folder / "0.parquet")
    pq.write_table(table.slice(5), folder / "1.parquet")
    assert stopped("parquet", {"root": str(folder.parent)}) == {}


def test_members_that_only_some_files_have(tmp_path: Path) -> None:
    """Both readings agree on what grew, and on texts as Arrow views; rows are taken from each file."""
    (tmp_path / "x").mkdir()
    deep = pa.list_(pa.struct({"a": pa.int32(), "t": pa.string()}))
    grown = pa.list_(pa.struct({"n": pa.list_(pa.int64()), "t": pa.string(), "a": pa.int64()}))
    columns = {
        0: {
            "v": pa.array(["é", None], pa.string_view()),
            "d": pa.array([[{"a": 1, "t": "x"}, None], None], deep),
        },
        1: {"v": pa.array(["z"]), "d": pa.array([[{"n": [2**60], "t": None, "a": 2**60}]], grown)},
    }
    for number, held in columns.items():
        ids = pa.array([number * 10 + n for n in range(len(held["v"]))])
        pq.write_table(pa.table({"id": ids, **held}), tmp_path / "x" / f"{number}.parquet")
    assert stopped("parquet", {"root": str(tmp_path)}) == {}


@pytest.mark.parametrize("number", [2**31 - 1, 1 - 2**31])
@pytest.mark.parametrize("of", [MICROS, NANOS, pa.date32()], ids=str)
def test_only_a_day_of_a_lake_is_endless_at_32_bits(tmp_path: Path, of: pa.DataType, number: int) -> None:
    (tmp_path / "x").mkdir()
    numbers = pa.array([number], pa.int32() if pa.types.is_date32(of) else pa.int64())
    pq.write_table(pa.table({"id": [1], "m": numbers.cast(of)}), tmp_path / "x" / "0.parquet")
    assert stopped("parquet", {"root": str(tmp_path)}) == {}


MARIA: dict[str, Column] = {
    "t": ("VARCHAR(99)", "", texts()),
    "c": ("CHAR(99)", "", texts()),
    "lt": ("LONGTEXT", "", texts()),
    "f": ("DOUBLE", "", st.floats(allow_nan=False, allow_infinity=False)),
    "n": ("DECIMAL(65,30)", "", st.decimals(-(10**34), 10**34, places=30).map(str)),
    "ts": ("DATETIME(6)", "", st.datetimes().map(str)),
    "cl": ("TIME(6)", "", st.times().map(str)),
    "j": ("JSON", "", documents()),
    "b": ("VARBINARY(9)", "", st.binary(max_size=9)),
}


@few
@given(found=rows(MARIA))
def test_any_rows_of_mariadb(maria: mariadb.Database, found: Sequence[tuple[Any, ...]]) -> None:
    with maria.connect() as connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE x")
        for number, row in enumerate(found):
            cursor.execute(f"INSERT INTO x VALUES (%s{', %s' * len(row)})", (number, *row))
    assert stopped("mysql", {}, at(maria.uri())) == {}
    assert stopped("sqlalchemy", {"driver": "mysql+pymysql"}, at(maria.uri())) == {}


@pytest.fixture(scope="module")
def maria(mariadb_server: mariadb.Server) -> Iterator[mariadb.Database]:
    created = mariadb_server.create()
    created.execute(f"CREATE TABLE x (id INTEGER, {', '.join(f'{n} {c[0]}' for n, c in MARIA.items())})")
    yield created
    mariadb_server.drop(created)
