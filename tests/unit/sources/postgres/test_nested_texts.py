"""Own texts of arrays and composite values as JSON documents: what PostgreSQL itself writes as JSON, to the byte."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from testbed import postgres as pg
from tests.support.data import document

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.reconciliation import Extract
from afschrift.domain.redaction import MASK
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.postgres.column_types import (
    BOUNDS,
    NULL,
    Leaf,
    ListOf,
    Record,
    Shape,
    TextMark,
    comment,
    marks,
)
from afschrift.sources.postgres.nested_texts import NoDocumentError, documents, with_documents
from afschrift.sources.registry import open_source
from afschrift.values import json_text
from afschrift.values.written import ValueFormError

TEXT = Leaf("text")
TEXTS = ListOf(TEXT)
PAIR = Record((("a", TEXT), ("b", TEXTS), ('c "{*/é', Leaf("integer"))))
SIGNS = st.sampled_from([*'{}"\\,() ;\n\t\r\x01a', "NULL", "null", "é", "😀", "=>", "[0:1]="])
words = st.lists(SIGNS | st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6).map(
    "".join
)
cells = st.none() | words
grids = st.integers(1, 3).flatmap(
    lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1, max_size=3)
)
pairs = st.none() | st.tuples(cells, st.none() | st.lists(cells, max_size=3), st.none() | st.integers(-9, 9))


@pytest.fixture(scope="module")
def server(postgres_server: pg.Server) -> Iterator[psycopg.Connection[Any]]:
    database = postgres_server.create()
    with psycopg.connect(database.libpq, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION hstore")
        connection.execute('CREATE TYPE pair AS (a text, b text[], "c ""{*/é" int)')
        yield connection
    postgres_server.drop(database)


def as_json(text: str | None, shape: Shape) -> str | None:
    return documents(pa.array([text], pa.string()), shape).to_pylist()[0]  # type: ignore[no-any-return]


def both(server: psycopg.Connection[Any], value: str, *given: Any) -> tuple[Any, Any]:
    """A value's own text, and what the server writes of it as JSON."""
    row = server.execute(
        f"SELECT CAST(x AS text), CAST(to_json(x) AS text) FROM (SELECT {value} AS x) AS t", given
    )  # type: ignore[arg-type]
    return row.fetchall()[0]  # type: ignore[return-value]


@given(found=st.lists(cells, max_size=5) | grids)
def test_texts(server: psycopg.Connection[Any], found: list[Any]) -> None:
    own, expected = both(server, "CAST(%s AS text[])", found)
    assert as_json(own, TEXTS) == expected
    assert json.loads(expected) == found


@given(found=st.lists(st.lists(cells, max_size=4), min_size=1, max_size=4))
def test_a_column_is_what_its_values_are(
    server: psycopg.Connection[Any], found: list[list[str | None]]
) -> None:
    """Values of one dimension are read together."""
    own = [both(server, "CAST(%s AS text[])", value)[0] for value in found]
    column = pa.array([*own, None, *own[:1]], pa.string()).slice(1)
    expected = [*(as_json(text, TEXTS) for text in own[1:]), None, as_json(own[0], TEXTS)]
    assert documents(column, TEXTS).to_pylist() == expected
    assert documents(pa.concat_arrays([column, pa.array(["{{a}}"])]), TEXTS).to_pylist()[:-1] == expected


@given(found=pairs)
def test_a_composite_value(server: psycopg.Connection[Any], found: tuple[Any, ...] | None) -> None:
    value, given = (
        ("CAST(NULL AS pair)", ())
        if found is None
        else ("CAST(ROW(%s, CAST(%s AS text[]), %s) AS pair)", found)
    )
    own, expected = both(server, value, *given)
    assert as_json(own, PAIR) == expected


@given(found=st.lists(pairs, min_size=1, max_size=3))
def test_composite_values_in_arrays_of_arrays(server: psycopg.Connection[Any], found: list[Any]) -> None:
    given = [part for values in found for part in (values or ())]
    rows = ["NULL" if values is None else "CAST(ROW(%s, CAST(%s AS text[]), %s) AS pair)" for values in found]
    own, expected = both(server, f"ARRAY[ARRAY[{', '.join(rows)}]::pair[]]", *given)
    assert as_json(own, ListOf(PAIR)) == expected


@given(found=st.dictionaries(words, cells, max_size=4))
def test_maps(server: psycopg.Connection[Any], found: dict[str, str | None]) -> None:
    value = "CAST(ARRAY[hstore(CAST(%s AS text[]), CAST(%s AS text[]))] AS hstore[])"
    own, expected = both(server, value, list(found), list(found.values()))
    assert as_json(own, ListOf(Leaf("hstore"))) == expected
    assert json.loads(expected) == [found]


@pytest.mark.parametrize("text", ["[0:1]={a,b}", "[1:1][2:2]={{a}}"])
def test_own_bounds_have_no_document(text: str) -> None:
    with pytest.raises(NoDocumentError, match=BOUNDS):
        as_json(text, TEXTS)
    with pytest.raises(NoDocumentError, match=BOUNDS):
        as_json(f'(,"{text}",)', PAIR)


@pytest.mark.parametrize("text", ['{"null"}', '{"{}"," null\\n "}'])
def test_the_document_null_is_no_missing_value(text: str) -> None:
    with pytest.raises(NoDocumentError, match=NULL):
        as_json(text.replace("\\n", "\n"), ListOf(Leaf("json")))


@pytest.mark.parametrize("text", ["a", "{a", "{a}b", '{"a}', '{a"b"}', "{{a},{b}", "(a,{b},1)"])
def test_a_text_that_is_no_array_is_an_error(text: str) -> None:
    for shape in (TEXTS, ListOf(Leaf("integer"))):
        with pytest.raises(ValueError):
            as_json(text, shape)


@pytest.mark.parametrize(
    "text", ["(a,{b})", "(a,{b},1,2)", "(a,{b},1", "(a,{b},1)x", '("a,{b},1)', "{a,b,1}"]
)
def test_a_record_of_other_members_is_an_error(text: str) -> None:
    marked = {"c": TextMark("t", "c", PAIR)}
    with pytest.raises(ConfigurationError, match=r"w\.t\.c is not of the type.*clear `classify`") as raised:
        with_documents("w", marked, pa.record_batch({"c": [text]}))
    assert text not in str(raised.value)


def test_masks_stay_between_values() -> None:
    masks = [f"{MASK[:-1]} 0a1b2c3d]", MASK, None]
    found = with_documents(
        "w", {"c": TextMark("t", "c", TEXTS)}, pa.record_batch({"c": ["{a}", *masks], "d": list("xxxx")})
    )
    assert found.to_pydict() == {"c": ['["a"]', *masks], "d": list("xxxx")}


def test_a_statement_says_what_its_own_texts_are() -> None:
    first, two = TextMark('ta"ble*/', "c /*", ListOf(PAIR, ";")), TextMark("t", "d", Leaf("vector"))
    sql = "SELECT {column}" + comment(first) + ",\n NULL" + comment(two)
    assert marks(sql.format(column="x")) == {"c /*": first, "d": two}
    assert comment(first).count("*/") == 1


@pytest.mark.parametrize("of", ["integer", "text", "decimal", "instant", "json", "binary"])
@pytest.mark.parametrize("texts", [[], [None], [None, None]])
def test_a_batch_without_a_value_has_no_document(of: str, texts: list[str | None]) -> None:
    assert documents(pa.array(texts, pa.string()), ListOf(Leaf(of))).to_pylist() == texts


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
def database(postgres: pg.Database, monkeypatch: pytest.MonkeyPatch) -> pg.Database:
    monkeypatch.setenv("AIRFLOW_CONN_DOCS", postgres.libpq)
    postgres.execute(
        "CREATE DOMAIN detail AS jsonb",
        "CREATE TABLE doc (id int, b jsonb, d detail, j json, l jsonb[], t text)",
    )
    for number, text in enumerate(AWKWARD):
        quoted = text.replace("'", "''")
        postgres.execute(
            f"INSERT INTO doc SELECT {number}, b, b, '{quoted}', ARRAY[b], 'x' FROM (SELECT '{quoted}'::jsonb AS b) x"
        )
    return postgres


def read() -> tuple[frozenset[str], pa.Array]:
    kinds = {"id": ValueKind.INTEGER, **dict.fromkeys("bdjl", ValueKind.JSON), "t": ValueKind.TEXT}
    of = 'SELECT\n  CAST(t."b" AS text) AS "b"\nFROM "doc" AS t\nWHERE (1 = 1)\nORDER BY t."id"\n'
    with open_source("docs", "postgres", {}, connection="docs") as session:
        reconciliation = session.reconciliation(Extract(of, kinds, kinds.keys()))
        texts = pa.concat_arrays([batch.column(0) for batch in session.stream(of)])
    return reconciliation.documents, texts


@pytest.mark.usefixtures("database")
def test_only_jsonb_is_known_to_be_valid() -> None:
    known, texts = read()
    assert known == {"b", "d"}
    assert len(texts) == len(AWKWARD)
    for part in (texts, *(texts.slice(at, 1) for at in range(len(texts)))):
        assert json_text.are_documents(part)
        assert json_text.documents(part, valid=True).equals(json_text.documents(part))


def test_what_is_nested_too_deeply_is_found_all_the_same(database: pg.Database) -> None:
    database.execute(f"INSERT INTO doc (id, b) VALUES (99, '{'[' * 3000}{']' * 3000}')")
    _, texts = read()
    with pytest.raises(ValueFormError, match="no JSON document"):
        json_text.documents(texts, valid=True)


LISTS: dict[str, str] = document(str(Path(__file__).parent), "postgres_lists.json")


def test_lists_are_written_as_documents_by_every_way(
    postgres: pg.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.execute(
        "CREATE TYPE mood AS ENUM ('so \"so\"', 'fi,ne')",
        "CREATE TABLE lists AS SELECT " + ", ".join(f'{sql} AS "{name}"' for name, sql in LISTS.items()),
    )
    monkeypatch.setenv("AIRFLOW_CONN_DOCS", postgres.libpq)
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


def test_the_server_counts_documents_without_writing_them(
    database: pg.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`null` counts as none, as what is written has it; a text `"null"` is a document, and NULL is none."""
    database.execute("INSERT INTO doc (id) VALUES (100)")
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
