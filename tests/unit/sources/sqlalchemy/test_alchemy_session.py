"""Sessions by SQLAlchemy, on PostgreSQL and on MariaDB: what the adapters of their own promise too."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from testbed import postgres as pg
from tests.support.two_sessions import open_two
from tests.support.warehouses import at
from tests.unit.sources.reading import forms, select

from afschrift.domain.errors import ConfigurationError, NeedsPersonError, RetriableError
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.sources.registry import open_source

NOW = "2026-01-01T00:00:00Z"
DRIVERS = {"postgres": "postgresql+psycopg", "mariadb": "mysql+pymysql"}
STATEMENTS = {
    "postgres": "SELECT query FROM pg_stat_activity WHERE application_name = 'afschrift R-7'",
    "mariadb": "SELECT info FROM information_schema.processlist WHERE id = connection_id()",
}
SLOW = {"postgres": "pg_sleep(1) IS NULL", "mariadb": "sleep(1)"}


@dataclass(frozen=True)
class Shop:
    """A database with a table of customers, and an account that may connect and nothing more."""

    name: str
    database: Any
    guest: str

    def open(self, uri: str = "", **options: object) -> Source:
        own = self.database.libpq if self.name == "postgres" else self.database.uri()
        return open_two(
            "w", "sqlalchemy", {"driver": DRIVERS[self.name], **options},
            connection="w", connect=at(uri or own), tag="R-7",
        )  # fmt: skip


@pytest.fixture(params=["postgres", "mariadb"])
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    server = request.getfixturevalue(f"{request.param}_server")
    database = server.create()
    database.execute(
        "CREATE TABLE customer (id INTEGER PRIMARY KEY, email VARCHAR(50))",
        "INSERT INTO customer VALUES (1, 'a@example.org'), (2, 'secret-word'), (3, NULL)",
        "CREATE TABLE other (id INTEGER)",
    )
    if request.param == "postgres":
        database.execute(
            "DROP ROLE IF EXISTS alchemist",
            "CREATE ROLE alchemist LOGIN",
            "GRANT SELECT ON other TO alchemist",
        )
        yield Shop("postgres", database, database.libpq.replace("postgres:@", "alchemist:@"))
        database.execute("DROP OWNED BY alchemist", "DROP ROLE alchemist")
    else:
        database.execute(
            "CREATE OR REPLACE USER alchemist@localhost",
            f"GRANT SELECT ON {database.name}.other TO alchemist@localhost",
            f"GRANT CREATE TEMPORARY TABLES ON {database.name}.* TO alchemist@localhost",
        )
        yield Shop("mariadb", database, database.uri("alchemist"))
        database.execute("DROP USER alchemist@localhost")
    server.drop(database)


def test_the_database_sees_the_request_and_no_value(shop: Shop) -> None:
    with shop.open() as session:
        native = session.catalogue()["customer"]["id"].native
        holds = session.dialect.holds_key("t.id", native)
        session.bind([Key("id", "2"), Key("id", "4711")], NOW)
        keys = session.dialect.keys
        counted = f"SELECT count(*) FROM customer AS t WHERE EXISTS (SELECT 1 FROM {keys} AS k WHERE {holds})"
        assert session.rows(counted) == [(1,)]
        assert "4711" not in counted
        seen = session.rows(STATEMENTS[shop.name])  # other sessions of the account may still be listed
        assert any(str(row[0]).startswith("/* afschrift R-7 */") for row in seen)


def test_a_session_reads_one_snapshot(shop: Shop) -> None:
    with shop.open() as session:
        shop.database.execute("DELETE FROM customer WHERE id > 1")
        assert len(forms(session, "customer")) == 3
    with shop.open() as session:
        assert len(forms(session, "customer")) == 1


def test_rows_that_are_equal_to_hand_written_ones(shop: Shop) -> None:
    with shop.open() as session:
        assert forms(session, "customer") == [
            {"id": "1", "email": "a@example.org"},
            {"id": "2", "email": "secret-word"},
            {"id": "3", "email": None},
        ]


def test_time_limit_of_a_statement(shop: Shop) -> None:
    shop.database.execute(f"CREATE VIEW slow AS SELECT id, {SLOW[shop.name]} AS s FROM customer")
    with shop.open(statement_timeout="200ms") as session:
        statement = select(session, "slow")
        with pytest.raises(RetriableError, match=r"Reading w\.slow took longer .* `statement_timeout`"):
            list(session.stream(statement))


def test_no_right_on_a_table_waits_for_a_person(shop: Shop) -> None:
    with shop.open() as session:
        statement = select(session, "customer")
    with shop.open(shop.guest) as session, pytest.raises(NeedsPersonError, match=r"w\.customer") as caught:
        list(session.stream(statement))
    assert (caught.value.question, caught.value.detail) == ("no_right", {"table": "w.customer"})


@pytest.mark.parametrize("shop", ["postgres"], indirect=True)  # MariaDB has no such policies
def test_a_row_that_a_policy_hides_is_an_error_and_not_fewer_rows(shop: Shop) -> None:
    shop.database.execute(
        "GRANT SELECT ON customer TO alchemist",
        "ALTER TABLE customer ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY first ON customer FOR SELECT TO alchemist USING (id < 2)",
    )
    with shop.open() as session:
        statement = select(session, "customer")
    with shop.open(shop.guest) as session, pytest.raises(NeedsPersonError, match=r"hide rows of w\.customer"):
        list(session.stream(statement))


def test_a_statement_that_begins_as_a_read_cannot_write(shop: Shop) -> None:
    if shop.name == "mariadb":
        shop.database.execute("CREATE FUNCTION sneak() RETURNS INT BEGIN DELETE FROM customer; RETURN 1; END")
    else:
        shop.database.execute(
            "CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'DELETE FROM customer RETURNING 1'"
        )
    with shop.open() as session, pytest.raises(ConfigurationError, match="read-only"):
        session.rows("SELECT sneak()")
    with shop.open() as session:
        assert len(forms(session, "customer")) == 3


def test_unreachable_databases_are_reported_without_the_password(shop: Shop) -> None:
    wrong = {
        "postgres": "postgres://nobody_here:secret-word@127.0.0.1:1/x",
        "mariadb": "mysql://u:secret-word@127.0.0.1:1/x",
    }
    with (
        pytest.raises(RetriableError, match="cannot be opened by connection w") as caught,
        shop.open(wrong[shop.name]),
    ):
        pass
    assert "secret" not in str(caught.value)


def test_a_text_that_is_the_word_for_too_large(shop: Shop) -> None:
    shop.database.execute("INSERT INTO customer VALUES (4, '[afschrift: too large]')")
    with (
        shop.open() as session,
        pytest.raises(ConfigurationError, match=r"w\.customer\.email .*`cell_limit`"),
    ):
        forms(session, "customer")


def test_text_of_an_encoding_that_is_not_named(postgres_server: pg.Server) -> None:
    database = postgres_server.create("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    shop = Shop("postgres", database, "")
    try:
        database.execute(
            "CREATE TABLE t (a text, b text)",
            "INSERT INTO t VALUES (convert_from('\\xc3a9', 'SQL_ASCII'), convert_from('\\xff41', 'SQL_ASCII'))",
        )
        with shop.open() as session:
            assert forms(session, "t", ["a"]) == [{"a": "é"}]
            with pytest.raises(ConfigurationError, match=r"text of w\.t is not in the encoding"):
                forms(session, "t")
    finally:
        postgres_server.drop(database)


def test_options_that_a_source_needs_to_open() -> None:
    def made(**options: object) -> Source:
        return open_source("w", "sqlalchemy", dict(options), connection="w", connect=at("x://h/d"))

    with pytest.raises(ConfigurationError, match="no option `driver`"):
        made()
    with pytest.raises(ConfigurationError, match="a driver that is not installed"):
        made(driver="nosuchdatabase")
    with pytest.raises(ConfigurationError, match="does not say how its database gives one snapshot"):
        made(driver="sqlite")
    unnamed = open_source("w", "sqlalchemy", {"driver": "postgresql+psycopg"})
    with pytest.raises(ConfigurationError, match="names no connection"), unnamed:
        pass


def test_sqlite_gives_an_event_at_the_end_of_a_key_to_its_next_holder(tmp_path: Path) -> None:
    """Its times are texts, with fractions of a second in the one and without in the other."""
    moments = (
        "2024-06-30 23:59:59",
        "2024-07-01 00:00:00",
        "2024-07-01T00:00:00.000",
        "2024-07-01 00:00:00.001",
    )
    with sqlite3.connect(tmp_path / "shop.sqlite") as con:
        con.execute("CREATE TABLE event (id INTEGER, moment TIMESTAMP)")
        con.executemany("INSERT INTO event VALUES (?, ?)", enumerate(moments))
    options = {"driver": "sqlite", "isolation": "SERIALIZABLE"}
    connect = at(f"sqlite:///{tmp_path / 'shop.sqlite'}")
    with open_source("w", "sqlalchemy", options, connection="w", connect=connect, tag="R-7") as session:
        moment = session.dialect.instant("t.moment", session.catalogue()["event"]["moment"].native, None)
        session.bind([Key("dev", "D", "2024-01-01T00:00:00Z", "2024-07-01T00:00:00Z")], NOW)
        within = f"{moment} >= k.valid_from AND {moment} < k.valid_to"
        found = session.rows(f"SELECT t.id FROM event AS t, {session.dialect.keys} AS k WHERE {within}")
        assert found == [(0,)]
        session.bind([Key("dev", "D", "2024-07-01T00:00:00Z")], NOW)
        later = f"SELECT t.id FROM event AS t, {session.dialect.keys} AS k WHERE {moment} >= k.valid_from"
        assert session.rows(later) == [(1,), (2,), (3,)]
