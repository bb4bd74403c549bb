"""Chinook in SQLite, PostgreSQL and MariaDB: the files are those from DuckDB, byte for byte."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from testbed.running import installation, members, run, store
from tests.support.nightly import nightly_after

CUSTOMER = {"email": "STANISŁAW.Wójcik@WP.PL"}  # number 49
OTHERS = nightly_after(1, ["sqlite", "mysql", "postgres"])


def script(shared_data: Path) -> Path:
    found = shared_data / "chinook" / "Chinook_PostgreSql.sql"
    if not found.exists():
        pytest.skip("no Chinook script in ../shared/data beside this clone")
    return found


@pytest.fixture(scope="module")
def folder(shared_data: Path, project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("chinook")
    command = [project_root / "examples/chinook/load.py", "--sql", script(shared_data)]
    subprocess.run([sys.executable, *command, "--into", made / "chinook.duckdb"], check=True)
    return made


@pytest.fixture(scope="module")
def statements(folder: Path, shared_data: Path) -> list[str]:
    """The tables and rows of the script, in the SQL that all have in common, and the view of `load.py`."""
    _, create, rest = script(shared_data).read_text("utf-8").partition("CREATE TABLE")
    kept = (duckdb.StatementType.CREATE, duckdb.StatementType.INSERT)
    with duckdb.connect() as con:
        found = [s.query.strip(" ;\n") for s in con.extract_statements(create + rest) if s.type in kept]
    with duckdb.connect(str(folder / "chinook.duckdb"), read_only=True) as con:
        ((view,),) = con.execute(
            "SELECT sql FROM duckdb_views() WHERE view_name = 'purchased_track'"
        ).fetchall()
    return [*map(plain, found), view.strip(" ;\n")]


def plain(statement: str) -> str:
    """Without the `N` before texts, and with days as ISO 8601 writes them."""
    if statement.startswith("CREATE"):
        return statement.replace(" TIMESTAMP", " DATETIME")
    parts = re.split(r"('(?:[^']|'')*')", statement)
    texts = [re.sub(r"^'(\d+)/(\d+)/(\d+)'$", _day, part) for part in parts[1::2]]
    outside = [re.sub(r"(?<=[(, ])N$", "", part) for part in parts[::2]]
    return "".join(a + b for a, b in zip(outside, [*texts, ""], strict=True))


def _day(found: re.Match[str]) -> str:
    year, month, day = map(int, found.groups())
    return f"'{year}-{month:02}-{day:02} 00:00:00'"


def filled(kind: str, folder: Path, statements: list[str], server: Any) -> tuple[str, str, Any]:
    """What the inventory says of the place, the URI of its connection, and the database to drop."""
    if kind == "sqlite":
        with closing(sqlite3.connect(folder / "chinook.sqlite")) as con:
            for statement in statements:
                con.execute(statement)
            con.commit()
        return f"kind: sqlite\noptions: {{path: {folder / 'chinook.sqlite'}}}", "", None
    database = server.create()
    if kind == "mysql":
        session = "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES', autocommit = 0"
        database.execute(session, *statements, "COMMIT")
        return "kind: mysql\nconnection: chinook", database.uri(), database
    with psycopg.connect(database.libpq) as con:
        con.execute("; ".join(statements).replace(" DATETIME", " TIMESTAMP"))  # type: ignore[arg-type]
    return "kind: postgres\nconnection: chinook", database.libpq, database


def files(home: Path, inventory: Path, place: str = "") -> dict[str, bytes]:
    """Files of tables in the customer's bundle, from a place other than the example's where one is given."""
    shutil.copytree(inventory, home / "inventory")
    source = home / "inventory" / "chinook.yml"
    text = source.read_text("utf-8")
    own = re.search(r"^kind: duckdb\noptions: .*$", text, re.MULTILINE)
    assert own is not None
    source.write_text(text.replace(own[0], place or own[0]), "utf-8")
    services = installation(home, home / "inventory")
    named = members(run(services, store(services, CUSTOMER, formats=["csv", "json"])))
    return {name: content for name, content in named.items() if name.startswith("data/chinook/")}


@pytest.fixture(scope="module")
def from_duckdb(folder: Path, project_root: Path) -> Iterator[dict[str, bytes]]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHINOOK_DUCKDB", str(folder / "chinook.duckdb"))
        yield files(folder / "duckdb", project_root / "examples/chinook/inventory")


@pytest.mark.parametrize("kind", OTHERS)
def test_the_same_bytes(
    kind: str,
    folder: Path,
    statements: list[str],
    from_duckdb: dict[str, bytes],
    project_root: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    servers = {"mysql": "mariadb_server", "postgres": "postgres_server"}
    server = request.getfixturevalue(servers[kind]) if kind in servers else None
    place, uri, database = filled(kind, folder, statements, server)
    monkeypatch.setenv("AIRFLOW_CONN_CHINOOK", uri)
    try:
        found = files(folder / kind, project_root / "examples/chinook/inventory", place)
    finally:
        if server is not None:
            server.drop(database)
    assert sorted(found) == sorted(from_duckdb)
    assert len(found["data/chinook/invoice_line.csv"].splitlines()) == 39
    assert [name for name in found if found[name] != from_duckdb[name]] == []
