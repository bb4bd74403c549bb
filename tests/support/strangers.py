"""Public sample databases, loaded into PostgreSQL or MariaDB from the scripts that they come with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from testbed import postgres as pg

TRUTH = Path(__file__).parents[1] / "truth"
SCRIPTS = {
    "chinook": "chinook/Chinook_PostgreSql.sql",
    "northwind": "northwind/northwind.sql",
    "woonstede": "",
}
_FOR_MARIADB = (
    (r"\bcharacter varying\b", "varchar"),
    (r"\bbytea\b", "longblob"),
    (r"\bTIMESTAMP\b", "DATETIME"),
    (r"\bALTER TABLE ONLY\b", "ALTER TABLE"),
)
_COMPARED = re.compile(r"'(?:[^']|'')*'|[^';]+|;")


@dataclass(frozen=True)
class Stranger:
    """A database and how a program of its own reads it.

    Attributes:
        kind: of a source.
        uri: as an Airflow connection.
        rows: a statement and the value of `:person` -> names of the columns, rows.
    """

    kind: str
    uri: str
    rows: Callable[..., tuple[list[str], list[tuple[Any, ...]]]]
    execute: Callable[..., None]


def script(database: str, request: pytest.FixtureRequest) -> str:
    """The script of a database; where it is not ours and not at hand, the test is skipped."""
    if not SCRIPTS[database]:
        return (TRUTH / "data" / f"{database}.sql").read_text("utf-8")
    found: Path = request.getfixturevalue("shared_data") / SCRIPTS[database]
    if not found.exists():
        pytest.skip(f"{found.name} is not at hand")
    return found.read_text("utf-8")


def statements(text: str) -> list[str]:
    """Those of a script that make tables, keys and rows, without remarks."""
    plain = re.sub(r"/\*.*?\*/|^--.*?$|^\\.*?$", "", text, flags=re.DOTALL | re.MULTILINE)
    found, now = [], ""
    for part in _COMPARED.findall(plain):
        if part == ";":
            found.append(now.strip())
            now = ""
        else:
            now += part
    kept = re.compile(r"(CREATE TABLE|CREATE INDEX|CREATE VIEW|ALTER TABLE|INSERT INTO)\b", re.IGNORECASE)
    return [item for item in found if kept.match(item)]


def for_mariadb(found: list[str]) -> list[str]:
    """Statements in the words of MariaDB, which are others outside of texts; it wants to hear of each target's key."""
    key = re.compile(r"ALTER TABLE (?:ONLY )?(\w+)\s+ADD CONSTRAINT \w+ PRIMARY KEY (\([\w, ]+\))")
    keys = dict(made.groups() for item in found if (made := key.match(item)))

    def words(statement: str) -> str:
        parts = re.split(r"('(?:[^']|'')*')", statement)
        for old, new in _FOR_MARIADB:
            parts[::2] = [re.sub(old, new, part, flags=re.IGNORECASE) for part in parts[::2]]
        target = re.compile(r"(REFERENCES (\w+))(?=\s*$)")
        return target.sub(lambda to: f"{to[1]} {keys[to[2]]}", "".join(parts))

    return [words(item) for item in found]


@contextmanager
def stranger(kind: str, text: str, request: pytest.FixtureRequest) -> Iterator[Stranger]:
    """A database of its own with what a script makes, dropped afterwards."""
    found = statements(text)
    if kind == "postgres":
        server: pg.Server = request.getfixturevalue("postgres_server")
        made = server.create()
        try:
            made.execute("; ".join(found))
            yield Stranger(kind, made.libpq, lambda *given: _postgres(made, *given), made.execute)
        finally:
            server.drop(made)
        return
    other = request.getfixturevalue("mariadb_server")
    database = other.create()
    try:
        session = "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', autocommit = 0"
        database.execute(session, *for_mariadb(found), "COMMIT")
        yield Stranger(kind, database.uri(), lambda *given: _mariadb(database, *given), database.execute)
    finally:
        other.drop(database)


def _postgres(database: pg.Database, sql: str, person: Any = None) -> tuple[list[str], list[tuple[Any, ...]]]:
    with psycopg.connect(database.libpq) as connection:
        found = connection.execute(_bound(sql), {"person": person})  # type: ignore[arg-type]
        return [column.name for column in found.description or ()], found.fetchall()


def _mariadb(database: Any, sql: str, person: Any = None) -> tuple[list[str], list[tuple[Any, ...]]]:
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute(_bound(sql), {"person": person})
        return [column[0] for column in cursor.description], list(cursor.fetchall())


def _bound(sql: str) -> str:
    return re.sub(r":person\b", "%(person)s", sql.replace("%", "%%"))
