"""A session on PostgreSQL: read-only, on one snapshot, named, limited in time, and no value in a statement."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from testbed import postgres as pg
from tests.support.warehouses import at
from tests.unit.sources.reading import forms, select

from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError, NeedsPersonError, RetriableError
from afschrift.domain.keys import Key
from afschrift.domain.plan import FieldPlan
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.statements import Statements
from afschrift.sources.registry import open_source

SQL = Path(__file__).parents[4] / "include" / "sql"
NOW = "2026-01-01T00:00:00Z"


def opened(database: pg.Database, uri: str = "", **options: object) -> Source:
    connect = at(uri or database.libpq)
    return open_source("w", "postgres", dict(options), connection="w", connect=connect, tag="R-7")


@pytest.mark.parametrize("megabytes", [1, 8])
def test_batches_are_as_large_as_they_are_asked_for(postgres: pg.Database, megabytes: int) -> None:
    postgres.execute(
        "CREATE TABLE note AS SELECT i AS id, repeat('x', 500) AS text FROM generate_series(1, 40000) i"
    )
    given = {"connection": "w", "connect": at(postgres.libpq), "batch_bytes": megabytes * 1_000_000}
    with open_source("w", "postgres", {}, **given) as session:
        sizes = [batch.nbytes for batch in session.stream(select(session, "note"))]
    assert len(sizes) > 2
    assert all(0.9 < size / megabytes / 1_000_000 < 1.2 for size in sizes[:-1])


@pytest.fixture
def shop(postgres: pg.Database) -> pg.Database:
    postgres.execute(
        "CREATE TABLE customer (id bigint PRIMARY KEY, email text)",
        "INSERT INTO customer SELECT i, 'u' || i || '@example.org' FROM generate_series(1, 1000) i",
    )
    return postgres


@pytest.fixture
def guest(shop: pg.Database, postgres_server: pg.Server) -> str:
    """Address of a role that may connect and nothing more."""
    name = "guest_of_tests"
    with psycopg.connect(shop.libpq, autocommit=True) as connection:
        connection.execute(f"DROP ROLE IF EXISTS {name}")
        connection.execute(f"CREATE ROLE {name} LOGIN")
        connection.execute("REVOKE TEMPORARY ON DATABASE " + connection.info.dbname + " FROM PUBLIC")
    yield shop.libpq.replace("postgres:@", f"{name}:@")
    shop.execute(f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def activity(database: pg.Database) -> list[tuple[str, str]]:
    with psycopg.connect(database.libpq) as connection:
        return connection.execute(
            "SELECT application_name, query FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        ).fetchall()


def test_the_database_sees_the_request_and_no_value(shop: pg.Database) -> None:
    with opened(shop) as session:
        seen = []
        session.bind([Key("id", "4711")], NOW)
        seen += activity(shop)
        holds = session.dialect.holds_key("t.id", "bigint")
        session.rows(f"SELECT count(*) FROM customer AS t, {session.dialect.keys} AS k WHERE {holds}")
        seen += activity(shop)
    assert {name for name, _ in seen} == {"afschrift R-7"}
    assert not any("4711" in query for _, query in seen)


def test_a_session_reads_one_snapshot(shop: pg.Database) -> None:
    with opened(shop) as session:
        before = session.rows("SELECT count(*) FROM customer")
        shop.execute("DELETE FROM customer WHERE id > 10")
        assert session.rows("SELECT count(*) FROM customer") == before
    with opened(shop) as session:
        assert session.rows("SELECT count(*) FROM customer") == [(10,)]


def test_a_function_that_writes_is_refused(shop: pg.Database) -> None:
    shop.execute("CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'DELETE FROM customer RETURNING 1'")
    with opened(shop) as session, pytest.raises(ConfigurationError, match="read-only"):
        session.rows("SELECT sneak()")
    with opened(shop) as session:
        assert session.rows("SELECT count(*) FROM customer") == [(1000,)]


def test_time_limit_of_a_statement(shop: pg.Database) -> None:
    shop.execute("CREATE VIEW slow AS SELECT id, pg_sleep(1) IS NULL AS s FROM customer")
    with opened(shop, statement_timeout="200ms") as session:
        statement = select(session, "slow")
        with pytest.raises(
            RetriableError, match=r"Reading w\.public\.slow took longer .* `statement_timeout`"
        ):
            list(session.stream(statement))


@pytest.mark.parametrize("value", [5, "5", "soon", "1; DROP TABLE customer"])
def test_a_time_limit_has_a_unit(shop: pg.Database, value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"write it as `90s`"):
        opened(shop, statement_timeout=value)


def test_a_locked_table_is_named(shop: pg.Database) -> None:
    with opened(shop, lock_timeout="100ms") as session:
        statement = select(session, "customer")
        with psycopg.connect(shop.libpq) as other:
            other.execute("LOCK TABLE customer IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(RetriableError, match=r"has w\.public\.customer locked"):
                list(session.stream(statement))


def test_without_the_right_to_make_a_table_keys_are_in_a_setting(shop: pg.Database, guest: str) -> None:
    shop.execute("GRANT SELECT ON customer TO guest_of_tests")
    with opened(shop, guest) as session:
        keys = session.dialect.keys
        assert "current_setting" in keys
        holds = session.dialect.holds_key("t.id", "bigint")
        statement = (
            f"SELECT count(*) FROM customer AS t WHERE EXISTS (SELECT 1 FROM {keys} AS k WHERE {holds})"
        )
        session.bind([Key("id", str(number)) for number in (1, 2, 5000)], NOW)
        assert session.rows(statement) == [(2,)]
        session.bind([], NOW)
        assert session.rows(statement) == [(0,)]


def test_no_right_on_a_table_waits_for_a_person(shop: pg.Database, guest: str) -> None:
    with opened(shop) as session:
        statement = select(session, "customer")
    with opened(shop, guest) as session:
        assert "customer" in session.catalogue()
        for read in (
            lambda: session.catalogue()["customer"]["id"],
            lambda: list(session.catalogue()["customer"]),
            lambda: list(session.stream(statement)),
        ):
            with pytest.raises(NeedsPersonError, match=r"no right to read w\.public\.customer") as caught:
                read()
            assert (caught.value.question, caught.value.detail) == (
                "no_right",
                {"table": "w.public.customer"},
            )


HIDDEN = r"row security policy may hide rows of w\.public\.(customer|seen)"


def test_a_row_that_a_policy_hides_is_an_error_and_not_fewer_rows(shop: pg.Database, guest: str) -> None:
    shop.execute(
        "GRANT SELECT ON customer TO guest_of_tests",
        "ALTER TABLE customer ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY first ON customer FOR SELECT TO guest_of_tests USING (id < 2)",
        "CREATE VIEW seen WITH (security_invoker) AS SELECT * FROM customer",
        "GRANT SELECT ON seen TO guest_of_tests",
    )
    with opened(shop) as session:  # the owner passes by the policy
        everything = len(forms(session, "customer"))
        statements = [select(session, name) for name in ("customer", "seen")]
    with psycopg.connect(guest) as plain:
        visible = plain.execute("SELECT count(*) FROM customer").fetchone()
        assert visible is not None and visible[0] < everything  # what was delivered before
    with opened(shop, guest) as session, pytest.raises(NeedsPersonError, match=HIDDEN) as caught:
        session.catalogue()["customer"]["id"]
    assert caught.value.question == "no_right"
    for statement in statements:
        with opened(shop, guest) as session, pytest.raises(NeedsPersonError, match=HIDDEN):
            list(session.stream(statement))
    shop.execute("ALTER ROLE guest_of_tests BYPASSRLS")
    with opened(shop, guest) as session:
        assert len(forms(session, "customer")) == everything


def test_a_wrong_password_is_no_retry(shop: pg.Database) -> None:
    uri = shop.libpq.replace("postgres:@", "nobody_here:secret-word@")
    with pytest.raises(ConfigurationError, match="refuses the connection w") as caught, opened(shop, uri):
        pass
    assert "secret-word" not in str(caught.value)


def test_a_server_that_is_not_there() -> None:
    with (
        pytest.raises(RetriableError, match="cannot be opened by the connection w"),
        open_source("w", "postgres", {}, connection="w", connect=at("postgres://u@127.0.0.1:1/x")),
    ):
        pass


def test_connection_lost_while_rows_come(shop: pg.Database) -> None:
    shop.execute("CREATE TABLE big AS SELECT i, repeat('x', 500) AS pad FROM generate_series(1, 200000) i")
    with opened(shop) as session:
        stream = session.stream(select(session, "big"))
        next(stream)
        shop.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'afschrift R-7' "
            "AND datname = current_database()"
        )
        with pytest.raises(RetriableError, match=r"w\.public\.big"):
            list(stream)


def test_a_cell_that_is_too_large_is_named(shop: pg.Database) -> None:
    shop.execute(
        "CREATE TABLE upload (id int, file bytea, note jsonb)",
        "INSERT INTO upload VALUES (1, convert_to(repeat('x', 2000000), 'UTF8'), NULL)",
        "INSERT INTO upload VALUES (2, NULL, to_jsonb(repeat('y', 1500000)))",
    )
    for column, size in (("file", 2_000_000), ("note", 1_500_002)):
        with (
            opened(shop, cell_limit=1) as session,
            pytest.raises(ConfigurationError, match=rf"w\.upload\.{column} has {size} bytes.*`cell_limit`"),
        ):
            forms(session, "upload", [column])
    with opened(shop) as session:
        assert len(forms(session, "upload")) == 2


def test_text_that_is_not_utf8_names_its_column(postgres_server: pg.Server) -> None:
    database = postgres_server.create("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    try:
        database.execute("CREATE TABLE t (a text, b text)")
        database.execute("INSERT INTO t VALUES ('fine', convert_from('\\xff', 'SQL_ASCII'))")
        with opened(database) as session, pytest.raises(ConfigurationError, match="Column b of source w"):
            forms(session, "t")
    finally:
        postgres_server.drop(database)


def test_names_with_quotes_dots_and_braces(shop: pg.Database) -> None:
    shop.execute(
        'CREATE SCHEMA "o\'S"',
        'CREATE TABLE "o\'S"."a.b""c" ("x\'y""z{0}%" int, "select" text)',
        'INSERT INTO "o\'S"."a.b""c" VALUES (1, \'v\')',
    )
    with opened(shop) as session:
        assert forms(session, "o'S.a.b\"c") == [{"x'y\"z{0}%": "1", "select": "v"}]


def test_a_view_that_fails_is_named(shop: pg.Database) -> None:
    shop.execute("CREATE VIEW broken AS SELECT 1 / (id - id) AS x FROM customer")
    with opened(shop) as session, pytest.raises(ConfigurationError, match=r"w\.public\.broken"):
        forms(session, "broken")


def test_as_many_columns_as_there_can_be(shop: pg.Database) -> None:
    names = [f"column_{number}" for number in range(1600)]
    shop.execute(
        f"CREATE TABLE wide ({', '.join(f'{name} smallint' for name in names)})",
        f"INSERT INTO wide VALUES ({', '.join(str(number) for number in range(1600))})",
    )
    with opened(shop) as session:
        assert forms(session, "wide") == [{name: str(number) for number, name in enumerate(names)}]


def test_bytes_beside_a_mask_are_their_value_form(postgres: pg.Database) -> None:
    postgres.execute(
        "CREATE TABLE note (id int PRIMARY KEY, author text, photo bytea)",
        "INSERT INTO note VALUES (1, 'agent', '\\x01'), (2, 'customer', '\\x00ff'), (3, 'customer', NULL)",
    )
    declared = {
        "subject": {"id": {"column": "id"}},
        "key": ["id"],
        "origin": {"by": "author", "agent": "assigned", "customer": "provided"},
        "columns": {"photo": {"about": "third_party", "third_party": "mask", "when": ["agent"]}},
    }
    identity = IdentityFile.model_validate({"person": "id", "keys": {"id": {"unique": "yes"}}})
    source = SourceFile.model_validate({"source": "w", "kind": "postgres", "tables": {"note": declared}})
    photo = FieldPlan("photo", ValueKind.BINARY, Action.MASK, (), "")

    with opened(postgres) as session:
        session.bind([Key("id", str(n)) for n in (1, 2, 3)], "2026-01-01T00:00:00Z")
        statements = Statements(SQL, source, identity, session.dialect, session.catalogue())
        batches = list(session.stream(statements.extract("note", [photo], None)))

    assert [row["photo"] for batch in batches for row in batch.to_pylist()] == ["[masked]", "AP8=", None]
