"""Every type of MariaDB that some reader is known to get wrong, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support import mariadb
from tests.support.two_sessions import open_two
from tests.support.warehouses import at
from tests.unit.sources.reading import forms

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind

NOW = "2026-01-01T00:00:00Z"

# type, literal, kind, value form
CASES: list[tuple[str, str, ValueKind, str | None]] = [
    ("BIGINT UNSIGNED", "18446744073709551615", ValueKind.INTEGER, "18446744073709551615"),
    ("BIGINT UNSIGNED ZEROFILL", "18446744073709551615", ValueKind.INTEGER, "18446744073709551615"),
    ("INT(6) ZEROFILL", "42", ValueKind.INTEGER, "42"),
    ("TINYINT(1)", "7", ValueKind.INTEGER, "7"),
    (
        "DECIMAL(65,30)",
        "'12345678901234567890123456789012345.1'",
        ValueKind.DECIMAL,
        "12345678901234567890123456789012345.100000000000000000000000000000",
    ),
    ("DECIMAL(8,3) ZEROFILL", "1.5", ValueKind.DECIMAL, "1.500"),
    ("FLOAT", "16777217", ValueKind.NUMBER, "16777216"),
    ("FLOAT", "0.12345679", ValueKind.NUMBER, "0.12345679104328156"),  # all of it, and reads back as the same
    ("FLOAT", "3.4e38", ValueKind.NUMBER, "3.4e+38"),
    ("DOUBLE", "5e-324", ValueKind.NUMBER, "5e-324"),
    ("DOUBLE", "0.1 + 0.2e0", ValueKind.NUMBER, "0.30000000000000004"),
    ("BIT(4)", "b'0101'", ValueKind.TEXT, "0101"),
    ("BIT(64)", "b'1'", ValueKind.TEXT, "0" * 63 + "1"),
    ("CHAR(5)", "'ab '", ValueKind.TEXT, "ab"),
    ("VARCHAR(5)", "'ab '", ValueKind.TEXT, "ab "),
    ("TEXT", "''", ValueKind.TEXT, ""),
    ("TEXT", "NULL", ValueKind.TEXT, None),
    ("VARCHAR(20) CHARACTER SET latin1", "'café €'", ValueKind.TEXT, "café €"),
    ("VARCHAR(20) CHARACTER SET utf16", "'é😀'", ValueKind.TEXT, "é😀"),
    ("SET('a','b c')", "'a,b c'", ValueKind.TEXT, "a,b c"),
    ("ENUM('x','Ü')", "'Ü'", ValueKind.TEXT, "Ü"),
    ("BINARY(3)", "x'00ff'", ValueKind.BINARY, "AP8A"),
    ("LONGBLOB", "repeat('a', 100)", ValueKind.BINARY, "YWFh" * 33 + "YQ=="),
    ("JSON", """'{"a": 1.10, "a": 2}'""", ValueKind.JSON, '{"a": 1.10, "a": 2}'),
    (
        "UUID",
        "'6F1DE0D0-7A4B-4C43-8F1C-0A1B2C3D4E5F'",
        ValueKind.UUID,
        "6f1de0d0-7a4b-4c43-8f1c-0a1b2c3d4e5f",
    ),
    ("INET6", "'::1'", ValueKind.TEXT, "::1"),
    ("DATE", "'0000-00-00'", ValueKind.DATE, "0000-00-00"),
    ("DATE", "'2024-02-00'", ValueKind.DATE, "2024-02-00"),
    ("DATETIME", "'0000-00-00 00:00:00'", ValueKind.DATETIME, "0000-00-00T00:00:00"),
    ("DATETIME(6)", "'9999-12-31 23:59:59.999999'", ValueKind.DATETIME, "9999-12-31T23:59:59.999999"),
    ("DATETIME(3)", "'2024-10-27 02:30:00.5'", ValueKind.DATETIME, "2024-10-27T02:30:00.500000"),
    ("TIMESTAMP(6) NULL", "'2024-10-27 00:30:00.000001'", ValueKind.INSTANT, "2024-10-27T00:30:00.000001Z"),
    ("TIMESTAMP NULL", "0", ValueKind.INSTANT, "0000-00-00T00:00:00Z"),
    ("TIME", "'23:59:59'", ValueKind.TIME, "23:59:59"),
    ("YEAR", "'0000'", ValueKind.INTEGER, "0"),
    ("YEAR", "2024", ValueKind.INTEGER, "2024"),
]


@pytest.fixture(scope="module")
def database(mariadb_server: mariadb.Server) -> Iterator[mariadb.Database]:
    made = mariadb_server.create()
    yield made
    mariadb_server.drop(made)


@pytest.fixture(scope="module")
def session(database: mariadb.Database) -> Iterator[Source]:
    columns = ", ".join(f"c{number} {type_}" for number, (type_, *_) in enumerate(CASES))
    values = ", ".join(literal for _, literal, *_ in CASES)
    database.execute(
        "SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'",
        f"CREATE TABLE trap ({columns})",
        f"INSERT INTO trap VALUES ({values})",
        "CREATE TABLE odd (a POINT, b INT, v VECTOR(2) NOT NULL, n INT(6) ZEROFILL, y YEAR)",
        "INSERT INTO odd VALUES (ST_GeomFromText('POINT(0.1 1e-300)', 4326), 1, "
        "VEC_FromText('[0.1,16777217]'), 42, '0000')",
        "CREATE TABLE shift (lasts TIME)",
        "INSERT INTO shift VALUES ('-01:00:00'), ('838:59:59')",
        "CREATE TABLE code (c VARCHAR(20) COLLATE utf8mb4_general_ci, l VARCHAR(20) CHARACTER SET latin1, KEY (c))",
        "INSERT INTO code VALUES ('ab', 'ab'), ('AB', 'AB'), ('ab ', 'ab '), ('áb', 'áb'), ('ł', NULL), ('Ł', NULL)",
        "CREATE TABLE parent (id INT, code VARCHAR(9) CHARACTER SET latin1)",
        "CREATE TABLE child (parent_id VARCHAR(9), code VARCHAR(9))",
        "INSERT INTO parent VALUES (12, 'é')",
        "INSERT INTO child VALUES ('12', 'é'), ('12abc', 'e'), ('012', NULL)",
    )
    with open_two("w", "mysql", {}, connection="w", connect=at(database.uri())) as opened:
        yield opened


@pytest.fixture(scope="module")
def row(session: Source) -> dict[str, str | None]:
    return forms(session, "trap")[0]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_exact(session: Source, row: dict[str, str | None], number: int) -> None:
    type_, literal, kind, form = CASES[number]
    column = session.catalogue()["trap"][f"c{number}"]
    assert (column.kind, row[f"c{number}"]) == (kind, form), f"{type_} {literal}"


def test_a_type_that_is_not_known_has_no_kind(session: Source) -> None:
    columns = session.catalogue()["odd"]
    assert [(columns[name].native, columns[name].kind) for name in "abv"] == [
        ("point", None),
        ("int(11)", ValueKind.INTEGER),
        ("vector(2)", None),
    ]


def test_kind_text_gives_the_text_of_the_server(session: Source) -> None:
    assert forms(session, "odd", as_text=True) == [
        {"a": "SRID=4326;POINT(0.1 1e-300)", "b": "1", "v": "CDCCCC3D0000804B", "n": "000042", "y": "0000"}
    ]
    assert forms(session, "shift", as_text=True) == [{"lasts": "-01:00:00"}, {"lasts": "838:59:59"}]


def test_a_duration_is_no_time_of_day(session: Source) -> None:
    with pytest.raises(ConfigurationError, match=r"w\.shift\.lasts is no time of day.*`kind: text`"):
        forms(session, "shift")


@pytest.mark.parametrize(
    ("column", "given", "exact", "folded"),
    [
        ("c", "ab", ["ab", "ab "], ["AB", "ab", "ab "]),
        ("c", "AB", ["AB"], ["AB", "ab", "ab "]),
        ("c", "áb", ["áb"], ["áb"]),
        ("c", "ł", ["ł"], ["Ł", "ł"]),
        ("l", "ab", ["ab", "ab "], ["AB", "ab", "ab "]),
        ("l", "áb", ["áb"], ["áb"]),
        ("l", "ł", [], []),
        ("l", "?", [], []),
    ],
)
def test_a_key_is_found_by_its_bytes(
    session: Source, column: str, given: str, exact: list[str], folded: list[str]
) -> None:
    native = session.catalogue()["code"][column].native
    session.bind([Key("c", given)], NOW)
    for casefold, rows in ((False, exact), (True, folded)):
        holds = session.dialect.holds_key(f"t.{column}", native, "casefold" if casefold else "exact")
        found = session.rows(
            f"SELECT t.{column} FROM code AS t WHERE EXISTS (SELECT 1 FROM {session.dialect.keys} AS k WHERE {holds})"
        )
        assert sorted(value for (value,) in found) == rows


def test_joins_across_types_and_collations(session: Source) -> None:
    child, parent = session.catalogue()["child"], session.catalogue()["parent"]

    def joined(own: str, theirs: str) -> int:
        condition = session.dialect.joins(
            (f"c.{own}", child[own].native), (f"p.{theirs}", parent[theirs].native)
        )
        return session.rows(f"SELECT count(*) FROM child c JOIN parent p ON {condition}")[0][0]

    assert joined("parent_id", "id") == 1  # MySQL itself would find `12abc` and `012` too
    assert joined("code", "code") == 1  # the columns' own equality passes over accents
