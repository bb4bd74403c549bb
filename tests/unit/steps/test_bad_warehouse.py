"""A request on a warehouse in which something is wrong: it waits, or fails with a name, and leaves no half file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from testbed.running import installation, run, store
from tests.support import one_shop
from tests.support.driving import ANN, planned, stopped

from afschrift.domain.errors import NeedsPersonError, RetriableError
from afschrift.services import Services
from afschrift.steps.extract import extract

ACCOUNT = "clerk_of_tests"


@dataclass(frozen=True)
class World:
    """A shop in a database server, read by an account that may read all of it."""

    services: Services
    database: Any
    home: Path
    grantee: str

    def staged(self) -> list[str]:
        """Names of the staged files of tables, and of what was left half."""
        return sorted(p.name for p in self.home.rglob("*") if p.suffix == ".part" or p.parent.name == "shop")


def world(
    kind: str, server: Any, home: Path, monkeypatch: pytest.MonkeyPatch, source: str = ""
) -> Iterator[World]:
    database = server.create()
    if kind == "mysql":
        one_shop.in_mariadb(database)
        grantee, uri = f"{ACCOUNT}@localhost", database.uri(ACCOUNT)
        database.execute(f"CREATE OR REPLACE USER {grantee}")
        database.execute(f"GRANT CREATE TEMPORARY TABLES ON {database.name}.* TO {grantee}")
        gone = [f"DROP USER {grantee}"]
    else:
        one_shop.in_postgres(database)
        grantee, uri = ACCOUNT, database.libpq.replace("postgres:@", f"{ACCOUNT}:@")
        database.execute(f"DROP ROLE IF EXISTS {grantee}", f"CREATE ROLE {grantee} LOGIN")
        gone = [f"DROP OWNED BY {grantee}", f"DROP ROLE {grantee}"]
    database.execute(*(f"GRANT SELECT ON {table} TO {grantee}" for table in one_shop.TABLES))
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", uri)
    inventory = one_shop.write_inventory(home / "inventory", kind, "connection: shop\nunlisted: ignore")
    yield World(installation(home, inventory), database, home, grantee)
    database.execute(*gone)
    server.drop(database)


@pytest.fixture(params=["mysql", "postgres"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    server = request.getfixturevalue("mariadb_server" if request.param == "mysql" else "postgres_server")
    yield from world(request.param, server, tmp_path, monkeypatch)


@pytest.fixture
def on_postgres(postgres_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from world("postgres", postgres_server, tmp_path, monkeypatch)


def test_no_right_on_one_table_waits_for_a_person(shop: World) -> None:
    shop.database.execute(f"REVOKE SELECT ON line FROM {shop.grantee}")
    request = store(shop.services, ANN)
    error = str(stopped(run, shop.services, request))
    assert re.search(r"no right to read .*line|sees no line", error)
    assert "afschrift answer" in error
    (question,) = shop.services.register.questions.all(request_id=request)
    assert (question.kind, question.options) == ("no_right", ("try_again",))
    assert question.detail["table"].startswith("shop.")
    assert question.detail["table"].endswith("line")
    assert shop.staged() == []
    shop.database.execute(f"GRANT SELECT ON line TO {shop.grantee}")
    shop.services.register.questions.answer(question.id, "try_again", "cli:anna")
    assert run(shop.services, request).exists()


def test_a_right_that_is_taken_while_the_request_goes(shop: World) -> None:
    request = planned(shop.services)
    shop.database.execute(f"REVOKE SELECT ON line FROM {shop.grantee}")
    with pytest.raises(NeedsPersonError, match=r"no right to read shop\.\S*line"):
        extract(shop.services, request, "shop")
    assert not [name for name in shop.staged() if name.startswith("line") or name.endswith(".part")]


def test_connection_lost_in_the_middle_of_a_table(on_postgres: World) -> None:
    services, execute = on_postgres.services, on_postgres.database.execute
    whole = "CREATE VIEW line AS SELECT order_id, line_no, price FROM line_rows"
    lost = whole.replace("line_no", "line_no + pg_terminate_backend(pg_backend_pid())::int AS line_no")
    granted = f"GRANT SELECT ON line TO {on_postgres.grantee}"
    execute("ALTER TABLE line RENAME TO line_rows", whole, granted)
    request = planned(services)
    execute("DROP VIEW line", lost, granted)
    with pytest.raises(RetriableError, match=r"shop\.public\.line"):
        extract(services, request, "shop")
    assert not [name for name in on_postgres.staged() if name.startswith("line") or name.endswith(".part")]
    execute("DROP VIEW line", whole, granted)
    assert extract(services, request, "shop")["rows"] == 10
    lines = [name for name in on_postgres.staged() if name.startswith("line")]
    assert lines == ["line.csv.enc", "line.json.enc"]
