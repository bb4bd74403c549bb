"""Arrays written in one call are the arrays written element by element."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from testbed import postgres as pg

from afschrift.domain.value_kind import ValueKind
from afschrift.sources.postgres.json import array_text, fragment, whole_array
from afschrift.sources.registry import open_source

TEXT = "CAST(u1.e AS text)"
BARE = "u1.e"
CASES = [
    ("smallint[]", ValueKind.INTEGER, BARE, ["{1,-2,NULL}", "{{1,2},{3,4}}", "{}", "[0:1]={5,6}", "{32767}"]),
    ("integer[]", ValueKind.INTEGER, BARE, ["{2147483647,-2147483648,NULL}", "{{{1},{NULL}},{{0},{-1}}}", "{}", "[-1:0]={5,6}"]),
    ("number[]", ValueKind.INTEGER, BARE, ["{7,NULL,-7}"]),
    ("bigint[]", ValueKind.INTEGER, BARE, ["{9007199254740991}", "{9007199254740992,1}", "{{1},{-9007199254740993}}", "{NULL}"]),
    ("float8[]", ValueKind.NUMBER, BARE, ["{1.5,-0}", "{-0,1}", "{NaN,1}", "{Infinity,-Infinity}", "{1e-05,1e300}", "{NULL,2}", "{{-0.5},{0}}"]),
    ("float4[]", ValueKind.NUMBER, BARE, ["{0.1,16777216}", "{-0}"]),
    ("boolean[]", ValueKind.BOOLEAN, BARE, ["{t,f,NULL}", "{}", "{{t},{f}}"]),
    ("text[]", ValueKind.TEXT, BARE, ['{"a \\"b\\\\",é,"",NULL,"NULL"}', "{{a,b},{c,d}}", "{}", '{"{x,y}","\n\t"}']),
    ("char(3)[]", ValueKind.TEXT, TEXT, ["{a,abc}"]),
    ("varchar[]", ValueKind.TEXT, BARE, ["{a, b}"]),
    ("mood[]", ValueKind.TEXT, TEXT, ['{calm,"a \\"b"}']),
    ("code[]", ValueKind.TEXT, BARE, ["{aa,NULL}"]),
    ("int4range[]", ValueKind.TEXT, TEXT, ['{"[1,3)",empty}']),
    ("uuid[]", ValueKind.UUID, TEXT, ["{6F1DE0D07A4B4C438F1C0A1B2C3D4E5F,NULL}"]),
    ("date[]", ValueKind.DATE, TEXT, ["{infinity,2024-02-29,NULL}", '{"0044-03-15 BC"}']),
    ("interval[]", ValueKind.DURATION, TEXT, ['{"1 year -3 days",0}']),
]  # fmt: skip


@pytest.fixture(scope="module")
def database(postgres_server: pg.Server) -> pg.Database:
    database = postgres_server.create()
    database.execute(
        "CREATE TYPE mood AS ENUM ('calm', 'a \"b')",
        "CREATE DOMAIN code AS varchar(2)",
        "CREATE DOMAIN number AS integer",
    )
    return database


@pytest.mark.parametrize(("native", "kind", "element", "values"), CASES, ids=[case[0] for case in CASES])
def test_one_call_writes_what_the_elements_give(
    database: pg.Database, native: str, kind: ValueKind, element: str, values: list[str]
) -> None:
    short = native in ("smallint[]", "integer[]", "number[]")
    at_once = whole_array("{column}", kind, bare=element == BARE, cast=element == TEXT, short=short)
    assert at_once is not None
    one_by_one = array_text("{column}", fragment(BARE, element, kind), "u1")
    both = array_text("{column}", fragment(BARE, element, kind), "u1", at_once)

    with psycopg.connect(database.libpq, options="-c intervalstyle=iso_8601") as connection:
        for value in [*values, None]:
            slow, fast = (written(connection, form, native, value) for form in (one_by_one, both))
            assert fast == slow, value


def written(connection: psycopg.Connection[Any], form: str, native: str, value: str | None) -> str | None:
    expression = form.replace("%", "%%").format(column="t.x")
    row = connection.execute(
        f"SELECT {expression} FROM (SELECT CAST(%s::text AS {native}) AS x) AS t", [value]
    )  # type: ignore[arg-type]
    return row.fetchall()[0][0]


def test_what_to_json_writes_otherwise_is_left_to_the_elements() -> None:
    for kind in (
        ValueKind.DECIMAL,
        ValueKind.TIME,
        ValueKind.INSTANT,
        ValueKind.DATETIME,
        ValueKind.BINARY,
        ValueKind.JSON,
    ):
        assert whole_array("c", kind, bare=False, cast=True) is None
    assert whole_array("c", ValueKind.INTEGER, bare=False, cast=True) is None  # an oid becomes a string
    assert whole_array("c", ValueKind.TEXT, bare=False, cast=False) is None  # an inet's cast adds /32


def test_numbers_of_32_bits_are_not_looked_at_one_by_one(
    database: pg.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such number needs the quotes that one beyond 2^53 does."""
    database.execute("CREATE TABLE counted (n int PRIMARY KEY, s int2[], i int4[], d number[], l int8[])")
    monkeypatch.setenv("AIRFLOW_CONN_COUNTED", database.libpq)
    with open_source("counted", "postgres", {}, connection="counted") as session:
        columns = session.catalogue()["counted"]
    looked = [name for name, column in columns.items() if "ALL (" in column.expression]
    assert looked == ["l"]
