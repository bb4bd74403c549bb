"""What PostgreSQL holds as jsonb, or writes as JSON for us, is not parsed again, and is the same."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest
from testbed import postgres as pg

from afschrift.domain.reconciliation import Extract
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.registry import open_source
from afschrift.values import json_text
from afschrift.values.written import ValueFormError

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
        reconciliation = session.reconciliation(Extract(of, kinds, kinds.keys()))
        texts = pa.concat_arrays([batch.column(0) for batch in session.stream(of)])
    return reconciliation.documents, texts


def test_only_jsonb_is_known_to_be_valid(database: pg.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    known, texts = read(database, monkeypatch)
    assert known == {"b", "d"}
    assert len(texts) == len(AWKWARD)
    for part in (texts, *(texts.slice(at, 1) for at in range(len(texts)))):
        assert json_text.are_documents(part)
        assert json_text.documents(part, valid=True).equals(json_text.documents(part))


def test_what_is_nested_too_deeply_is_found_all_the_same(
    database: pg.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.execute(f"INSERT INTO doc (id, b) VALUES (99, '{'[' * 3000}{']' * 3000}')")
    _, texts = read(database, monkeypatch)
    with pytest.raises(ValueFormError, match="no JSON document"):
        json_text.documents(texts, valid=True)


TEXTS = "ARRAY[E'\\x01\\x1f\\t\\n\\r\\b\\f\"\\\\/', 'é😀', '', NULL, 'null', '{}', E'\\u2028\\x7f', ',']"
LISTS = {
    "text": TEXTS,
    "varchar": TEXTS + "::varchar[]",
    "int4": "ARRAY[[1, -2], [NULL, 2147483647]]",
    "int8": "ARRAY[9007199254740991, -9007199254740993, NULL]",
    "numeric": "ARRAY['NaN', 'Infinity', 1.10, 1e-20, -0]::numeric[]",
    "float8": "ARRAY['NaN', '-Infinity', -0.0, 1e300, 0.1]::float8[]",
    "bool": "ARRAY[true, NULL, false]",
    "timestamptz": "ARRAY['infinity', '0044-03-15 12:00:00+00 BC', '2024-01-01 10:00:00.123456+02']::timestamptz[]",
    "timetz": "ARRAY['10:00:00.5+05:30']::timetz[]",
    "date": "ARRAY['-infinity', '2024-02-29']::date[]",
    "interval": "ARRAY['1 year -2 days 03:04:05.6']::interval[]",
    "bytea": "ARRAY['\\x00ff22'::bytea, '']",
    "uuid": "ARRAY['00000000-0000-4000-8000-000000000001']::uuid[]",
    "inet": "ARRAY['10.0.0.1/8', '::1']::inet[]",
    "mood": "ARRAY['so \"so\"', 'fi,ne']::mood[]",
    "empty": "ARRAY[]::text[]",
}


def test_lists_are_written_as_documents_by_every_way(
    postgres_server: pg.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = postgres_server.create()
    database.execute(
        "CREATE TYPE mood AS ENUM ('so \"so\"', 'fi,ne')",
        "CREATE TABLE lists AS SELECT " + ", ".join(f'{sql} AS "{name}"' for name, sql in LISTS.items()),
    )
    monkeypatch.setenv("AIRFLOW_CONN_DOCS", database.libpq)
    with open_source("docs", "postgres", {}, connection="docs") as session:
        columns = session.catalogue()["lists"]
        selected = {name: columns[name].expression.format(column=f't."{name}"') for name in LISTS}
        listed = ",\n  ".join(f'{sql} AS "{name}"' for name, sql in selected.items())
        of = f'SELECT\n  {listed}\nFROM "lists" AS t\nWHERE (1 = 1)\nORDER BY 1\n'
        reconciliation = session.reconciliation(Extract(of, dict.fromkeys(LISTS, ValueKind.JSON), LISTS))
        [batch] = session.stream(of)
    assert reconciliation.documents == LISTS.keys()
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        assert json_text.are_documents(column), name
        assert json_text.documents(column, valid=True).equals(json_text.documents(column)), name
    postgres_server.drop(database)


def test_the_server_counts_documents_without_writing_them(
    database: pg.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`null` counts as none, as what is written has it; a text `"null"` is a document, and NULL is none."""
    database.execute("INSERT INTO doc (id) VALUES (100)")
    monkeypatch.setenv("AIRFLOW_CONN_DOCS", database.libpq)
    kinds = {"id": ValueKind.INTEGER, **dict.fromkeys("bdj", ValueKind.JSON)}
    of = 'SELECT\n  t."id" AS "id"\nFROM "doc" AS t\nWHERE (1 = 1)\nORDER BY t."id"\n'
    with open_source("docs", "postgres", {}, connection="docs") as session:
        seen, rows = [], session.rows
        monkeypatch.setattr(
            session,
            "rows",
            lambda statement, *args, **more: (seen.append(statement), rows(statement, *args, **more))[1],
        )
        found = session.reconciliation(Extract(of, kinds, {"id", "b", "d", "j"})).sums((), None)
    assert found.rows == len(AWKWARD) + 1
    assert found.present == {"id": found.rows, **dict.fromkeys("bdj", len(AWKWARD) - 1)}
    assert 'CAST(t."j" AS text)' in seen[-1]  # what was typed: only its text tells
    assert not any(f'CAST(t."{name}" AS text)' in seen[-1] for name in "bd")
