"""Several persons in one table, whose keys a database takes for equal: each gets their own rows, and no other's."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from testbed import postgres as pg
from testbed.mini import CONTROLLER, POLICY
from tests.support import mariadb

from afschrift.batch.together import HELD, PERSON, TogetherFinder
from afschrift.domain.decision import Action
from afschrift.domain.keys import Key, KeyMatch
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.own_rows import OwnRows
from afschrift.inventory.load import load
from afschrift.selection.held_keys import HeldKeys, held_as
from afschrift.selection.statements import Statements
from afschrift.sources.registry import open_source

SQL = Path(__file__).parents[2] / "include" / "sql"
AT = "2026-01-01T00:00:00.000000Z"
DECIDED = "decided: {by: Data office, on: 2026-11-29, why: As it is typed.}"
HEAD = """
source: shop
kind: {kind}
{more}
purposes:
  sale:
    basis: A6-1-b
    title: {{nl: Verkoop, en: Sale}}
    retention: {{period: P1Y, trigger: {{nl: na de koop, en: after the sale}}}}
    recipients: []
tables:
"""
ORDERS = """
  orders:
    subject: {ck: LINK}
    key: [id]
    purposes: [sale]
    columns: {id: {origin: assigned}, ck: {origin: assigned, kind: text}}
"""
ACCOUNT = """
  account:
    subject: {ck: owner}
    key: [owner]
    purposes: [sale]
    columns: {code: {origin: assigned, kind: text}, owner: {origin: assigned}}
  line:
    join: {code: account.code}
    key: [id]
    purposes: [sale]
    columns: {id: {origin: assigned}, code: {origin: assigned, kind: text}}
  item:
    join: {code: line.code}
    key: [id]
    purposes: [sale]
    columns: {id: {origin: assigned}, code: {origin: assigned, kind: text}}
"""


@dataclass
class Shop:
    """A database of one kind, where tables can be made and persons asked for."""

    folder: Path
    more: str
    kind: str
    run: Callable[[str, Sequence[Any]], None]

    def made(self, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
        self.run(f"CREATE TABLE {table} ({columns})", ())
        marks = ", ".join("?" * len(rows[0]))
        for row in rows:
            self.run(f"INSERT INTO {table} VALUES ({marks})", row)

    def orders(self, type_: str, held: Sequence[Any]) -> None:
        self.made("orders", f"id INTEGER, ck {type_}", list(enumerate(held)))

    def chain(self, types: Sequence[str], codes: Sequence[Sequence[Any]]) -> None:
        """`codes` of accounts, of which each is a person's by their number; of lines and of items."""
        parents = [(code, number) for number, code in enumerate(codes[0])]
        self.made("account", f"code {types[0]}, owner INTEGER", parents)
        for table, type_, rows in zip(("line", "item"), types[1:], codes[1:], strict=True):
            self.made(table, f"id INTEGER, code {type_}", list(enumerate(rows)))

    def given(self, tables: str, table: str, persons: Sequence[str]) -> dict[str, list[int]]:
        """The rows that each person gets, alone and in a batch, which are the same."""
        inventory = self._inventory(tables)
        declared = inventory.sources["shop"]
        opened = open_source("shop", declared.kind, declared.options, connection=declared.connection)
        found = {}
        with opened as session:
            statements = Statements(SQL, declared, inventory.identity, session.dialect, session.catalogue())
            field = FieldPlan("id", ValueKind.INTEGER, Action.INCLUDE, (), "")
            statement = statements.extract(table, [field], None)
            ways = statements.ways(table)
            plan = ExtractPlan("shop", table, (field,), statement, ways.keys, ("id",))
            keys = [[Key("ck", person)] for person in persons]
            for person, own in zip(persons, keys, strict=True):
                session.bind(own, AT)
                check = OwnRows(plan, declared.tables[table], inventory.identity, own)
                batches = check.over(lambda: session.stream(plan.statement))()
                found[person] = sorted(int(n) for one in batches for n in one.column("id").to_pylist())
                assert session.rows(statements.count(table)) == [(len(found[person]),)]
                if asked := statements.foreign(table):
                    session.rows(asked)
            together = TogetherFinder(SQL, declared, session.dialect, statements.finder).of_extract(plan)
            if together is not None:
                session.bind(keys[0], AT, *((of, AT) for of in keys[1:]))
                held = held_as(together.belongs)
                batch: dict[str, list[int]] = {person: [] for person in persons}
                for rows in session.stream(together.ordered(plan.statement)):
                    columns = (rows.column(name).to_pylist() for name in ("id", PERSON, HELD))
                    for number, of, text in zip(*columns, strict=True):
                        assert HeldKeys(keys[int(of)], held)(str(text))
                        batch[persons[int(of)]].append(int(number))
                assert {person: sorted(rows) for person, rows in batch.items()} == found
        return found

    def _inventory(self, tables: str) -> Any:
        folder = self.folder / f"inventory-{abs(hash(tables))}"
        folder.mkdir(exist_ok=True)
        identity = "person: ck\nkeys:\n  ck: {unique: yes}\n"
        shop = HEAD.format(kind=self.kind, more=self.more) + tables
        files = {"shop": shop, "identity": identity, "controller": CONTROLLER, "policy": POLICY}
        for name, text in files.items():
            (folder / f"{name}.yml").write_text(text, encoding="utf-8")
        return load(folder)


@contextmanager
def _executor(database: Any, folder: Path) -> Iterator[tuple[str, Callable[[str, Sequence[Any]], None]]]:
    if isinstance(database, mariadb.Database):
        with database.connect() as opened, opened.cursor() as cursor:
            yield database.uri(), lambda text, row: cursor.execute(text.replace("?", "%s"), row)
    elif isinstance(database, pg.Database):
        with psycopg.connect(database.libpq, autocommit=True) as opened:
            yield database.libpq, lambda text, row: opened.execute(text.replace("?", "%s"), row)
    else:
        with sqlite3.connect(folder / "shop.sqlite", isolation_level=None) as opened:
            yield f"sqlite:///{folder / 'shop.sqlite'}", opened.execute


KINDS = {
    "mysql": ("mysql", "", "mariadb_server"),
    "sqlalchemy, mysql": ("sqlalchemy", "mysql+pymysql", "mariadb_server"),
    "sqlite": ("sqlite", "", ""),
    "sqlalchemy, sqlite": ("sqlalchemy", "sqlite", ""),
    "postgres": ("postgres", "", "postgres_server"),
    "sqlalchemy, postgresql": ("sqlalchemy", "postgresql+psycopg", "postgres_server"),
}
MARIADB = ["mysql", "sqlalchemy, mysql"]
SQLITE = ["sqlite", "sqlalchemy, sqlite"]


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    kind, driver, server_name = KINDS[request.param]
    server: Any = request.getfixturevalue(server_name) if server_name else None
    database = server.create() if server else None
    with _executor(database, tmp_path) as (uri, run):
        monkeypatch.setenv("AIRFLOW_CONN_SHOP", uri)
        isolation = "" if server else ", isolation: SERIALIZABLE"
        more = "connection: shop"
        if driver:
            more += f"\noptions: {{driver: {driver}{isolation}}}"
        elif not server:
            more = f"options: {{path: {tmp_path / 'shop.sqlite'}}}"
        yield Shop(tmp_path, more, kind, run)
    if server:
        server.drop(database)


def link(match: str = KeyMatch.EXACT, normal: bool = False) -> str:
    more = f", match: {match}, {DECIDED}" if match != KeyMatch.EXACT else ""
    said = ", normal: {by: Data office, on: 2026-11-29, why: It is so.}" if normal else ""
    return ORDERS.replace("LINK", f"{{column: ck{more}{said}}}")


GENERAL = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
UCA1400 = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci"
LOOSE = [("anna", "ANNA"), ("aBc", "ABc"), ("renée", "renee")]
ON_LOOSE = [
    *((kind, type_) for kind in MARIADB for type_ in (GENERAL, UCA1400)),
    *((kind, "VARCHAR(40) COLLATE NOCASE") for kind in SQLITE),
]


@pytest.mark.parametrize(("shop", "type_"), ON_LOOSE, indirect=["shop"])
@pytest.mark.parametrize("pair", LOOSE)
def test_two_persons_in_one_table_of_a_loose_collation(shop: Shop, type_: str, pair: tuple[str, str]) -> None:
    shop.orders(type_, pair)
    for of in (link(), link(normal=True)):
        assert shop.given(of, "orders", pair) == {pair[0]: [0], pair[1]: [1]}


@pytest.mark.parametrize(("shop", "type_"), ON_LOOSE, indirect=["shop"])
@pytest.mark.parametrize("pair", LOOSE)
def test_two_persons_of_parents_of_the_same_loose_collation(
    shop: Shop, type_: str, pair: tuple[str, str]
) -> None:
    shop.chain([type_] * 3, [pair] * 3)
    for table in ("line", "item"):
        assert shop.given(ACCOUNT, table, ["0", "1"]) == {"0": [0], "1": [1]}


BINARY = [(kind, type_) for kind in MARIADB for type_ in ("VARBINARY(40)", "BLOB")]
BINARY += [(kind, "BLOB") for kind in SQLITE]


@pytest.mark.parametrize(("shop", "type_"), BINARY, indirect=["shop"])
def test_bytes_are_compared_by_bytes(shop: Shop, type_: str) -> None:
    shop.orders(type_, [text.encode() for text in ("bob", "BOB", "émile", "Émile", "b\u00f3b")])
    found = shop.given(link(), "orders", ["bob", "BOB", "émile"])
    assert found == {"bob": [0], "BOB": [1], "émile": [2]}


SPELT = [
    ("mysql", "UUID", "550E8400-E29B-41D4-A716-44665544000A"),
    ("sqlalchemy, mysql", "UUID", "550E8400-E29B-41D4-A716-44665544000A"),
    ("mysql", "INET6", "FE80::A"),
    ("postgres", "uuid", "550E8400-E29B-41D4-A716-44665544000A"),
]


@pytest.mark.parametrize(("shop", "type_", "key"), SPELT, indirect=["shop"])
def test_capitals_of_what_is_written_in_hexadecimal_digits_do_not_count(
    shop: Shop, type_: str, key: str
) -> None:
    shop.orders(type_, [key.lower(), key.lower()[:-1] + "4"])  # as the server writes them
    assert shop.given(link(), "orders", [key]) == {key: [0]}


BESIDE_BYTES = [*((kind, "VARBINARY(20)") for kind in MARIADB), *((kind, "BLOB") for kind in SQLITE)]


@pytest.mark.parametrize(("shop", "type_"), BESIDE_BYTES, indirect=["shop"])
def test_bytes_that_are_joined_to_a_number_are_its_text(shop: Shop, type_: str) -> None:
    codes = [b"x1", b"01", b"1"]
    shop.chain([type_, "INTEGER", type_], [codes, [0, 1], [b"0", b"1", b"01"]])
    assert shop.given(ACCOUNT, "line", ["0", "1", "2"]) == {"0": [], "1": [], "2": [1]}
    assert shop.given(ACCOUNT, "item", ["0", "1", "2"]) == {"0": [], "1": [], "2": [1]}


FLOATS = [*((kind, "DOUBLE") for kind in MARIADB), *((kind, "REAL") for kind in SQLITE)]
FLOATS += [(kind, "double precision") for kind in ("postgres", "sqlalchemy, postgresql")]
LARGE = 2**53


@pytest.mark.parametrize(("shop", "type_"), FLOATS, indirect=["shop"])
def test_a_float_is_joined_to_an_integer_that_it_can_hold(shop: Shop, type_: str) -> None:
    shop.chain(["BIGINT", type_, "BIGINT"], [[LARGE + 1, 7, LARGE - 1]] + [[LARGE, 7, LARGE - 1]] * 2)
    for table in ("line", "item"):
        assert shop.given(ACCOUNT, table, ["0", "1", "2"]) == {"0": [], "1": [1], "2": [2]}


DECIMALS = [*((kind, "DECIMAL(12, 2)") for kind in MARIADB), ("sqlalchemy, mysql", "DOUBLE")]
DECIMALS += [("sqlalchemy, postgresql", "numeric(12, 2)"), ("sqlalchemy, sqlite", "DECIMAL(12, 2)")]


@pytest.mark.parametrize(("shop", "type_"), DECIMALS, indirect=["shop"])
def test_a_key_in_a_column_of_decimals(shop: Shop, type_: str) -> None:
    shop.orders(type_, [5, 6.5, -7])
    assert shop.given(link(), "orders", ["5", "-7"]) == {"5": [0], "-7": [2]}


@pytest.mark.parametrize("shop", ["postgres", "sqlalchemy, postgresql"], indirect=True)
def test_a_key_of_an_enumeration(shop: Shop) -> None:
    shop.run("CREATE TYPE mood AS ENUM ('anna', 'bob')", ())
    shop.orders("mood", ["anna", "bob"])
    shop.chain(["mood"] * 3, [["anna", "bob"]] * 3)
    for of in (link(), link(normal=True)):
        assert shop.given(of, "orders", ["anna", "bob"]) == {"anna": [0], "bob": [1]}
    for table in ("line", "item"):
        assert shop.given(ACCOUNT, table, ["0", "1"]) == {"0": [0], "1": [1]}


MIXED = [(GENERAL, UCA1400), ("VARCHAR(40) CHARACTER SET latin1", GENERAL), (GENERAL, "ENUM('anna', 'ANN')")]


@pytest.mark.parametrize("shop", MARIADB, indirect=True)
@pytest.mark.parametrize(("type_", "other"), MIXED)
def test_a_join_of_two_collations(shop: Shop, type_: str, other: str) -> None:
    shop.chain([type_, other, type_], [["anna", "ANN"]] * 3)
    for table in ("line", "item"):
        assert shop.given(ACCOUNT, table, ["0", "1"]) == {"0": [0], "1": [1]}
