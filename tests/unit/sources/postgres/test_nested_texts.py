"""Own texts of arrays and composite values as JSON documents: what PostgreSQL itself writes as JSON, to the byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from testbed import postgres as pg

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.redaction import MASK
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


@pytest.mark.parametrize(
    ("shape", "text", "expected"),
    [
        (ListOf(Leaf("number")), "{NaN,Infinity,-Infinity,-0,1e-05,1.6777216e+07,NULL}",
         '["NaN","INF","-INF",-0.0,1e-05,1.6777216e+07,null]'),
        (ListOf(Leaf("decimal")), "{{NaN,-Infinity},{1.10,NULL}}", '[["NaN","-INF"],["1.10",null]]'),
        (ListOf(Leaf("integer")), "{{{-1},{NULL}},{{0},{2147483647}}}", "[[[-1],[null]],[[0],[2147483647]]]"),
        (ListOf(Leaf("integer")), "{9007199254740991,-9007199254740992}", '[9007199254740991,"-9007199254740992"]'),
        (ListOf(Leaf("boolean")), "{t,f,NULL}", "[true,false,null]"),
        (ListOf(Leaf("binary")), '{"\\\\x00ff","\\\\x"}', '["AP8=",""]'),
        (ListOf(Leaf("instant")), '{"2024-10-27 00:30:00.5+00",infinity,"0044-03-15 12:00:00+00 BC"}',
         '["2024-10-27T00:30:00.500000Z","infinity","0044-03-15 12:00:00+00 BC"]'),
        (ListOf(Leaf("padded")), '{"ab   "}', '["ab"]'),
        (ListOf(Leaf("text"), ";"), "{(3,4),(1,2);NULL}", '["(3,4),(1,2)",null]'),
        (Leaf("vector"), "7 8", "[7,8]"),
        (TEXTS, "{}", "[]"),
    ],
)  # fmt: skip
def test_elements_are_as_values_are(shape: Shape, text: str, expected: str) -> None:
    assert as_json(text, shape) == expected


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
