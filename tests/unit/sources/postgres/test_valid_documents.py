"""What PostgreSQL holds as jsonb is a JSON document: it is written without being parsed, and is the same."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from testbed import postgres as pg

from afschrift.domain.value_kind import ValueKind
from afschrift.sources.registry import open_source
from afschrift.values import json_text
from afschrift.values.errors import ValueFormError

AWKWARD = [
    r'{"a": "\ud83d\ude00 \u0001 \\u0000 \n \"", "é": 1.10}',
    '{"n": 1e300, "m": -0.0, "l": 123456789012345678901234567890.000100, "e": 1E-7}',
    "[]",
    '"null"',
    "null",
    ' {"b":1,\n "a":2, "b":3} ',
    '"' + "x" * 3000 + '"',
    "[" * 390 + "]" * 390,
]


@pytest.fixture
def database(postgres_server: pg.Server) -> Iterator[pg.Database]:
    database = postgres_server.create()
    database.execute(
        "CREATE DOMAIN detail AS jsonb",
        "CREATE TABLE doc (id int, b jsonb, d detail, j json, l jsonb[], t text)",
    )
    for number, text in enumerate(AWKWARD):
        quoted = text.replace("'", "''")
        database.execute(
            f"INSERT INTO doc SELECT {number}, b, b, '{quoted}', ARRAY[b], 'x' FROM (SELECT '{quoted}'::jsonb AS b) x"
        )
    yield database
    postgres_server.drop(database)


def read(database: pg.Database, monkeypatch: pytest.MonkeyPatch) -> tuple[frozenset[str], pa.Array]:
    monkeypatch.setenv("AIRFLOW_CONN_DOCS", database.libpq)
    kinds = {"id": ValueKind.INTEGER, **dict.fromkeys("bdjl", ValueKind.JSON), "t": ValueKind.TEXT}
    of = 'SELECT\n  CAST(t."b" AS text) AS "b"\nFROM "doc" AS t\nWHERE (1 = 1)\nORDER BY t."id"\n'
    with open_source("docs", "postgres", {}, connection="docs") as session:
        oracle = session.oracle(of, kinds, kinds.keys(), {})
        texts = pa.concat_arrays([batch.column(0) for batch in session.stream(of)])
    return oracle.documents, texts


def test_of_jsonb_alone_it_is_known(database: pg.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    known, texts = read(database, monkeypatch)
    assert known == {"b", "d"}
    assert len(texts) == len(AWKWARD)
    for one in (texts, *(texts.slice(at, 1) for at in range(len(texts)))):
        assert json_text.are_documents(one)
        assert json_text.documents(one, valid=True).equals(json_text.documents(one))


def test_what_is_nested_too_deeply_is_found_all_the_same(
    database: pg.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute(f"INSERT INTO doc (id, b) VALUES (99, '{'[' * 3000}{']' * 3000}')")
    _, texts = read(database, monkeypatch)
    with pytest.raises(ValueFormError, match="no JSON document"):
        json_text.documents(texts, valid=True)
