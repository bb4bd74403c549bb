"""Names of the information sheet are told apart by their bytes, whatever the database takes for equal."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from testbed.mini import CONTROLLER, POLICY
from tests.contract.test_key_equality import AT, SHOP, SQL

from afschrift.batch.together import PERSON, TogetherFinder
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.selection.statements import Statements
from afschrift.sources.registry import open_source

NAMES = ("Renée BV", "RENÉE BV", "Bol", "BOL", "Bol ", "Bol")
ANNA, BOB = [Key("ck", "1")], [Key("ck", "2")]
TABLES = """tables:
  orders:
    subject: {ck: ck}
    purposes: [sale]
    columns: {ck: {origin: assigned}, name: {origin: observed}}
"""
CASES = {
    "duckdb": ("VARCHAR COLLATE NOCASE.NOACCENT", "", ""),
    "sqlite": ("VARCHAR(40) COLLATE NOCASE", "", ""),
    "postgres": ("citext", "", "postgres_server"),
    "mysql": ("VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", "", "mariadb_server"),
    "sqlalchemy": ("citext", "postgresql+psycopg", "postgres_server"),
}


def _fill(execute: Any, of_type: str, mark: str) -> None:
    execute(f"CREATE TABLE orders (ck INTEGER, name {of_type})")
    for person, names in ((1, NAMES), (2, NAMES[:3])):
        for name in names:
            execute(f"INSERT INTO orders VALUES ({mark}, {mark})", (person, name))


@pytest.fixture(params=CASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    kind = request.param
    of_type, driver, name = CASES[kind]
    server: Any = request.getfixturevalue(name) if name else None
    database = server.create() if server else None
    if name == "postgres_server":
        with psycopg.connect(database.libpq, autocommit=True) as con:
            con.execute("CREATE EXTENSION IF NOT EXISTS citext")
            _fill(con.execute, of_type, "%s")
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", database.libpq)
    elif name:
        with database.connect() as con, con.cursor() as cursor:
            _fill(cursor.execute, of_type, "%s")
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", database.uri())
    else:
        made: Any = sqlite3 if kind == "sqlite" else duckdb
        with made.connect(str(tmp_path / "shop.db")) as con:
            _fill(con.execute, of_type, "?")
    more = "connection: shop" if name else f"options: {{path: {tmp_path / 'shop.db'}}}"
    more += f"\noptions: {{driver: {driver}}}" if driver else ""
    shop = SHOP.partition("tables:")[0].format(kind=kind, more=more) + TABLES
    texts = {"shop": shop, "identity": "person: ck\nkeys:\n  ck: {unique: yes}\n"}
    (tmp_path / "map").mkdir()
    for file, text in {**texts, "controller": CONTROLLER, "policy": POLICY}.items():
        (tmp_path / "map" / f"{file}.yml").write_text(text, encoding="utf-8")
    inventory = load(tmp_path / "map")
    declared = inventory.sources["shop"]
    with open_source("shop", declared.kind, declared.options, connection=declared.connection) as session:
        yield session, inventory
    if server:
        server.drop(database)


def test_names_that_a_collation_takes_for_one_are_several(opened: tuple[Source, Inventory]) -> None:
    session, inventory = opened
    source = inventory.sources["shop"]
    statements = Statements(SQL, source, inventory.identity, session.dialect, session.catalogue())
    _, statement = statements.names("orders", "name")
    session.bind(ANNA, AT)
    assert sorted(name for (name,) in session.rows(statement)) == sorted(set(NAMES))

    rows = TogetherFinder(SQL, source, session.dialect, statements.finder).of_fact(statement)
    assert rows is not None
    session.bind(ANNA, AT, (BOB, AT))
    found: dict[int, list[str]] = {0: [], 1: []}
    for batch in session.stream(rows.grouped(statement)):
        for person, name in zip(*(batch.column(of).to_pylist() for of in (PERSON, "name")), strict=True):
            found[int(person)].append(name)
    assert {person: sorted(names) for person, names in found.items()} == {
        0: sorted(set(NAMES)),
        1: sorted(NAMES[:3]),
    }
