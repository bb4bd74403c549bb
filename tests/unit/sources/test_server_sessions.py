"""Sessions on servers: read-only, on one snapshot, named, limited in time; every failure has its words."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from testbed import postgres as pg
from tests.support import mariadb
from tests.support.two_sessions import open_two
from tests.support.warehouses import at
from tests.unit.sources.reading import forms, select

from afschrift.domain.errors import AfschriftError, ConfigurationError, NeedsPersonError, RetriableError
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source

NOW = "2026-01-01T00:00:00Z"
DRIVERS = {"postgres": "postgresql+psycopg", "mariadb": "mysql+pymysql"}
GUEST = "guest_of_tests"


@dataclass(frozen=True)
class Shop:
    """A database on `postgres` or `mariadb` with customers, and an account that may connect and nothing more."""

    kind: str
    on: str
    database: Any

    def uri(self, user: str = "") -> str:
        if self.on == "mariadb":
            return str(self.database.uri(user or "root"))
        return str(self.database.libpq.replace("postgres:@", f"{user or 'postgres'}:@"))

    def open(self, user: str = "", uri: str = "", **options: object) -> Source:
        if self.kind == "sqlalchemy":
            options = {"driver": DRIVERS[self.on], **options}
        reached = {"connection": "w", "connect": at(uri or self.uri(user)), "tag": "R-7"}
        return open_two("w", self.kind, options, **reached)

    def run(self, *statements: str) -> None:
        """`GUEST` is the account as the server calls it."""
        account = f"{GUEST}@localhost" if self.on == "mariadb" else GUEST
        self.database.execute(*(statement.replace("GUEST", account) for statement in statements))

    def counting(self, session: Source) -> str:
        holds = session.dialect.holds_key("t.id", session.catalogue()["customer"]["id"].native)
        keys = f"SELECT 1 FROM {session.dialect.keys} AS k WHERE k.name = 'id' AND {holds}"
        return f"SELECT count(*) FROM customer AS t WHERE EXISTS ({keys})"


ALL = {
    "postgres": ("postgres", "postgres"),
    "mysql": ("mysql", "mariadb"),
    "sqlalchemy, postgres": ("sqlalchemy", "postgres"),
    "sqlalchemy, mariadb": ("sqlalchemy", "mariadb"),
}
on_postgres = pytest.mark.parametrize("shop", ["postgres"], indirect=True)
on_mysql = pytest.mark.parametrize("shop", ["mysql"], indirect=True)
by_alchemy = pytest.mark.parametrize("shop", ["sqlalchemy, postgres", "sqlalchemy, mariadb"], indirect=True)


@pytest.fixture(params=ALL)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    kind, on = ALL[request.param]
    server = request.getfixturevalue(f"{on}_server")
    made = Shop(kind, on, server.create())
    made.run(
        "CREATE TABLE customer (id BIGINT PRIMARY KEY, email VARCHAR(50), born TIMESTAMP NULL)",
        "INSERT INTO customer VALUES (1, 'a@example.org', NULL), (2, 'secret-word', NULL), (3, NULL, NULL)",
    )
    if on == "postgres":
        with psycopg.connect(made.database.libpq) as connection:
            revoke = f"REVOKE TEMPORARY ON DATABASE {connection.info.dbname} FROM PUBLIC"
        made.run(
            "DROP ROLE IF EXISTS GUEST", "CREATE ROLE GUEST LOGIN", *([revoke] if kind == "postgres" else [])
        )
    else:
        made.run("CREATE OR REPLACE USER GUEST")
    yield made
    made.run(*(["DROP OWNED BY GUEST", "DROP ROLE GUEST"] if on == "postgres" else ["DROP USER GUEST"]))
    server.drop(made.database)


def test_a_session_reads_one_snapshot(shop: Shop) -> None:
    with shop.open() as session:
        shop.run("DELETE FROM customer WHERE id > 1")
        assert len(forms(session, "customer", ["id"])) == 3
    with shop.open() as session:
        assert len(forms(session, "customer", ["id"])) == 1


@on_mysql
def test_a_session_reads_one_snapshot_under_read_committed(shop: Shop) -> None:
    shop.run("SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED")
    try:
        test_a_session_reads_one_snapshot(shop)
    finally:
        shop.run("SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def test_a_function_that_writes_is_refused(shop: Shop) -> None:
    body = {
        "postgres": "LANGUAGE sql AS 'DELETE FROM customer RETURNING 1'",
        "mariadb": "BEGIN DELETE FROM customer; RETURN 1; END",
    }
    shop.run(f"CREATE FUNCTION sneak() RETURNS int {body[shop.on]}")
    with shop.open() as session, pytest.raises(ConfigurationError, match="read-only"):
        session.rows("SELECT sneak()")
    with shop.open() as session:
        assert len(forms(session, "customer", ["id"])) == 3


def test_no_right_on_a_table_waits_for_a_person(shop: Shop) -> None:
    named = "w.public.customer" if shop.kind == "postgres" else "w.customer"
    with shop.open() as session:
        statement = select(session, "customer")
    if shop.on == "mariadb":
        shop.run("CREATE TABLE other (id INTEGER)", "GRANT SELECT ON other TO GUEST")
        shop.run(f"GRANT CREATE TEMPORARY TABLES ON {shop.database.name}.* TO GUEST")
    with (
        shop.open(GUEST) as session,
        pytest.raises(NeedsPersonError, match=f"no right to read {named}") as error,
    ):
        list(session.stream(statement))
    assert (error.value.question, error.value.detail) == ("no_right", {"table": named})


@on_postgres
def test_a_table_without_right_is_named_where_its_columns_are_asked_for(shop: Shop) -> None:
    with shop.open(GUEST) as session:
        table = session.catalogue()["customer"]
        for read in (lambda: table["id"], lambda: list(table)):
            with pytest.raises(NeedsPersonError, match=r"no right to read w\.public\.customer") as error:
                read()
            assert error.value.detail == {"table": "w.public.customer"}


@pytest.mark.parametrize("temporary", [True, False])
@pytest.mark.parametrize("shop", ["postgres", "mysql"], indirect=True)
def test_keys_are_in_a_table_or_in_a_setting(shop: Shop, temporary: bool) -> None:
    shop.run("GRANT SELECT ON customer TO GUEST")
    if temporary:
        name = shop.database.name if shop.on == "mariadb" else shop.uri().rpartition("/")[2].partition("?")[0]
        shop.run(
            f"GRANT CREATE TEMPORARY TABLES ON {name}.* TO GUEST"
            if shop.on == "mariadb"
            else f'GRANT TEMPORARY ON DATABASE "{name}" TO GUEST'
        )
    with shop.open(GUEST) as session:
        assert (session.dialect.keys == "afschrift_key") is temporary
        counting = shop.counting(session)
        odd = ["3 0", "0x1", "ø\\'"]
        session.bind([Key("id", value) for value in ("1", "2", "5000", *odd)], NOW)
        assert session.rows(counting) == [(2,)]
        found = session.rows(f"SELECT value FROM {session.dialect.keys} AS k")
        assert {value for (value,) in found} == {"1", "2", "5000", *odd}
        session.bind([], NOW)
        assert session.rows(counting) == [(0,)]


@pytest.mark.parametrize("shop", [name for name in ALL if name != "postgres"], indirect=True)
def test_the_database_sees_the_request(shop: Shop) -> None:
    asked = {
        "postgres": "SELECT query FROM pg_stat_activity WHERE application_name = 'afschrift R-7'",
        "mariadb": "SELECT info FROM information_schema.processlist WHERE id = connection_id()",
    }
    with shop.open() as session:
        session.bind([Key("id", "2"), Key("id", "4711")], NOW)
        counting = shop.counting(session)
        assert session.rows(counting) == [(1,)]
        assert "4711" not in counting
        seen = session.rows(asked[shop.on])  # other sessions of the account may still be listed
        assert any(str(row[0]).startswith("/* afschrift R-7 */") for row in seen)


@on_postgres
def test_postgres_sees_the_request_and_no_value(shop: Shop) -> None:
    def activity() -> list[tuple[str, str]]:
        with psycopg.connect(shop.database.libpq) as connection:
            return connection.execute(
                "SELECT application_name, query FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            ).fetchall()

    with shop.open() as session:
        session.bind([Key("id", "4711")], NOW)
        seen = activity()
        session.rows(shop.counting(session))
        seen += activity()
    assert {name for name, _ in seen} == {"afschrift R-7"}
    assert not any("4711" in query for _, query in seen)


NOWHERE = ("postgres://nobody_here:secret-word@127.0.0.1:1/x", "mysql://u:secret-word@127.0.0.1:1/x")


@pytest.mark.parametrize(
    ("shop", "uri", "kind", "words"),
    [
        ("postgres", "nobody_here:secret-word@", ConfigurationError, "refuses the connection w"),
        ("postgres", NOWHERE[0], RetriableError, "cannot be opened by the connection w"),
        ("mysql", "nobody", ConfigurationError, "refuses the connection w"),
        ("mysql", NOWHERE[1], RetriableError, "cannot be opened by the connection w"),
        ("sqlalchemy, postgres", NOWHERE[0], RetriableError, "cannot be opened by connection w"),
        ("sqlalchemy, mariadb", NOWHERE[1], RetriableError, "cannot be opened by connection w"),
    ],
    indirect=["shop"],
)
def test_a_server_that_refuses_or_is_not_there(
    shop: Shop, uri: str, kind: type[AfschriftError], words: str
) -> None:
    if "://" not in uri:
        uri = shop.uri().replace("postgres:@", uri) if shop.on == "postgres" else shop.uri(uri)
    with pytest.raises(kind, match=words) as error, shop.open(uri=uri):
        pass
    assert "secret-word" not in str(error.value)


HIDDEN = r"row security policy may hide rows of w\.(public\.)?(customer|seen)"


@pytest.mark.parametrize("shop", ["postgres", "sqlalchemy, postgres"], indirect=True)
def test_a_row_that_a_policy_hides_is_an_error_and_not_fewer_rows(shop: Shop) -> None:
    shop.run(
        "GRANT SELECT ON customer TO GUEST",
        "ALTER TABLE customer ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY first ON customer FOR SELECT TO GUEST USING (id < 2)",
        "CREATE VIEW seen WITH (security_invoker) AS SELECT * FROM customer",
        "GRANT SELECT ON seen TO GUEST",
    )
    with shop.open() as session:  # the owner passes by the policy
        tables = ("customer", "seen") if shop.kind == "postgres" else ("customer",)
        statements = [select(session, name) for name in tables]
    with psycopg.connect(shop.uri(GUEST)) as plain:
        assert plain.execute("SELECT count(*) FROM customer").fetchone() == (1,)  # what was delivered before
    for statement in statements:
        with shop.open(GUEST) as session, pytest.raises(NeedsPersonError, match=HIDDEN) as error:
            list(session.stream(statement))
        assert error.value.question == "no_right"
    if shop.kind == "postgres":
        with shop.open(GUEST) as session, pytest.raises(NeedsPersonError, match=HIDDEN):
            session.catalogue()["customer"]["id"]
        shop.run("ALTER ROLE GUEST BYPASSRLS")
        with shop.open(GUEST) as session:
            assert len(forms(session, "customer")) == 3


@on_postgres
@pytest.mark.parametrize("value", [5, "5", "soon", "1; DROP TABLE customer"])
def test_a_time_limit_has_a_unit(shop: Shop, value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"write it as `90s`"):
        shop.open(statement_timeout=value)


@on_postgres
def test_a_locked_table_is_named(shop: Shop) -> None:
    with shop.open(lock_timeout="100ms") as session:
        statement = select(session, "customer")
        with psycopg.connect(shop.database.libpq) as other:
            other.execute("LOCK TABLE customer IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(RetriableError, match=r"has w\.public\.customer locked"):
                list(session.stream(statement))


@pytest.mark.parametrize(
    ("kind", "message"),
    [("postgres", "Column b of source w"), ("sqlalchemy", r"text of w\.t is not in the encoding")],
)
def test_text_that_is_not_utf8_names_its_column_or_table(
    postgres_server: pg.Server, kind: str, message: str
) -> None:
    database = postgres_server.create("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    try:
        database.execute(
            "CREATE TABLE t (a text, b text)",
            "INSERT INTO t VALUES (convert_from('\\xc3a9', 'SQL_ASCII'), convert_from('\\xff41', 'SQL_ASCII'))",
        )
        with Shop(kind, "postgres", database).open() as session:
            assert forms(session, "t", ["a"]) == [{"a": "é"}]
            with pytest.raises(ConfigurationError, match=message):
                forms(session, "t")
    finally:
        postgres_server.drop(database)


@pytest.mark.usefixtures("mariadb_server")  # which says so where there is no program
def test_a_binary_log_never_holds_a_key() -> None:
    program = mariadb.program()
    assert program is not None
    with mariadb.running(program, "--log-bin", "--binlog-format=MIXED") as server:
        shop = Shop("mysql", "mariadb", server.create())
        shop.run("CREATE TABLE customer (id BIGINT)", "INSERT INTO customer VALUES (4711123)")
        with shop.open() as session:
            session.bind([Key("id", "4711123"), Key("email", "secret@example.org")], NOW)
            assert session.rows(shop.counting(session)) == [(1,)]
        logs = b"".join(p.read_bytes() for p in Path(server.socket).parent.glob("d/*-bin.0*"))
    assert b"4711123" in logs  # the INSERT of this test
    assert b"secret@example.org" not in logs


@on_mysql
def test_a_view_of_what_is_gone_is_named(shop: Shop) -> None:
    shop.run("CREATE TABLE old (a INT)", "CREATE VIEW broken AS SELECT a FROM old", "DROP TABLE old")
    with shop.open() as session:
        assert not session.catalogue().get("broken")
        with pytest.raises(ConfigurationError, match=r"w\.broken"):
            session.rows('SELECT 1\nFROM "broken" AS t\n')


@on_mysql
def test_a_clock_that_the_server_does_not_know(shop: Shop) -> None:
    shop.run("CREATE TABLE visit (at DATETIME)", "INSERT INTO visit VALUES ('2024-07-01 12:00:00')")
    with shop.open() as session:
        native = session.catalogue()["visit"]["at"].native
        with pytest.raises(ConfigurationError, match="does not know the time zone Europe/Amsterdam"):
            session.dialect.instant("t.at", native, "Europe/Amsterdam")
        instant = session.dialect.instant("t.at", native, "UTC")
        assert session.rows(f"SELECT {instant} FROM visit AS t") == [("2024-07-01T12:00:00.000000Z",)]


def test_a_second_statement_throws_no_rows_away(shop: Shop) -> None:
    columns = "information_schema.columns"
    with shop.open() as session:
        stream = session.stream(f"SELECT 1 AS a FROM {columns} AS x, {columns} AS y LIMIT 24000")
        read = next(stream).num_rows
        for ask in (lambda: session.rows("SELECT 1"), lambda: session.bind([Key("id", "1")], NOW)):
            try:
                ask()
            except AfschriftError as error:
                assert "was asked for while rows of another one were read" in str(error)
        assert read + sum(batch.num_rows for batch in stream) == 24_000
        assert session.rows("SELECT 1")


@on_mysql
def test_an_abandoned_stream_leaves_the_session_usable(shop: Shop) -> None:
    with shop.open() as session:
        stream = session.stream("SELECT seq FROM seq_1_to_20000")
        next(stream)
        stream.close()
        assert session.rows("SELECT count(*) FROM customer") == [(3,)]


@by_alchemy
def test_a_text_that_is_the_word_for_too_large(shop: Shop) -> None:
    shop.run("INSERT INTO customer VALUES (4, '[afschrift: too large]', NULL)")
    with (
        shop.open() as session,
        pytest.raises(ConfigurationError, match=r"w\.customer\.email .*`cell_limit`"),
    ):
        forms(session, "customer")


@pytest.fixture(scope="module")
def coded(mariadb_server: mariadb.Server) -> Iterator[mariadb.Database]:
    database = mariadb_server.create()
    database.execute(
        "CREATE TABLE code (c VARCHAR(20) COLLATE utf8mb4_general_ci, l VARCHAR(20) CHARACTER SET latin1, KEY (c))",
        "INSERT INTO code VALUES ('ab', 'ab'), ('AB', 'AB'), ('ab ', 'ab '), ('áb', 'áb'), ('ł', NULL), ('Ł', NULL)",
    )
    yield database
    mariadb_server.drop(database)


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
    coded: mariadb.Database, column: str, given: str, exact: list[str], folded: list[str]
) -> None:
    with Shop("mysql", "mariadb", coded).open() as session:
        native = session.catalogue()["code"][column].native
        session.bind([Key("c", given)], NOW)
        for match, rows in (("exact", exact), ("casefold", folded)):
            holds = session.dialect.holds_key(f"t.{column}", native, match)
            found = session.rows(
                f"SELECT t.{column} FROM code AS t WHERE EXISTS (SELECT 1 FROM {session.dialect.keys} AS k WHERE {holds})"
            )
            assert sorted(value for (value,) in found) == rows
