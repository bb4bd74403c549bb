"""Every type of PostgreSQL that some reader is known to get wrong, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from testbed import postgres as pg
from tests.support.two_sessions import open_two
from tests.support.warehouses import at
from tests.unit.sources.reading import forms

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.postgres.column_types import BOUNDS, raise_sql

SCHEMA = (
    "CREATE EXTENSION citext",
    "CREATE EXTENSION hstore",
    "CREATE TYPE mood AS ENUM ('calm', 'a \"b')",
    "CREATE TYPE pair AS (x integer, at timestamptz)",
    "CREATE TYPE nest AS (a bigint, b text, c numeric(3,2)[], d pair, e json)",
    "CREATE TYPE tagged AS (tags integer[])",
    "CREATE TYPE span AS RANGE (subtype = float8)",
    "CREATE DOMAIN postcode AS text CHECK (VALUE ~ '^[0-9]{4}')",
    "CREATE DOMAIN amount AS numeric(10,2)",
    "SET lc_monetary = 'C'",
)

# type, literal, kind, value form
CASES: list[tuple[str, str, ValueKind, str | None]] = [
    ("numeric(38)", "99999999999999999999999999999999999999", ValueKind.DECIMAL, "9" * 38),
    ("numeric", "'1e-20'", ValueKind.DECIMAL, "0.00000000000000000001"),
    ("numeric", "'-1e-20'", ValueKind.DECIMAL, "-0.00000000000000000001"),
    ("numeric", "'NaN'", ValueKind.DECIMAL, "NaN"),
    ("numeric", "'-Infinity'", ValueKind.DECIMAL, "-INF"),
    ("numeric(10,2)", "1.10", ValueKind.DECIMAL, "1.10"),
    ("numeric", "'1' || repeat('0', 1000)", ValueKind.DECIMAL, "1" + "0" * 1000),
    ("amount", "1.1", ValueKind.DECIMAL, "1.10"),
    ("bigint", "9007199254740993", ValueKind.INTEGER, "9007199254740993"),
    ("bigint", "'-9223372036854775808'", ValueKind.INTEGER, "-9223372036854775808"),
    ("smallint", "'-32768'", ValueKind.INTEGER, "-32768"),
    ("float8", "'NaN'", ValueKind.NUMBER, "NaN"),
    ("float8", "'Infinity'", ValueKind.NUMBER, "INF"),
    ("float8", "'1e-310'", ValueKind.NUMBER, "1e-310"),
    ("float4", "'0.1'", ValueKind.NUMBER, "0.1"),
    ("float4", "'16777216'", ValueKind.NUMBER, "16777216"),
    ("money", "'-1234.50'", ValueKind.DECIMAL, "-1234.50"),
    ("oid", "4294967295", ValueKind.INTEGER, "4294967295"),
    ("boolean", "'f'", ValueKind.BOOLEAN, "false"),
    ("text", "''", ValueKind.TEXT, ""),
    ("text", "NULL", ValueKind.TEXT, None),
    ("text", "E'\\\\N \\x01\\r\\n😀'", ValueKind.TEXT, "\\N \x01\r\n😀"),
    ("char(5)", "'ab'", ValueKind.TEXT, "ab"),
    ("citext", "'AbC'", ValueKind.TEXT, "AbC"),
    ("postcode", "'1234 AB'", ValueKind.TEXT, "1234 AB"),
    ("mood", "'a \"b'", ValueKind.TEXT, 'a "b'),
    ("uuid", "'6F1DE0D07A4B4C438F1C0A1B2C3D4E5F'", ValueKind.UUID, "6f1de0d0-7a4b-4c43-8f1c-0a1b2c3d4e5f"),
    ("bytea", "'\\x00ff'", ValueKind.BINARY, "AP8="),
    ("bytea", "convert_to(repeat('a', 100), 'UTF8')", ValueKind.BINARY, "YWFh" * 33 + "YQ=="),
    ("json", """'{"a": 1.10, "a":2,  "b": [1e400]}'""", ValueKind.JSON, '{"a": 1.10, "a":2,  "b": [1e400]}'),
    (
        "jsonb",
        """'{"n": 1.10, "big": 12345678901234567890.5}'""",
        ValueKind.JSON,
        '{"n": 1.10, "big": 12345678901234567890.5}',
    ),
    ("hstore", """'a=>"1", b=>NULL, "q\\"q"=>"x"'""", ValueKind.JSON, '{"a": "1", "b": null, "q\\"q": "x"}'),
    ("date", "'infinity'", ValueKind.DATE, "infinity"),
    ("date", "'0044-03-15 BC'", ValueKind.DATE, "0044-03-15 BC"),
    ("date", "'5874897-12-31'", ValueKind.DATE, "5874897-12-31"),
    ("timestamp", "'-infinity'", ValueKind.DATETIME, "-infinity"),
    ("timestamp", "'2024-10-27 02:30:00.000001'", ValueKind.DATETIME, "2024-10-27T02:30:00.000001"),
    ("timestamp", "'0001-01-01 00:00:00 BC'", ValueKind.DATETIME, "0001-01-01 00:00:00 BC"),
    ("timestamptz", "'2024-10-27 02:30:00.5+02'", ValueKind.INSTANT, "2024-10-27T00:30:00.500000Z"),
    ("timestamptz", "'infinity'", ValueKind.INSTANT, "infinity"),
    ("timestamptz", "'0044-03-15 12:00+00 BC'", ValueKind.INSTANT, "0044-03-15 12:00:00+00 BC"),
    ("timestamptz", "'9999-12-31 23:59:59.999999+00'", ValueKind.INSTANT, "9999-12-31T23:59:59.999999Z"),
    ("time", "'24:00'", ValueKind.TIME, "24:00:00"),
    ("timetz", "'10:00:00.5+05:30'", ValueKind.TIME, "10:00:00.500000+05:30"),
    ("timetz", "'10:00:00+01:02:03'", ValueKind.TIME, "10:00:00+01:02:03"),
    ("interval", "'1 year 2 mons -3 days 04:05:06.789'", ValueKind.DURATION, "P1Y2M-3DT4H5M6.789S"),
    ("interval", "'0'", ValueKind.DURATION, "PT0S"),
    ("inet", "'192.168.0.1'", ValueKind.TEXT, "192.168.0.1"),
    ("inet", "'::1/64'", ValueKind.TEXT, "::1/64"),
    ("cidr", "'10.0.0.0/8'", ValueKind.TEXT, "10.0.0.0/8"),
    ("int4range", "'[1,5)'", ValueKind.TEXT, "[1,5)"),
    ("tstzrange", "'[2024-01-01 00:00+00,)'", ValueKind.TEXT, '["2024-01-01 00:00:00+00",)'),
    ("span", "'[0.1,0.3)'", ValueKind.TEXT, "[0.1,0.3)"),
    ("nummultirange", "'{[1.10,2),[3,4)}'", ValueKind.TEXT, "{[1.10,2),[3,4)}"),
    ("point", "'(1.5,-2)'", ValueKind.TEXT, "(1.5,-2)"),
    ("bit(4)", "B'0101'", ValueKind.TEXT, "0101"),
    ("bigint[]", "'{9007199254740993,NULL,1}'", ValueKind.JSON, '["9007199254740993",null,1]'),
    ("integer[]", "'{{1,2},{3,4}}'", ValueKind.JSON, "[[1,2],[3,4]]"),
    ("integer[]", "'{{{1},{2}},{{3},{4}}}'", ValueKind.JSON, "[[[1],[2]],[[3],[4]]]"),
    ("int2vector", "'7 8'", ValueKind.JSON, "[7,8]"),  # these count from 0 by their type
    (
        "timetz[]",
        "'{10:00:00.5+02,10:00+00,10:00-01:02:03}'",
        ValueKind.JSON,
        '["10:00:00.500000+02:00","10:00:00Z","10:00:00-01:02:03"]',
    ),
    ("time[]", "'{24:00,NULL}'", ValueKind.JSON, '["24:00:00",null]'),
    ("integer[]", "'{}'", ValueKind.JSON, "[]"),
    ("text[]", "ARRAY['NULL', NULL, 'a\"b', '{}']", ValueKind.JSON, '["NULL",null,"a\\"b","{}"]'),
    ("numeric[]", "'{1.10,NaN,1e-20}'", ValueKind.JSON, '["1.10","NaN","0.00000000000000000001"]'),
    ("float8[]", "'{NaN,-0,Infinity}'", ValueKind.JSON, '["NaN",-0.0,"INF"]'),
    ("bytea[]", "ARRAY['\\x00ff'::bytea]", ValueKind.JSON, '["AP8="]'),
    ("mood[]", "'{calm}'", ValueKind.JSON, '["calm"]'),
    ("jsonb[]", "ARRAY['{\"a\": 1.10}'::jsonb]", ValueKind.JSON, '[{"a": 1.10}]'),
    (
        "timestamptz[]",
        "'{infinity,2024-01-01 00:00+00}'",
        ValueKind.JSON,
        '["infinity","2024-01-01T00:00:00Z"]',
    ),
    (
        "nest",
        "ROW(9007199254740993, NULL, '{1.10}', ROW(1, '2024-01-01 00:00+00'), '{\"a\":1,\"a\":2}')",
        ValueKind.JSON,
        '{"a":"9007199254740993","b":null,"c":["1.10"],"d":{"x":1,"at":"2024-01-01T00:00:00Z"},"e":{"a":1,"a":2}}',
    ),
    ("pair[]", "ARRAY[ROW(1, NULL)::pair, NULL]", ValueKind.JSON, '[{"x":1,"at":null},null]'),
]


# type, literal, what is said of it, and what `kind: text` gives
AMBIGUOUS = [
    ("integer[]", "'[0:1]={7,8}'", "first index is not 1", "[0:1]={7,8}"),
    ("integer[]", "'[1:1][0:1]={{7,8}}'", "first index is not 1", "[1:1][0:1]={{7,8}}"),
    ("tagged", "ROW('[0:0]={7}')", "first index is not 1", "([0:0]={7})"),
    ("jsonb[]", "ARRAY['null'::jsonb, NULL]", "JSON value null", '{"null",NULL}'),
    ("json[]", "ARRAY[' null '::json]", "JSON value null", '{" null "}'),
    ("nest", "ROW(1, NULL, NULL, NULL, 'null')", "JSON value null", "(1,,,,null)"),
]


@pytest.fixture(scope="module")
def database(postgres_server: pg.Server) -> Iterator[pg.Database]:
    database = postgres_server.create("LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    table = ", ".join(f"c{number} {type_}" for number, (type_, *_) in enumerate(CASES))
    values = ", ".join(f"CAST({literal} AS {type_})" for type_, literal, *_ in CASES)
    database.execute(*SCHEMA, f"CREATE TABLE trap ({table})", f"INSERT INTO trap VALUES ({values})")
    table = ", ".join(f"c{number} {type_}" for number, (type_, *_) in enumerate(AMBIGUOUS))
    values = ", ".join(f"CAST({literal} AS {type_})" for type_, literal, *_ in AMBIGUOUS)
    database.execute(f"CREATE TABLE untold ({table})", f"INSERT INTO untold VALUES ({values})")
    yield database
    postgres_server.drop(database)


@pytest.fixture(scope="module")
def session(database: pg.Database) -> Iterator[Source]:
    with open_two("w", "postgres", {}, connection="w", connect=at(database.libpq)) as opened:
        yield opened


@pytest.fixture(scope="module")
def row(session: Source) -> dict[str, str | None]:
    return forms(session, "trap")[0]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_exact(session: Source, row: dict[str, str | None], number: int) -> None:
    type_, literal, kind, form = CASES[number]
    column = session.catalogue()["trap"][f"c{number}"]
    assert (column.kind, row[f"c{number}"]) == (kind, form), f"{type_} {literal}"


@pytest.mark.parametrize("number", range(len(AMBIGUOUS)))
def test_what_json_cannot_tell_is_refused_and_given_as_text(database: pg.Database, number: int) -> None:
    *_, message, text = AMBIGUOUS[number]
    with open_two("w", "postgres", {}, connection="w", connect=at(database.libpq)) as session:
        assert forms(session, "untold", [f"c{number}"], as_text=True) == [{f"c{number}": text}]
        with pytest.raises(
            ConfigurationError, match=rf"w\.untold\.c{number} holds .*{message}.*`kind: text`"
        ):
            forms(session, "untold", [f"c{number}"])


def test_a_statement_frozen_by_an_older_release_still_refuses_such_arrays(database: pg.Database) -> None:
    failing = raise_sql(BOUNDS, "untold.c0", "count(*)")
    with (
        open_two("w", "postgres", {}, connection="w", connect=at(database.libpq)) as session,
        pytest.raises(ConfigurationError, match=r"w\.untold\.c0 holds an array.*`kind: text`"),
    ):
        list(session.stream(f'SELECT {failing} AS c0\nFROM "untold" AS t\n'))


def test_a_type_that_is_not_known_has_no_kind(postgres: pg.Database) -> None:
    postgres.execute(
        "CREATE TYPE odd",
        "CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'textin'",
        "CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'",
        "CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out)",
        "CREATE TYPE holds AS (a integer, b odd)",
        "CREATE TABLE t (a odd, b odd[], c holds)",
    )
    with open_two("w", "postgres", {}, connection="w", connect=at(postgres.libpq)) as session:
        columns = session.catalogue()["t"]
    assert {name: (c.kind, c.native) for name, c in columns.items()} == {
        "a": (None, "odd"),
        "b": (None, "odd[]"),
        "c": (None, "holds"),
    }


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_databases_in_other_encodings(postgres_server: pg.Server, encoding: str) -> None:
    database = postgres_server.create(f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    try:
        database.execute("CREATE TABLE t (n integer, a text)")
        stored = "'\\xe9'" if encoding == "LATIN1" else "'\\xc3a9'"
        database.execute(f"INSERT INTO t VALUES (1, convert_from({stored}, '{encoding}'))")
        with open_two("w", "postgres", {}, connection="w", connect=at(database.libpq)) as session:
            assert forms(session, "t") == [{"n": "1", "a": "é"}]
    finally:
        postgres_server.drop(database)
