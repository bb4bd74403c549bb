"""PostgreSQL reconciles in a second session, on the snapshot and with the keys of the first one."""

import time

import psycopg
import pytest
from testbed import postgres as pg
from tests.support.warehouses import at

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key
from afschrift.domain.reconciliation import Extract, Reconciliation, Sums
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.postgres.source import Postgres
from afschrift.sources.registry import open_source

NOW = "2026-01-01T00:00:00Z"
OF = """SELECT
  t."id" AS "id"
FROM "public"."{table}" AS t
WHERE (EXISTS (SELECT 1 FROM {keys} AS k WHERE {holds}))
ORDER BY t."id"
"""


@pytest.fixture
def shop(postgres: pg.Database) -> pg.Database:
    postgres.execute(
        "CREATE TABLE event (id int PRIMARY KEY, owner int, note text)",
        "INSERT INTO event SELECT i, i % 3, 'note ' || i FROM generate_series(1, 3000) i",
        "CREATE VIEW slow AS SELECT id, owner, note, pg_sleep(0.01) IS NULL AS slept FROM event",
    )
    return postgres


def opened(database: pg.Database, user: str = "postgres") -> Source:
    connect = at(database.libpq.replace("postgres:@", f"{user}:@"))
    return open_source("w", "postgres", {}, connection="w", connect=connect, tag="R-8")


def reconciliation(session: Source, table: str = "event") -> Reconciliation:
    holds = session.dialect.holds_key("t.owner", "integer")
    statement = OF.format(table=table, keys=session.dialect.keys, holds=holds)
    kinds = {"id": ValueKind.INTEGER, "note": ValueKind.TEXT}
    kinds |= {"slept": ValueKind.BOOLEAN} if table == "slow" else {}
    return session.reconciliation(Extract(statement, kinds, kinds.keys()))


def sessions(database: pg.Database) -> int:
    of_ours = "application_name = 'afschrift R-8' AND datname = current_database()"
    with psycopg.connect(database.libpq) as connection:
        [(found,)] = connection.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {of_ours}").fetchall()
    return int(found)


def ended(database: pg.Database) -> None:
    """A server takes a moment to see that a session has ended."""
    until = time.monotonic() + 10
    while sessions(database) and time.monotonic() < until:
        time.sleep(0.02)
    assert sessions(database) == 0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that count, each by the session that runs it: `first` or `second`."""
    seen: list[str] = []
    rows, second = Postgres.rows, Postgres._second

    def recorded(self: Postgres, statement: str, reads: str = "") -> list[tuple[object, ...]]:
        if "count(*)" in statement:
            seen.append(self.__dict__.get("which", "first"))
        return rows(self, statement, reads)

    def named(self: Postgres) -> Postgres:
        opened = second(self)
        opened.__dict__["which"] = "second"
        return opened

    monkeypatch.setattr(Postgres, "rows", recorded)
    monkeypatch.setattr(Postgres, "_second", named)
    return seen


def account(compared: Reconciliation, *, begun: bool) -> Sums:
    if begun:
        compared.begin(compared.hashed, None)
    return compared.sums(compared.hashed, None)


def test_the_second_session_sees_the_same_snapshot(shop: pg.Database, asked: list[str]) -> None:
    with opened(shop) as session:
        session.bind([Key("id", "1")], NOW)
        shop.execute("DELETE FROM event WHERE id < 1500", "UPDATE event SET note = 'another'")
        first = account(reconciliation(session), begun=True)
        assert asked == ["second"]
        assert first == account(reconciliation(session), begun=False)
        assert asked == ["second", "first"]
    assert (first.rows, first.present) == (1000, {"id": 1000, "note": 1000})
    ended(shop)


def test_the_second_session_has_the_bound_keys(shop: pg.Database, asked: list[str]) -> None:
    with opened(shop) as session:
        found = []
        for owner in ("1", "2", "7"):
            session.bind([Key("id", owner)], NOW)
            compared = reconciliation(session)
            found.append(account(compared, begun=True))
            assert found[-1] == account(compared, begun=False)
    assert [compared.rows for compared in found] == [1000, 1000, 0]
    assert len({compared.total for compared in found}) == 3
    assert asked == ["second", "first"] * 3


def test_keys_of_before_are_not_asked_for(shop: pg.Database, asked: list[str]) -> None:
    with opened(shop) as session:
        session.bind([Key("id", "1")], NOW)
        compared = reconciliation(session)
        compared.begin(compared.hashed, None)
        session.bind([Key("id", "7")], NOW)
        assert compared.sums(compared.hashed, None).rows == 0
    ended(shop)


def test_the_second_session_writes_only_its_keys(shop: pg.Database) -> None:
    shop.execute("CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS 'DELETE FROM event RETURNING 1'")
    with opened(shop) as session:
        session.bind([Key("id", "1")], NOW)
        assert isinstance(session, Postgres)
        second = session._second()
        try:
            assert second.rows(f"SELECT name, value FROM {session.dialect.keys}") == [("id", "1")]
            with pytest.raises(ConfigurationError, match="read-only"):
                second.rows("SELECT sneak()")
        finally:
            second.__exit__()


@pytest.mark.parametrize(
    ("grant", "by"),
    [
        ("ALTER ROLE {name} CONNECTION LIMIT 1", "first"),
        ("REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC", "first"),
        ("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC", "second"),  # the keys go along
    ],
)
def test_what_the_account_may_decides_which_session_is_asked(
    shop: pg.Database, asked: list[str], grant: str, by: str
) -> None:
    database = shop.libpq.rpartition("/")[2].partition("?")[0]
    name = f"beside_{database[-8:]}"
    shop.execute(f"CREATE ROLE {name} LOGIN", f"GRANT SELECT ON event, slow TO {name}")
    shop.execute(grant.format(name=name, database=f'"{database}"'))
    try:
        with opened(shop, name) as session:
            session.bind([Key("id", "1")], NOW)
            assert account(reconciliation(session), begun=True).rows == 1000
            assert asked == [by]
    finally:
        shop.execute(
            "GRANT EXECUTE ON FUNCTION pg_export_snapshot() TO PUBLIC",
            f"DROP OWNED BY {name}",
            f"DROP ROLE {name}",
        )


def test_running_statements_end_with_the_session(shop: pg.Database) -> None:
    with opened(shop) as session:
        session.bind([Key("id", "1")], NOW)
        compared = reconciliation(session, "slow")  # ten seconds
        compared.begin(compared.hashed, None)
        while sessions(shop) < 2:
            time.sleep(0.01)
        time.sleep(0.1)
        began = time.monotonic()
    assert time.monotonic() - began < 3
    ended(shop)
