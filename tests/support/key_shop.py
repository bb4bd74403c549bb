"""A small shop that knows its rows by keys, in a database of any kind, with a map of a few tables."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from testbed import postgres as pg
from tests.support import maps, mariadb

from afschrift.batch.batch_statements import HELD, PERSON, BatchStatements
from afschrift.datamap.check.finding import Severity, failures
from afschrift.datamap.check.map_check import check_sources
from afschrift.domain.decision import Action
from afschrift.domain.keys import Key
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.selection.held_keys import HeldKeys, held_as
from afschrift.selection.statements import Statements
from afschrift.sources.registry import open_source

SQL = Path(__file__).parents[2] / "include" / "sql"
AT = "2026-01-01T00:00:00.000000Z"
DECIDED = "{by: Data office, on: 2026-11-29, why: As the shop writes them.}"
HEAD = """
source: shop
kind: {kind}
{place}
purposes:
  sale:
    basis: A6-1-b
    title: {{nl: Verkoop, en: Sale}}
    retention: {{period: P1Y, trigger: {{nl: na de koop, en: after the sale}}}}
    recipients: []
tables:
"""
_SERVERS = {"postgres": "postgres_server", "mysql": "mariadb_server"}


class Other(SQLiteDialect_pysqlite):
    """A database that is there, by a dialect of which the software knows nothing."""

    name = "other"
    supports_statement_cache = True


registry.register("other", __name__, "Other")


def differences(inventory: Inventory) -> list[str]:
    """The sentences of errors and warnings of a live check."""
    return [found.sentence for found in failures(check_sources(inventory), Severity.WARNING)]


def mapped(name: str, way: str, *columns: str, key: str | None = None) -> str:
    """A table of the map, by its way to the person.

    A column is `assigned`, unless it says more (`name: {origin: provided}`). The first one is the key; "": none is.
    """
    words = ", ".join(column if ":" in column else f"{column}: {{origin: assigned}}" for column in columns)
    key = columns[0].partition(":")[0] if key is None else key
    lines = [
        f"  {name}:",
        way,
        *([f"key: [{key}]"] if key else ()),
        "purposes: [sale]",
        f"columns: {{{words}}}",
    ]
    return "\n    ".join(lines) + "\n"


@dataclass(frozen=True)
class Reading:
    """An opened source, and the statements that its map gives."""

    session: Source
    inventory: Inventory
    statements: Statements

    def plan(self, of: str) -> ExtractPlan:
        """The plan for the numbers of the rows of a table."""
        field = FieldPlan("id", ValueKind.INTEGER, Action.INCLUDE, (), "")
        statement = self.statements.extract(of, [field], None)
        return ExtractPlan("shop", of, (field,), statement, self.statements.ways(of).keys, ("id",))

    def batch_statements(self) -> BatchStatements:
        source, identity = self.inventory.sources["shop"], self.inventory.identity
        return BatchStatements(SQL, source, identity, self.session.dialect, self.session.catalogue())

    def together(self, plan: ExtractPlan, keys: Sequence[list[Key]]) -> list[tuple[int, int, bool]] | None:
        """Row, person and whether it bears their key, of all rows of a batch; None: no batch reads the table."""
        statements = self.batch_statements()
        if not statements.reads(plan):
            return None
        self.session.bind(keys[0], AT, *((of, AT) for of in keys[1:]))
        held = held_as(statements.ways(plan.table).belongs)
        return [
            (int(number), int(person), HeldKeys(keys[int(person)], held)(str(text)))
            for batch in self.session.stream(statements.rows(plan))
            for number, person, text in zip(
                *(batch.column(name).to_pylist() for name in ("id", PERSON, HELD)), strict=True
            )
        ]


@dataclass(frozen=True)
class KeyShop:
    """A database of one kind, where tables can be made and read by a map.

    Attributes:
        folder: its own.
        kind, driver: of the source.
        database: of a server; None: it is a file of the folder.
    """

    folder: Path
    kind: str
    driver: str = ""
    database: pg.Database | mariadb.Database | None = None

    @property
    def uri(self) -> str:
        """Address as an Airflow connection."""
        if isinstance(self.database, pg.Database):
            return self.database.libpq
        return self.database.uri() if self.database else f"sqlite:///{self.folder / 'shop.sqlite'}"

    def run(self, statement: str, *rows: Sequence[Any]) -> None:
        """Run a statement, or once for each row where it has marks."""
        with self._opened() as execute:
            for row in rows or ((),):
                execute(statement, row)

    def make(self, name: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        self.run(f"CREATE TABLE {name} ({columns})")
        self.run(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", *rows)

    def write(self, tables: str, keys: Sequence[str] = ("ck",), more: str = "") -> Path:
        identity = f"person: {keys[0]}\nkeys:\n" + "".join(f"  {key}: {{unique: yes}}\n" for key in keys)
        shop = HEAD.format(kind=self.kind, place=self._place() + more) + tables
        return maps.write(self.folder / "inventory", identity=identity, shop=shop)

    @contextmanager
    def read(self, tables: str, keys: Sequence[str] = ("ck",)) -> Iterator[Reading]:
        inventory = load(self.write(tables, keys))
        source = inventory.sources["shop"]
        with open_source("shop", source.kind, source.options, connection=source.connection) as session:
            made = Statements(SQL, source, inventory.identity, session.dialect, session.catalogue())
            yield Reading(session, inventory, made)

    def _place(self) -> str:
        if self.driver:
            isolation = "" if self.database else ", isolation: SERIALIZABLE"
            return f"connection: shop\noptions: {{driver: {self.driver}{isolation}}}"
        if self.database:
            return "connection: shop"
        if self.kind in ("delta", "files", "iceberg", "parquet"):
            return f"options: {{root: {self.folder / 'lake'}}}"
        threads = ", threads: 1" if self.kind == "duckdb" else ""
        return f"options: {{path: {self.folder / f'shop.{self.kind}'}{threads}}}"

    @contextmanager
    def _opened(self) -> Iterator[Callable[[str, Sequence[Any]], object]]:
        opened: Any
        if isinstance(self.database, mariadb.Database):
            with self.database.connect() as opened, opened.cursor() as cursor:
                yield lambda text, row: cursor.execute(text.replace("?", "%s"), row)
        elif isinstance(self.database, pg.Database):
            with psycopg.connect(self.database.libpq, autocommit=True) as opened:
                yield lambda text, row: opened.execute(text.replace("?", "%s"), row)
        elif self.kind in ("delta", "duckdb", "files", "iceberg", "parquet"):
            with duckdb.connect(str(self.folder / "shop.duckdb")) as opened:
                yield opened.execute
        else:
            with closing(sqlite3.connect(self.folder / "shop.sqlite")) as opened, opened:
                yield opened.execute


@contextmanager
def key_shop(request: pytest.FixtureRequest, folder: Path, kind: str, driver: str = "") -> Iterator[KeyShop]:
    """A shop of a kind, in a database of its own where it takes a server, with its Airflow connection."""
    name = next((fixture for of, fixture in _SERVERS.items() if of in f"{kind} {driver}"), "")
    server: Any = request.getfixturevalue(name) if name else None
    shop = KeyShop(folder, kind, driver, server.create() if server else None)
    try:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AIRFLOW_CONN_SHOP", shop.uri)
            yield shop
    finally:
        if server:
            server.drop(shop.database)
