"""`docs/datamap/sources.md` names every kind with its options, and what it shows works."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from testbed import postgres as pg
from tests.support import mariadb
from tests.support.warehouses import at
from tests.unit.sources.reading import forms

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.sources.options import Opening, cell_limit, from_environment
from afschrift.sources.registry import SOURCES, open_source

TEXT = (Path(__file__).parents[3] / "docs" / "datamap" / "sources.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in row.split("|")] for row in re.findall(r"^\|(.+)\|$", TEXT, re.MULTILINE)]
SQL = re.findall(r"[^\n;]+;", "".join(re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)))


def allowed(kind: str) -> set[str]:
    """Options that an adapter takes, as its own error lists them."""
    with pytest.raises(ConfigurationError, match="`nosuch`, which its kind does not know") as caught:
        open_source("w", kind, {"nosuch": 1})
    (listed,) = re.findall(r"choose from ([a-z_, ]+);", str(caught.value))
    return set(listed.split(", "))


def named(cell: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", cell))


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_options(kind: str) -> None:
    (own,) = [row for row in ROWS if row[0] == f"`{kind}`" and len(row) == 4]
    limits: set[str] = set()
    for row in ROWS:
        if len(row) == 4 and named(row[0]) <= {
            "statement_timeout",
            "lock_timeout",
            "cell_limit",
            "threads",
            "memory",
        }:
            limits |= named(row[0]) if kind in named(row[2]) or "every kind" in row[2] else set()
    assert (named(own[3]) - {"public"}) | limits == allowed(kind)


def test_kinds() -> None:
    (guarantees,) = [row for row in ROWS if len(row) == 7 and "`postgres`" in row]
    assert set().union(*map(named, guarantees)) == set(SOURCES)


def test_defaults() -> None:
    assert f"| `cell_limit` | `{cell_limit(Opening('w')) >> 20}` (MB)" in TEXT


@pytest.mark.parametrize(("id_", "value"), re.findall(r"^AIRFLOW_CONN_(\w+)='(.+)'$", TEXT, re.MULTILINE))
def test_connections(id_: str, value: str) -> None:
    found = from_environment(id_, {f"AIRFLOW_CONN_{id_}": value})
    assert (found.password == "p@ss" and found.database) or found.extra["key"]


@pytest.fixture
def granted_postgres(postgres_server: pg.Server) -> Iterator[pg.Database]:
    database = postgres_server.create()
    database.execute("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
    with psycopg.connect(database.libpq) as connection:
        name = connection.info.dbname
    database.execute(
        *(s.replace("DATABASE shop", f"DATABASE {name}") for s in SQL if "till" not in s and "USER" not in s)
    )
    yield database
    database.execute("DROP OWNED BY afschrift", "DROP ROLE afschrift")
    postgres_server.drop(database)


def test_the_account_on_postgres_can_read_and_nothing_more(granted_postgres: pg.Database) -> None:
    uri = granted_postgres.libpq.replace("postgres:@", "afschrift:@")
    with open_source("w", "postgres", {}, connection="w", connect=at(uri)) as session:
        assert session.dialect.keys == "afschrift_key"
        session.bind([Key("a", "1")], "2026-01-01T00:00:00Z")
        assert forms(session, "t") == [{"a": "1"}]
    with psycopg.connect(uri) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM t")


def test_the_account_on_mariadb(mariadb_server: mariadb.Server) -> None:
    database = mariadb_server.create()
    database.execute("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
    database.execute(*(s.replace("till.*", f"{database.name}.*") for s in SQL if "till" in s or "USER" in s))
    try:
        connect = at(database.uri("afschrift"))
        with open_source("w", "mysql", {}, connection="w", connect=connect) as session:
            assert session.dialect.keys == "afschrift_key"
            assert forms(session, "t") == [{"a": "1"}]
    finally:
        database.execute("DROP USER afschrift")
        mariadb_server.drop(database)
