"""Objects that the owner of the database plants in the register's schema are differences."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from testbed import postgres as pg
from tests.support import homes

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.request import Request
from afschrift.register import schema
from afschrift.register.database.database import Database
from afschrift.register.database.made_objects import MADE, TABLES
from afschrift.register.database.objects import differing, digests
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

HIDES = "SELECT * FROM decision_kept WHERE choice <> 'not_confirmed'"
FUNCTION = "CREATE FUNCTION planted({}) RETURNS {} LANGUAGE plpgsql {} AS 'BEGIN RETURN {}; END'"
ON_ROWS = FUNCTION.format("", "trigger", "", "NEW")
OF_TEXT = FUNCTION.format("text", "text", "IMMUTABLE", "$1")
LETS_PASS = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
HIDDEN = "PRAGMA writable_schema = ON; UPDATE sqlite_master SET {}; PRAGMA writable_schema = OFF"

POSTGRESQL = {
    "a view in a table's place": (
        "decision",
        "ALTER TABLE decision RENAME TO decision_kept",
        f"CREATE VIEW decision AS {HIDES}",
    ),
    "a trigger that rewrites": (
        "planted",
        ON_ROWS,
        "CREATE TRIGGER planted BEFORE INSERT ON decision FOR EACH ROW EXECUTE FUNCTION planted()",
    ),
    "instead of a view": (
        "planted",
        ON_ROWS,
        "ALTER TABLE decision RENAME TO decision_kept",
        f"CREATE VIEW decision AS {HIDES}",
        "CREATE TRIGGER planted INSTEAD OF INSERT ON decision FOR EACH ROW EXECUTE FUNCTION planted()",
    ),
    "a rule": (
        "decision",
        "CREATE RULE planted AS ON INSERT TO decision WHERE NEW.choice = 'not_confirmed' DO INSTEAD NOTHING",
    ),
    "a child": ("decision", "CREATE TABLE planted () INHERITS (decision)"),
    "a table earlier on the path": (
        "decision",
        "CREATE SCHEMA AUTHORIZATION CURRENT_USER",
        "DO $$ BEGIN EXECUTE format('CREATE TABLE %I.decision (LIKE public.decision INCLUDING ALL)', current_user); END $$",
    ),
    "a whole register earlier on the path": (
        "afschrift_version",
        "CREATE SCHEMA AUTHORIZATION CURRENT_USER",
        "DO $$ DECLARE name text; BEGIN FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP "
        "EXECUTE format('CREATE TABLE %I.%I (LIKE public.%I INCLUDING ALL)', current_user, name, name); "
        "END LOOP; "
        "EXECUTE format('INSERT INTO %I.afschrift_version TABLE public.afschrift_version', current_user); END $$",
    ),
    "a function of ours replaced": (
        "afschrift_refuse",
        f"CREATE OR REPLACE FUNCTION afschrift_refuse() {LETS_PASS}",
    ),
    "a function of ours led astray": (
        "afschrift_only_drop",
        "ALTER FUNCTION afschrift_only_drop() SET search_path = planted, public",
    ),
    "a function of ours earlier on the path": (
        "afschrift_refuse",
        "CREATE SCHEMA AUTHORIZATION CURRENT_USER",
        f"CREATE FUNCTION afschrift_refuse() {LETS_PASS}",
        "CREATE OR REPLACE TRIGGER event_no_update BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION afschrift_refuse()",
    ),
    "a guard dropped": ("event_no_update", "DROP TRIGGER event_no_update ON event"),
    "a guard disabled": ("event_no_update", "ALTER TABLE event DISABLE TRIGGER event_no_update"),
    "rows hidden": (
        "decision",
        "ALTER TABLE decision ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY planted ON decision USING (choice <> 'not_confirmed')",
    ),
    "a default": ("decision", "ALTER TABLE decision ALTER about SET DEFAULT 'x'"),
    "a generated column": (
        "decision",
        "ALTER TABLE decision DROP choice",
        "ALTER TABLE decision ADD choice varchar(64) NOT NULL GENERATED ALWAYS AS ('confirmed'::varchar) STORED",
    ),
    "another type": ("decision", "ALTER TABLE decision ALTER choice TYPE char(64)"),
    "another comparison of texts": (
        "decision",
        "CREATE COLLATION planted (locale = 'C')",
        "ALTER TABLE decision ALTER choice TYPE varchar(64) COLLATE planted",
    ),
    "a check that does something": (
        "decision",
        OF_TEXT,
        "ALTER TABLE decision ADD CONSTRAINT planted CHECK (planted(choice) IS NOT NULL)",
    ),
    "an index that does something": ("planted_ix", OF_TEXT, "CREATE INDEX planted_ix ON decision (planted(choice))"),
    "an index without its rows": ("uq_run_going", "DROP INDEX uq_run_going"),
    "rows that go with others": (
        "decision",
        "ALTER TABLE decision ADD CONSTRAINT planted FOREIGN KEY (request_id) REFERENCES data_key (owner) "
        "ON DELETE CASCADE NOT VALID",
    ),
    "an operator that fits better": (
        "planted",
        FUNCTION.format("varchar, varchar", "boolean", "", "true"),
        "CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = planted)",
    ),
    "a function that fits better": (
        "substr",
        "CREATE FUNCTION substr(varchar, int, int) RETURNS text LANGUAGE sql AS $$ SELECT '2015' $$",
    ),
    "a path that asks pg_catalog last": (
        "search_path",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$",
    ),
    "triggers that do not fire": (
        "session_replication_role",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database()); END $$",
    ),
    "a table that is gone after a crash": ("run", "ALTER TABLE run SET UNLOGGED"),
}  # fmt: skip
SQLITE = {
    "a view in a table's place": (
        "decision",
        "ALTER TABLE decision RENAME TO decision_kept",
        f"CREATE VIEW decision AS {HIDES}",
    ),
    "a trigger that rewrites": (
        "planted",
        "CREATE TRIGGER planted AFTER INSERT ON decision BEGIN UPDATE decision SET choice = 'confirmed'; END",
    ),
    "instead of a view": (
        "planted",
        "ALTER TABLE decision RENAME TO decision_kept",
        f"CREATE VIEW decision AS {HIDES}",
        "CREATE TRIGGER planted INSTEAD OF INSERT ON decision BEGIN SELECT 1; END",
    ),
    "a guard dropped": ("event_no_update", "DROP TRIGGER event_no_update"),
    "a guard that lets everything pass": (
        "event_no_update",
        "DROP TRIGGER event_no_update",
        "CREATE TRIGGER event_no_update BEFORE UPDATE ON event WHEN 0 BEGIN SELECT RAISE(ABORT, 'x'); END",
    ),
    "a default": (
        "decision",
        HIDDEN.format("sql = replace(sql, 'about VARCHAR(64)', 'about VARCHAR(64) DEFAULT 1') WHERE name = 'decision'"),
    ),
    "another comparison of texts": (
        "decision",
        HIDDEN.format("sql = replace(sql, 'choice VARCHAR(64)', 'choice VARCHAR(64) COLLATE NOCASE') "
                      "WHERE name = 'decision'"),
    ),
    "a check": (
        "decision",
        HIDDEN.format("sql = replace(sql, 'choice VARCHAR(64)', 'choice VARCHAR(64) CHECK (choice <> 1)') "
                      "WHERE name = 'decision'"),
    ),
    "a generated column": ("decision", "ALTER TABLE decision ADD planted AS ('x')"),
    "an index without its rows": ("uq_run_going", "DROP INDEX uq_run_going"),
}  # fmt: skip


def run(url: str, *statements: str) -> None:
    """As the owner of the database."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            for statement in statements:
                connection.executescript(statement)
        return
    pg.Database(url.replace("+psycopg", "")).execute(*statements)


def attacked(url: str) -> dict[str, tuple[str, ...]]:
    return SQLITE if url.startswith("sqlite") else POSTGRESQL


def test_list_of_objects_equals_the_migrations(url: str) -> None:
    """After a migration: `python tools/register_objects.py`."""
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    with Database(url).read() as tx:
        assert digests(tx) == MADE[kind]
        assert sorted(inspect(tx).get_table_names()) == TABLES


@pytest.mark.parametrize("attack", sorted({*POSTGRESQL, *SQLITE}))
def test_planted_object_is_reported(
    url: str, register: Register, open_one: Callable[..., Request], attack: str
) -> None:
    if attack not in attacked(url):
        return
    name, *statements = attacked(url)[attack]
    request = open_one()
    assert register.evidence.of_request(request.id) == ()
    assert list(register.evidence.differences()) == []
    register.store.database.close()

    run(url, *statements)

    found = register.evidence.of_request(request.id)
    assert {d.code for d in found} == {"schema_changed"}
    assert name in [d.table for d in found]
    assert name in [
        difference.table
        for difference in register.evidence.differences()
        if difference.code == "schema_changed"
    ]


def test_temporary_table_is_reported(postgres: pg.Database, keys: KeyStore) -> None:
    """A pooler reuses a session with what another client left in it."""
    schema.upgrade(postgres.url)
    register = Register(postgres.url, keys)
    with register.store.database.engine.begin() as tx:
        tx.execute(text("CREATE TEMPORARY TABLE decision AS SELECT * FROM decision"))
    assert {difference.table for difference in register.evidence.differences()} == {"search_path", "decision"}


ALLOWED = (
    "CREATE INDEX quicker ON decision (kind, choice)",
    "CREATE INDEX quicker_open ON request (state) WHERE state = 'accepted'",
    "CREATE TABLE dag_run (id integer PRIMARY KEY, note text)",
    "INSERT INTO dag_run VALUES (1, 'x')",
    "ANALYZE",
)
ALLOWED_POSTGRESQL = (
    "CREATE INDEX quicker_by_length ON decision (length(choice), lower(kind))",
    "CREATE VIEW figures AS SELECT state, count(*) FROM request GROUP BY state",
    "CREATE FUNCTION of_theirs() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "COMMENT ON TABLE request IS 'of Afschrift'",
    "GRANT SELECT ON request TO PUBLIC",
    "ALTER TABLE event SET (fillfactor = 90)",
    "CREATE STATISTICS theirs ON kind, choice FROM decision",
    "CREATE TABLE planted () INHERITS (decision)",
    "DROP TABLE planted",
    "VACUUM FULL decision",
)


def test_objects_of_an_administrator_are_ignored(url: str) -> None:
    run(url, *ALLOWED, *(() if url.startswith("sqlite") else ALLOWED_POSTGRESQL))
    with Database(url).read() as tx:
        assert differing(tx) == []


def test_a_register_in_a_schema_of_its_own_is_as_made(postgres: pg.Database) -> None:
    postgres.execute(
        "CREATE SCHEMA requests", "CREATE TABLE public.decision (x int)", "CREATE VIEW public.run AS SELECT 1"
    )
    url = f"{postgres.url}{'&' if '?' in postgres.url else '?'}options=-csearch_path%3Drequests,public"
    schema.upgrade(url)
    with Database(url).read() as tx:
        assert differing(tx) == []


def test_name_of_a_planted_object_is_sanitised(tmp_path: Path, url: str, register: Register) -> None:
    if url.startswith("sqlite"):
        run(url, 'CREATE TRIGGER "a\nb c" AFTER INSERT ON decision BEGIN SELECT 1; END')
        assert [difference.table for difference in register.evidence.differences()] == ["a_b_c"]


def test_a_register_of_an_older_revision_is_not_called_forged(postgres: pg.Database, tmp_path: Path) -> None:
    keys = homes.keys("d2c088a2", tmp_path)
    for url in (
        homes.on_sqlite("d2c088a2", tmp_path / "old.db"),
        homes.on_postgresql("d2c088a2", postgres),
    ):
        register = Register(url, keys)
        for ask in (lambda opened=register: list(opened.evidence.differences()),
                    lambda opened=register: opened.evidence.of_request("req-000000000000")):  # fmt: skip
            with pytest.raises(ConfigurationError, match=r"0012.*`afschrift register upgrade`"):
                ask()
        schema.upgrade(url)
        assert list(register.evidence.differences()) == []
