"""SQLite, where a column may hold anything: what it declares, exactly, or an error that names it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.support.two_sessions import open_two
from tests.unit.sources.reading import forms

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind

NOW = "2026-01-01T00:00:00Z"

# declared type, literal, kind, value form
CASES: list[tuple[str, str, ValueKind | None, str | None]] = [
    ("INTEGER", "9223372036854775807", ValueKind.INTEGER, "9223372036854775807"),
    ("unsigned big int", "-9223372036854775808", ValueKind.INTEGER, "-9223372036854775808"),
    ("BOOLEAN", "0", ValueKind.BOOLEAN, "false"),
    ("BOOLEAN", "NULL", ValueKind.BOOLEAN, None),
    ("REAL", "0.1", ValueKind.NUMBER, "0.1"),
    ("DOUBLE PRECISION", "9e999", ValueKind.NUMBER, "INF"),
    ("FLOAT", "1e-310", ValueKind.NUMBER, "1e-310"),
    ("DECIMAL(10,2)", "1.1", ValueKind.DECIMAL, "1.10"),
    ("DECIMAL(10,2)", "5", ValueKind.DECIMAL, "5.00"),
    ("DECIMAL(10,2)", "1.125", ValueKind.DECIMAL, "1.125"),  # more digits than declared are kept
    ("NUMERIC", "'12345678901234567890123456789012345678'", ValueKind.DECIMAL, "12345678901234568000000000000000000000"),
    ("VARCHAR(5)", "'longer than declared'", ValueKind.TEXT, "longer than declared"),
    ("TEXT", "''", ValueKind.TEXT, ""),
    ("NCHAR(9)", "'é😀'", ValueKind.TEXT, "é😀"),
    ("BLOB", "x'00ff'", ValueKind.BINARY, "AP8="),
    ("VARBINARY(9)", "x''", ValueKind.BINARY, ""),
    ("UUID", "'6F1DE0D0-7A4B-4C43-8F1C-0A1B2C3D4E5F'", ValueKind.UUID, "6f1de0d0-7a4b-4c43-8f1c-0a1b2c3d4e5f"),
    ("JSON", """'{"a": 1.10, "a": 2}'""", ValueKind.JSON, '{"a": 1.10, "a": 2}'),
    ("JSON", "1.5", ValueKind.JSON, "1.5"),
    ("DATE", "'2024-02-29'", ValueKind.DATE, "2024-02-29"),
    ("TIME", "'10:00:00.5'", ValueKind.TIME, "10:00:00.500000"),
    ("DATETIME", "'2024-10-27 02:30:00'", ValueKind.DATETIME, "2024-10-27T02:30:00"),
    ("TIMESTAMP(6)", "'2024-10-27T02:30:00.000001'", ValueKind.DATETIME, "2024-10-27T02:30:00.000001"),
    ("TIMESTAMP WITH TIME ZONE", "'2024-10-27 02:30:00+02:00'", ValueKind.INSTANT, "2024-10-27T00:30:00Z"),
    ("TIMESTAMPTZ", "'2024-10-27 00:30:00.123456789Z'", ValueKind.INSTANT, "2024-10-27T00:30:00.123456789Z"),
    ("DATE", "NULL", ValueKind.DATE, None),
]  # fmt: skip
WRONG = [
    ("INTEGER", "'seven'"),
    ("INTEGER", "1.5"),
    ("BOOLEAN", "'true'"),
    ("TEXT", "x'00ff'"),
    ("BLOB", "'text'"),
    ("REAL", "'much'"),
    ("DATE", "'2024/2/9'"),
    ("DATE", "1706745600"),
    ("DATE", "'2023-02-29'"),
    ("DATE", "'0000-00-00'"),
    ("TIME", "'10:00'"),
    ("TIME", "'24:00:01'"),
    ("DATETIME", "'2024-10-27 25:00:00'"),
    ("TIMESTAMPTZ", "'2024-13-01 10:00:00Z'"),
    ("DATETIME", "'2024-10-27'"),
    ("DATETIME", "'2024-10-27 02:30:00Z'"),
    ("TIMESTAMPTZ", "'2024-10-27 02:30:00'"),
    ("TIMESTAMPTZ", "'2024-10-27 02:30:00.123456789+02'"),
    ("NUMERIC", "'about 3'"),
    ("DECIMAL(10,2)", "x'31'"),
    ("BOOLEAN", "2"),
    ("UUID", "'6f1de0d0'"),
]
# declared type, literal, and what `kind: text` gives: the value as it is stored
AS_STORED = [
    ("DATETIME", "1706745600", "1706745600"),
    ("DATETIME", "'2024-10-27 02:30:00Z'", "2024-10-27 02:30:00Z"),
    ("DATE", "2460310.5", "2460310.5"),
    ("NUMERIC", "'about 3'", "about 3"),
    ("BOOLEAN", "2", "2"),
    ("BOOLEAN", "'yes'", "yes"),
    ("INTEGER", "1.5", "1.5"),
    ("REAL", "0.1 + 0.2", "0.30000000000000004"),
    ("REAL", "-9e999", "-Inf"),
    ("BLOB", "'text'", "text"),
    ("UUID", "'6F1DE0D0'", "6F1DE0D0"),
    ("JSON", "'{'", "{"),
    ("GEOMETRY", "'POINT(1 2)'", "POINT(1 2)"),
    ("", "1e300", "1e+300"),
    ("", "NULL", None),
]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    path = tmp_path_factory.mktemp("sqlite") / "w.sqlite"
    with closing(sqlite3.connect(path)) as con:
        tables = {"trap": CASES, "wrong": WRONG, "stored": AS_STORED}
        for table, cases in ((name, [case[:2] for case in found]) for name, found in tables.items()):
            con.execute(
                f"CREATE TABLE {table} ({', '.join(f'c{n} {type_}' for n, (type_, _) in enumerate(cases))})"
            )
            con.execute(f"INSERT INTO {table} VALUES ({', '.join(literal for _, literal in cases)})")
        con.execute("CREATE TABLE odd (a, b GEOMETRY, c INTEGER GENERATED ALWAYS AS (1) VIRTUAL)")
        con.execute("CREATE VIEW seen AS SELECT 1 + 1 AS two, CAST(x AS TEXT) AS x FROM (SELECT x'41' AS x)")
        con.execute("CREATE TABLE code (c TEXT COLLATE NOCASE, at DATETIME)")
        con.execute("INSERT INTO code VALUES ('ab', '2024-07-01 12:00:00'), ('AB', NULL), ('ÄB', 'never')")
        con.commit()
    with open_two("w", "sqlite", {"path": str(path)}) as opened:
        yield opened


@pytest.mark.parametrize("number", range(len(CASES)))
def test_exact(session: Source, number: int) -> None:
    type_, literal, kind, form = CASES[number]
    column = session.catalogue()["trap"][f"c{number}"]
    (row,) = forms(session, "trap", [f"c{number}"])
    assert (column.kind, row[f"c{number}"]) == (kind, form), f"{type_} {literal}"


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_a_value_of_another_class_is_never_converted(session: Source, number: int) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"A value of w\.wrong\.c{number} is .*`kind: text` at the column"
    ):
        forms(session, "wrong", [f"c{number}"])


@pytest.mark.parametrize("number", range(len(AS_STORED)))
def test_kind_text_gives_what_is_stored(session: Source, number: int) -> None:
    (row,) = forms(session, "stored", [f"c{number}"], as_text=True)
    assert row == {f"c{number}": AS_STORED[number][2]}


def test_a_blob_has_no_text(session: Source) -> None:
    blob = next(number for number, (_, literal) in enumerate(WRONG) if literal == "x'00ff'")
    with pytest.raises(ConfigurationError, match=rf"w\.wrong\.c{blob} is a blob, which has no text"):
        forms(session, "wrong", [f"c{blob}"], as_text=True)


def test_a_column_without_a_known_type_has_no_kind(session: Source) -> None:
    catalogue = session.catalogue()
    assert [(c.native, c.kind) for c in catalogue["odd"].values()] == [
        ("none", None),
        ("GEOMETRY", None),
        ("INTEGER", ValueKind.INTEGER),
    ]
    assert catalogue["seen"]["two"].kind is None


@pytest.mark.parametrize(
    ("given", "casefold", "found"),
    [
        ("ab", False, ["ab"]),  # by its bytes, whatever the column's collation
        ("ab", True, ["AB", "ab"]),
        ("äb", True, ["ÄB"]),
        ("äb", False, []),
        ("ab ", True, ["AB", "ab"]),  # blanks at the ends do not count
    ],
)
def test_a_key_is_found_by_its_bytes(session: Source, given: str, casefold: bool, found: list[str]) -> None:
    session.bind([Key("c", given)], NOW)
    holds = session.dialect.holds_key("t.c", "TEXT", "casefold" if casefold else "exact")
    rows = session.rows(
        f"SELECT t.c FROM code AS t WHERE EXISTS (SELECT 1 FROM afschrift_key AS k WHERE {holds})"
    )
    assert sorted(value for (value,) in rows) == found


def test_instants_by_the_clock_of_the_source(session: Source) -> None:
    instant = session.dialect.instant("t.at", "DATETIME", "Europe/Amsterdam")
    rows = session.rows(f"SELECT {instant} FROM code AS t ORDER BY t.rowid")
    assert rows == [("2024-07-01T10:00:00.000000Z",), (None,), (None,)]


def test_last_four_of_a_text(session: Source) -> None:
    assert [session.rows(f"SELECT {session.dialect.last_four(repr(text))}")[0][0] for text in ("1234567", "12345678")] == [
        "", "5678",
    ]  # fmt: skip
