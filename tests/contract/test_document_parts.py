"""Members and the rest of random documents, in each kind of source that takes them apart.

Held against Python's own reader of JSON: together they are the document, and no digit of it is another one.
"""

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import duckdb
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from tests.support.data import document
from tests.support.profile_shop import without

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import ColumnType, Source
from afschrift.domain.value_kind import DocumentPart, MemberPath, ValueKind
from afschrift.selection.map_entries import column_sql
from afschrift.sources.registry import open_source

NAMES = document(__file__, "names.json")
names = st.sampled_from(NAMES["members"])
"""What a path could be taken for something else by."""

numbers = st.from_regex(r"(0|-?[1-9][0-9]{0,25})(\.[0-9]{1,25})?", fullmatch=True)
"""But for -0, which `jsonb` stores as 0."""
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8
) | st.sampled_from(["\x01", "\x011", "\x01-2", '"\x01"', "\\u0001", "null", "{}", "\n"])
scalars = st.none() | st.booleans() | texts | numbers.map(lambda digits: Number(digits))
values = st.recursive(
    scalars,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(names, inside, max_size=5),
    max_leaves=20,
)
documents = st.dictionaries(names, values, max_size=6) | values
paths = st.lists(st.lists(names, min_size=1, max_size=3).map(tuple), min_size=1, max_size=4, unique=True)


class Number(str):
    """The digits of a number, which are compared as written."""


def written(value: Any, *, spaced: bool) -> str:
    comma, colon = (" , ", " : ") if spaced else (",", ":")
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        members = (
            f"{json.dumps(n, ensure_ascii=False)}{colon}{written(v, spaced=spaced)}" for n, v in value.items()
        )
        return "{" + comma.join(members) + "}"
    if isinstance(value, list):
        return "[" + comma.join(written(element, spaced=spaced) for element in value) + "]"
    return json.dumps(value, ensure_ascii=spaced)


def read(text: str | None) -> Any:
    return None if text is None else json.loads(text, parse_float=Number, parse_int=Number)


def at(value: Any, path: MemberPath) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def apart(named: list[MemberPath]) -> list[MemberPath]:
    """Those of some paths of which none leads on from another."""
    return [path for path in named if not any(path[: len(o)] == o for o in named if o != path)]


Take = Callable[[str, list[DocumentPart]], list[str | None]]


def take_in(opened: Callable[[], Source], sessions: ExitStack, native: str) -> Take:
    """Reads parts of one document as a statement does; in another session once one refused a document."""
    session = sessions.enter_context(opened())

    def take(text: str, parts: list[DocumentPart]) -> list[str | None]:
        nonlocal session
        dialect = session.dialect
        document = ColumnType(native, ValueKind.JSON, dialect.text("{column}"))
        known = [replace(dialect.part_of(document, part, "t.d"), part=part) for part in parts]
        if any(column.remedy for column in known):
            reject()  # MariaDB knows no name that begins with a hyphen
        sql = [column.expression.format(column=column_sql(dialect, "d", column)) for column in known]
        value = dialect.literal(text)
        if dialect.name == "postgres":
            value = f"CAST({value} AS {native})"
        end = " OFFSET 0" if dialect.name == "postgres" else ""  # else it is a constant of the statement
        row = f"(SELECT {value} AS {dialect.quote('d')}{end})"
        try:
            return list(session.rows(f"SELECT {', '.join(sql)}\nFROM {row} AS t\n")[0])
        except ConfigurationError:
            sessions.close()
            session = sessions.enter_context(opened())
            raise

    return take


@pytest.fixture(
    scope="module", params=["duckdb", "sqlite", "postgres json", "postgres jsonb", "postgres text", "mysql"]
)
def take(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Take]:
    kind, _, type_ = request.param.partition(" ")
    file = tmp_path_factory.mktemp(kind) / "shop"
    options, uri, connection = {"path": str(file)}, "", None
    if kind == "duckdb":
        duckdb.connect(file).close()
    elif kind == "sqlite":
        sqlite3.connect(file).close()
    else:
        server = request.getfixturevalue("mariadb_server" if kind == "mysql" else "postgres_server")
        database = server.create()
        options, connection = {}, "shop"
        uri = database.uri() if kind == "mysql" else database.libpq
    with pytest.MonkeyPatch.context() as environment, ExitStack() as sessions:
        environment.setenv("AIRFLOW_CONN_SHOP", uri)
        native = type_ or {"duckdb": "JSON", "sqlite": "TEXT", "mysql": "longtext"}[kind]
        yield take_in(lambda: open_source("shop", kind, options, connection=connection), sessions, native)


@given(documents, paths, st.booleans())
def test_members_and_rest_are_the_document(
    take: Take, value: Any, named: list[MemberPath], spaced: bool
) -> None:
    named = apart(named)
    text = written(value, spaced=spaced)
    parts = [*(DocumentPart("d", path) for path in named), DocumentPart("d", named=tuple(named))]
    *members, rest = map(read, take(text, parts))
    assert members == [at(value, path) for path in named]
    assert rest == without(value, named)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"a": 1, "a": 2}', ("a",)),
        ('{"a": 1, "\\u0061": 2}', ("a",)),
        ('{"x": {"b": 1, "b": 2}}', ("x", "b")),
        ('{"x": {"b": 1}, "x": {"b": 2}}', ("x", "b")),
        ('{"x": {}, "x": {"b": 2}}', ("x", "b")),
    ],
)
def test_two_members_of_one_name_are_refused(
    take: Take, text: str, path: MemberPath, request: pytest.FixtureRequest
) -> None:
    """Of `jsonb` the last one is the only one that there is."""
    for part in (DocumentPart("d", path), DocumentPart("d", named=(path,))):
        if "jsonb" in request.node.callspec.id:
            take(text, [part])
            continue
        with pytest.raises(ConfigurationError, match=r"\.d has two members with the same name"):
            take(text, [part])


def test_a_text_that_is_no_json_is_refused(take: Take) -> None:
    """Were it a document without members, a person's value would be missing and nothing would show it."""
    parts = itertools.cycle([DocumentPart("d", ("a",)), DocumentPart("d", named=(("a",),))])
    for text, part in zip(NAMES["no_json"], parts, strict=False):
        with pytest.raises(ConfigurationError, match="is no JSON"):
            take(text, [part])


def test_a_sign_that_postgres_cannot_read_is_reported(take: Take, request: pytest.FixtureRequest) -> None:
    """It keeps it in `json` and in a text, and other databases read it."""
    part = DocumentPart("d", named=(("a",),))
    if "postgres" not in request.node.callspec.id:
        assert read(take('{"b": "\\u0000"}', [part])[0]) == {"b": "\0"}
        return
    with pytest.raises(ConfigurationError, match="a character that the database cannot read"):
        take('{"b": "\\u0000"}', [part])
