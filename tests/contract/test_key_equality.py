"""One equality of keys and joins, whatever the database takes for equal: bytes, after the key's normal form.

Each pair is the key of a person and a text that a row holds. The table of docs/key-equality.md says what comes of
it: `equal`: the row is the person's; `different`: it is not; `asked`: it is not, and a person is asked about it,
as the database takes the two for equal; `refused`: no request reads the table.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from testbed import postgres as pg
from testbed.mini import CONTROLLER, POLICY
from tests.support import mariadb

from afschrift.batch.together import HELD, PERSON, TogetherFinder
from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key, key_form
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.selection.held_keys import HeldKeys, held_as
from afschrift.selection.statements import Statements
from afschrift.sources.registry import SOURCES, open_source

ROOT = Path(__file__).parents[2]
SQL = ROOT / "include" / "sql"
PAGE = ROOT / "docs" / "key-equality.md"
AT = "2026-01-01T00:00:00.000000Z"
NFD = unicodedata.normalize("NFD", "zoë")
PAIRS = {
    "the same": ("tess", "tess"),
    "case": ("anna", "ANNA"),
    "accent": ("renée", "renee"),
    "blanks after": ("bob", "bob  "),
    "blank before": ("carl", " carl"),
    "tab": ("dora", "dora\t"),
    "no-break space": ("emma", "emma\u00a0"),
    "ß and ss": ("strauß", "strauss"),
    "NFC and NFD": ("zoë", NFD),
    "NFD and NFC": (unicodedata.normalize("NFD", "chloë"), "chloë"),
    "ligature": ("sofie", "so\ufb01e"),
    "dotted I": ("iris", "\u0130ris"),
    "dotless i": ("mila", "m\u0131la"),
    "01 and 1": ("01", "1"),
}
MATCHES = {"exact": "", "casefold": "casefold", "email": "email", "digits": "digits"}
SHOP = """
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
  orders:
    subject: {{ck: {link}}}
    key: [id]
    purposes: [sale]
    columns: {{id: {{origin: assigned}}, ck: {{origin: assigned}}}}
  account:
    subject: {{owner: owner}}
    key: [code]
    purposes: [sale]
    columns: {{code: {{origin: assigned}}, owner: {{origin: assigned}}}}
  line:
    join: {{code: account.code}}
    key: [id]
    purposes: [sale]
    columns: {{id: {{origin: assigned}}, code: {{origin: assigned}}}}
"""
IDENTITY = "person: ck\nkeys:\n  ck: {unique: yes}\n  owner: {unique: yes}\n"
DECIDED = "decided: {by: Data office, on: 2026-11-29, why: As it is typed.}"


@dataclass(frozen=True)
class Case:
    """A kind of source, and the type of the column of a key there; `parent` of the one that is joined."""

    kind: str
    type: str
    parent: str
    server: str = ""
    driver: str = ""


_UTF8 = "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE"
CASES = {
    "duckdb": Case("duckdb", "VARCHAR", "VARCHAR"),
    "duckdb, NOCASE": Case("duckdb", "VARCHAR COLLATE NOCASE", "VARCHAR"),
    "duckdb, NOACCENT": Case("duckdb", "VARCHAR COLLATE NOCASE.NOACCENT", "VARCHAR"),
    "parquet": Case("parquet", "VARCHAR", "VARCHAR"),
    "postgres": Case("postgres", "text", "text", "postgres_server"),
    "postgres, citext": Case("postgres", "citext", "text", "postgres_server"),
    "postgres, citext in both": Case("postgres", "citext", "citext", "postgres_server"),
    "postgres, ICU": Case("postgres", "text COLLATE loose", "text", "postgres_server"),
    "postgres, char(20)": Case("postgres", "char(20)", "text", "postgres_server"),
    "mysql, general_ci": Case("mysql", f"{_UTF8} utf8mb4_general_ci", f"{_UTF8} utf8mb4_bin", "mariadb_server"),
    "mysql, uca1400_ai_ci": Case("mysql", f"{_UTF8} utf8mb4_uca1400_ai_ci", f"{_UTF8} utf8mb4_uca1400_ai_ci", "mariadb_server"),
    "mysql, bin": Case("mysql", f"{_UTF8} utf8mb4_bin", f"{_UTF8} utf8mb4_bin", "mariadb_server"),
    "sqlite": Case("sqlite", "VARCHAR(40)", "VARCHAR(40)"),
    "sqlite, NOCASE": Case("sqlite", "VARCHAR(40) COLLATE NOCASE", "VARCHAR(40)"),
    "sqlalchemy, postgresql": Case("sqlalchemy", "text", "text", "postgres_server", "postgresql+psycopg"),
    "sqlalchemy, postgresql citext": Case("sqlalchemy", "citext", "citext", "postgres_server", "postgresql+psycopg"),
    "sqlalchemy, sqlite NOCASE": Case("sqlalchemy", "VARCHAR(40) COLLATE NOCASE", "VARCHAR(40)", "", "sqlite"),
    "sqlalchemy, mysql general_ci": Case("sqlalchemy", f"{_UTF8} utf8mb4_general_ci", f"{_UTF8} utf8mb4_bin", "mariadb_server", "mysql+pymysql"),
    "sqlalchemy, any other": Case("sqlalchemy", "VARCHAR(40) COLLATE NOCASE", "VARCHAR(40)", "", "other"),
}  # fmt: skip


class Other(SQLiteDialect_pysqlite):
    """A database that is there, by a dialect of which the software knows nothing."""

    name = "other"
    supports_statement_cache = True


registry.register("other", __name__, "Other")


def test_every_source_is_here() -> None:
    assert {case.kind for case in CASES.values()} == set(SOURCES)


@dataclass
class Filled:
    """A source with the pairs in it."""

    name: str
    folder: Path
    case: Case
    more: str
    uri: str

    def inventory(self, link: str) -> Inventory:
        folder = self.folder / f"inventory-{abs(hash(link))}"
        folder.mkdir(exist_ok=True)
        shop = SHOP.format(kind=self.case.kind, more=self.more, link=link)
        files = {"shop": shop, "identity": IDENTITY, "controller": CONTROLLER, "policy": POLICY}
        for name, text in files.items():
            (folder / f"{name}.yml").write_text(text, encoding="utf-8")
        return load(folder)

    def open(self, inventory: Inventory) -> Source:
        declared = inventory.sources["shop"]
        return open_source("shop", declared.kind, declared.options, connection=declared.connection)


def _statements(case: Case) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    yield f"CREATE TABLE orders (id INTEGER, ck {case.type})", []
    yield f"CREATE TABLE account (code {case.parent}, owner INTEGER)", []
    yield f"CREATE TABLE line (id INTEGER, code {case.type})", []
    numbered = list(enumerate(PAIRS.values()))
    yield "INSERT INTO orders VALUES ({}, {})", [(number, held) for number, (_, held) in numbered]
    yield "INSERT INTO account VALUES ({}, {})", [(key, number) for number, (key, _) in numbered]
    yield "INSERT INTO line VALUES ({}, {})", [(number, held) for number, (_, held) in numbered]


def _fill(execute: Callable[..., Any], case: Case, mark: str) -> None:
    for statement, rows in _statements(case):
        if not rows:
            execute(statement)
        for row in rows:
            execute(statement.format(mark, mark), row)


@pytest.fixture(scope="module", params=CASES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    name, case = request.param, CASES[request.param]
    folder = tmp_path_factory.mktemp("pairs")
    server: Any = request.getfixturevalue(case.server) if case.server else None
    database = server.create() if server else None
    if isinstance(database, pg.Database):
        with psycopg.connect(database.libpq, autocommit=True) as opened:
            opened.execute("CREATE EXTENSION IF NOT EXISTS citext")
            if "loose" in case.type:
                _loose_collation(opened)
            _fill(opened.execute, case, "%s")
        uri = database.libpq
    elif isinstance(database, mariadb.Database):
        with database.connect() as opened, opened.cursor() as cursor:
            _fill(cursor.execute, case, "%s")
        uri = database.uri()
    elif case.kind == "sqlite" or case.driver in ("sqlite", "other"):
        with sqlite3.connect(folder / "shop.sqlite") as opened:
            _fill(opened.execute, case, "?")
        uri = f"sqlite:///{folder / 'shop.sqlite'}"
    else:
        with duckdb.connect(str(folder / "shop.duckdb")) as opened:
            _fill(opened.execute, case, "?")
            for table in ("orders", "account", "line"):
                (folder / "lake" / table).mkdir(parents=True)
                opened.execute(f"COPY {table} TO '{folder / 'lake' / table / 'part.parquet'}'")
        uri = ""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW_CONN_SHOP", uri)
        yield Filled(name, folder, case, _more(case, folder), uri)
    if server:
        server.drop(database)


def _loose_collation(opened: psycopg.Connection) -> None:
    try:
        opened.execute(
            "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)"
        )
    except psycopg.errors.Error:
        pytest.skip("this PostgreSQL was made without ICU, and has no loose collation")


def _more(case: Case, folder: Path) -> str:
    if case.kind == "sqlalchemy":
        isolation = ", isolation: SERIALIZABLE" if not case.server else ""
        return f"connection: shop\noptions: {{driver: {case.driver}{isolation}}}"
    if case.server:
        return "connection: shop"
    if case.kind == "parquet":
        return f"options: {{root: {folder / 'lake'}}}"
    return f"options: {{path: {folder / f'shop.{case.kind}'}}}"


def outcomes(filled: Filled, link: str, table: str) -> dict[str, str]:
    """What comes of each pair: by count, extract, batch, reconciliation and the check of each row, alike."""
    inventory = filled.inventory(link)
    found: dict[str, str] = {}
    with filled.open(inventory) as session:
        statements = Statements(
            SQL, inventory.sources["shop"], inventory.identity, session.dialect, session.catalogue()
        )
        try:
            asked, count = statements.foreign(table), statements.count(table)
            plan = _plan(statements, table)
        except ConfigurationError:
            return dict.fromkeys(PAIRS, "refused")
        keys = [_keys(number, key) for number, (key, _) in enumerate(PAIRS.values())]
        for number, pair in enumerate(PAIRS):
            session.bind(keys[number], AT)
            rows = [row for batch in session.stream(plan.statement) for row in batch.column("id").to_pylist()]
            assert session.rows(count) == [(len(rows),)]
            assert {int(row) for row in rows} <= {number}
            oracle = session.oracle(plan.statement, {"id": ValueKind.INTEGER}, {"id"}, {})
            assert oracle.sums(oracle.hashed, None).rows == len(rows)
            close = int(session.rows(asked)[0][0]) if asked else 0
            found[pair] = "equal" if rows else "asked" if close else "different"
        given = {number for number, pair in enumerate(PAIRS) if found[pair] == "equal"}
        assert _together(session, inventory, statements, plan, keys) in (given, None)
    return found


def _keys(number: int, key: str) -> list[Key]:
    return [Key("ck", key), Key("owner", str(number))]


def _plan(statements: Statements, table: str) -> ExtractPlan:
    field = FieldPlan("id", ValueKind.INTEGER, Action.INCLUDE, (), "")
    statement = statements.extract(table, [field], None)
    return ExtractPlan("shop", table, (field,), statement, statements.ways(table).keys, ("id",))


def _together(
    session: Source, inventory: Inventory, statements: Statements, plan: ExtractPlan, keys: list[list[Key]]
) -> set[int] | None:
    """The persons who get their row in a batch; None: no batch reads the table."""
    source = inventory.sources["shop"]
    rows = TogetherFinder(SQL, source, session.dialect, statements.finder).of_extract(plan)
    if rows is None:
        return None
    session.bind(keys[0], AT, *((of, AT) for of in keys[1:]))
    found = set()
    for batch in session.stream(rows.ordered(plan.statement)):
        for number, person, held in zip(
            *(batch.column(name).to_pylist() for name in ("id", PERSON, HELD)), strict=True
        ):
            assert int(number) == int(person)
            assert HeldKeys(keys[int(person)], held_as(rows.belongs))(str(held))
            found.add(int(person))
    return found


def _link(match: str) -> str:
    return "ck" if match == "exact" else f"{{column: ck, match: {match}, {DECIDED}}}"


@pytest.mark.parametrize("match", ["exact", "casefold", "email", "digits"])
def test_a_key_is_found_by_its_normal_form(filled: Filled, match: str) -> None:
    found = outcomes(filled, _link(match), "orders")
    if filled.case.driver == "other":
        assert set(found.values()) == {"refused"}
        return
    wanted = {
        pair for pair, (key, held) in PAIRS.items()
        if key_form(key, match) and key_form(key, match) == key_form(held, match)
    }  # fmt: skip
    assert {pair for pair, outcome in found.items() if outcome == "equal"} == wanted
    if match == "exact":
        assert _row(filled.name, "key", found) in PAGE.read_text(encoding="utf-8")


def test_a_join_compares_bytes(filled: Filled) -> None:
    found = outcomes(filled, "ck", "line")
    assert _row(filled.name, "join", found) in PAGE.read_text(encoding="utf-8")
    if filled.case.driver == "other":
        assert set(found.values()) == {"refused"}
        return
    padded = "char(" in filled.case.type  # the blanks that fill it are no part of its values
    wanted = {pair for pair, (key, held) in PAIRS.items() if key == (held.rstrip(" ") if padded else held)}
    assert {pair for pair, outcome in found.items() if outcome == "equal"} == wanted


def test_a_key_that_is_said_to_be_normal_is_found_by_the_index_and_its_bytes(filled: Filled) -> None:
    normal = "normal: {by: Data office, on: 2026-11-29, why: The shop writes it so.}"
    found = outcomes(filled, f"{{column: ck, {normal}}}", "orders")
    for pair, outcome in found.items():
        key, held = PAIRS[pair]
        if outcome == "equal" and filled.case.driver != "other":
            assert key_form(key) == key_form(held)
    assert found["the same"] == "equal"


def _row(name: str, of: str, found: dict[str, str]) -> str:
    return f"| {name} | {of} | {' | '.join(found.values())} |"
