"""A session on MariaDB: read-only, on one snapshot, named, limited in time; every failure has its words."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support import mariadb
from tests.support.warehouses import at
from tests.unit.sources.reading import forms, select

from afschrift.domain.errors import ConfigurationError, NeedsPersonError, RetriableError
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.sources.registry import open_source

NOW = "2026-01-01T00:00:00Z"


def opened(database: mariadb.Database, user: str = "root", **options: object) -> Source:
    connect = at(database.uri(user))
    return open_source("w", "mysql", dict(options), connection="w", connect=connect, tag="R-7")


@pytest.fixture
def shop(mariadb_server: mariadb.Server) -> mariadb.Database:
    database = mariadb_server.create()
    database.execute(
        "CREATE TABLE customer (id BIGINT PRIMARY KEY, email VARCHAR(50), born DATETIME)",
        "INSERT INTO customer SELECT seq, concat('u', seq, '@example.org'), '2024-07-01 12:00:00' FROM seq_1_to_1000",
    )
    yield database
    mariadb_server.drop(database)


@pytest.fixture
def guest(shop: mariadb.Database) -> str:
    """An account that may connect and nothing more."""
    shop.execute("CREATE OR REPLACE USER guest@localhost")
    yield "guest"
    shop.execute("DROP USER guest@localhost")


def counting(session: Source) -> str:
    native = session.catalogue()["customer"]["id"].native
    holds = session.dialect.holds_key("t.id", native)
    return f"SELECT count(*) FROM customer AS t WHERE EXISTS (SELECT 1 FROM {session.dialect.keys} AS k WHERE k.name = 'id' AND {holds})"


def test_the_database_sees_the_request(shop: mariadb.Database) -> None:
    with opened(shop) as session:
        statement = "SELECT info FROM information_schema.processlist WHERE id = connection_id()"
        assert session.rows(statement)[0][0].startswith("/* afschrift R-7 */")


def test_a_session_reads_one_snapshot(shop: mariadb.Database) -> None:
    with opened(shop) as session:
        shop.execute("DELETE FROM customer WHERE id > 10")
        assert session.rows("SELECT count(*) FROM customer") == [(1000,)]
    with opened(shop) as session:
        assert session.rows("SELECT count(*) FROM customer") == [(10,)]


def test_a_session_reads_one_snapshot_under_read_committed(shop: mariadb.Database) -> None:
    shop.execute("SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED")
    try:
        test_a_session_reads_one_snapshot(shop)
    finally:
        shop.execute("SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def test_time_limit_of_a_statement(shop: mariadb.Database) -> None:
    shop.execute("CREATE VIEW slow AS SELECT id, sleep(1) AS s FROM customer")
    with opened(shop, statement_timeout="200ms") as session:
        statement = select(session, "slow")
        with pytest.raises(RetriableError, match=r"Reading w\.slow took longer .* `statement_timeout`"):
            list(session.stream(statement))


@pytest.mark.parametrize("temporary", [True, False])
def test_keys_are_in_a_table_or_in_a_setting(shop: mariadb.Database, guest: str, temporary: bool) -> None:
    shop.execute(
        f"GRANT SELECT{', CREATE TEMPORARY TABLES' if temporary else ''} ON {shop.name}.* TO guest@localhost"
    )
    with opened(shop, guest) as session:
        assert (session.dialect.keys == "afschrift_key") is temporary
        statement = counting(session)
        session.bind([Key("id", value) for value in ("1", "2", "5000", "3 0", "0x1", "ø\\'")], NOW)
        assert session.rows(statement) == [(2,)]
        assert session.rows(f"SELECT value FROM {session.dialect.keys} AS k WHERE number IS NULL ORDER BY value") == [
            ("0x1",), ("3 0",), ("ø\\'",),
        ]  # fmt: skip
        session.bind([], NOW)
        assert session.rows(statement) == [(0,)]


@pytest.mark.usefixtures("mariadb_server")  # which says so where there is no program
def test_a_binary_log_never_holds_a_key() -> None:
    program = mariadb.program()
    assert program is not None
    with mariadb.running(program, "--log-bin", "--binlog-format=MIXED") as server:
        database = server.create()
        database.execute("CREATE TABLE customer (id BIGINT)", "INSERT INTO customer VALUES (4711123)")
        with opened(database) as session:
            session.bind([Key("id", "4711123"), Key("email", "secret@example.org")], NOW)
            assert session.rows(counting(session)) == [(1,)]
        logs = b"".join(p.read_bytes() for p in Path(server.socket).parent.glob("d/*-bin.0*"))
    assert b"4711123" in logs  # the INSERT of this test
    assert b"secret@example.org" not in logs


def test_no_right_on_a_column_waits_for_a_person(shop: mariadb.Database, guest: str) -> None:
    with opened(shop) as session:
        statement = select(session, "customer")
    shop.execute(f"GRANT SELECT (id) ON {shop.name}.customer TO guest@localhost")
    with opened(shop, guest) as session, pytest.raises(NeedsPersonError, match=r"w\.customer") as caught:
        list(session.stream(statement))
    assert (caught.value.question, caught.value.detail) == ("no_right", {"table": "w.customer"})


def test_refused_accounts_and_missing_databases(shop: mariadb.Database) -> None:
    with pytest.raises(ConfigurationError, match="refuses the connection w"), opened(shop, "nobody"):
        pass
    gone = mariadb.Database(shop.socket + "x", shop.name)
    with pytest.raises(RetriableError, match="cannot be opened by the connection w"), opened(gone):
        pass


def test_connection_lost_while_rows_come(shop: mariadb.Database) -> None:
    shop.execute("CREATE TABLE big AS SELECT seq, repeat('x', 2000) AS pad FROM seq_1_to_50000")
    with opened(shop) as session:
        number = session.rows("SELECT connection_id()")[0][0]
        stream = session.stream(select(session, "big"))
        next(stream)
        shop.execute(f"KILL {number}")
        with pytest.raises(RetriableError, match=r"w\.big"):
            list(stream)


def test_a_cell_that_is_too_large_is_named(shop: mariadb.Database) -> None:
    shop.execute(
        "CREATE TABLE upload (id INT, file LONGBLOB, note LONGTEXT)",
        "INSERT INTO upload VALUES (1, repeat('x', 2000000), NULL), (2, NULL, repeat('y', 1500000))",
    )
    for column in ("file", "note"):
        with (
            opened(shop, cell_limit=1) as session,
            pytest.raises(
                ConfigurationError, match=rf"w\.upload\.{column} has more than the limit.*`cell_limit`"
            ),
        ):
            forms(session, "upload", [column])
    with opened(shop) as session:
        assert len(forms(session, "upload")) == 2


def test_names_with_quotes_dots_and_braces(shop: mariadb.Database) -> None:
    shop.execute(
        "CREATE TABLE `a.b\"c'` (`x'y\"z{0}%``` INT, `select` TEXT)", "INSERT INTO `a.b\"c'` VALUES (1, 'v')"
    )
    with opened(shop) as session:
        assert forms(session, "a.b\"c'") == [{"x'y\"z{0}%`": "1", "select": "v"}]


def test_a_view_of_what_is_gone_is_named(shop: mariadb.Database) -> None:
    shop.execute("CREATE TABLE old (a INT)", "CREATE VIEW broken AS SELECT a FROM old", "DROP TABLE old")
    with opened(shop) as session:
        assert not session.catalogue().get("broken")
        with pytest.raises(ConfigurationError, match=r"w\.broken"):
            session.rows('SELECT 1\nFROM "broken" AS t\n')


def test_a_clock_that_the_server_does_not_know(shop: mariadb.Database) -> None:
    with opened(shop) as session:
        native = session.catalogue()["customer"]["born"].native
        with pytest.raises(ConfigurationError, match="does not know the time zone Europe/Amsterdam"):
            session.dialect.instant("t.born", native, "Europe/Amsterdam")
        instant = session.dialect.instant("t.born", native, "UTC")
        assert session.rows(f"SELECT {instant} FROM customer AS t LIMIT 1") == [
            ("2024-07-01T12:00:00.000000Z",)
        ]


def test_an_abandoned_stream_leaves_the_session_usable(shop: mariadb.Database) -> None:
    with opened(shop) as session:
        stream = session.stream("SELECT seq FROM seq_1_to_20000")
        next(stream)
        stream.close()
        assert session.rows("SELECT count(*) FROM customer") == [(1000,)]
