"""Objects that the owner of the database plants in the register's schema are differences."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url
from testbed import postgres as pg
from tests.support import homes
from tests.support.nightly import both_databases, on_sqlite
from tests.unit.conftest import Open

from afschrift.domain.errors import ConfigurationError
from afschrift.register import schema
from afschrift.register.database.database import Database
from afschrift.register.database.made_objects import MADE, TABLES
from afschrift.register.database.objects import differing, digests
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register

PLANTED = yaml.safe_load(Path(__file__).with_name("data").joinpath("planted_objects.yml").read_text("utf-8"))
ATTACKS = [(database, attack) for database in ("sqlite", "postgresql") for attack in PLANTED[database]]


def run(url: str, *statements: str) -> None:
    """As the owner of the database."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(";\n".join(statements))
        return
    pg.Database(url.replace("+psycopg", "")).execute(*statements)


@both_databases
def test_list_of_objects_equals_the_migrations(url: str) -> None:
    """After a migration: `python tools/register_objects.py`."""
    with Database(url).read() as tx:
        assert digests(tx) == MADE[make_url(url).get_backend_name()]
        assert sorted(inspect(tx).get_table_names()) == TABLES


@pytest.mark.parametrize(("url", "attack"), ATTACKS, indirect=["url"])
def test_planted_object_is_reported(url: str, register: Register, open_one: Open, attack: str) -> None:
    planted = PLANTED[make_url(url).get_backend_name()][attack]
    request = open_one()
    assert register.evidence.of_request(request.id) == ()
    assert list(register.evidence.differences()) == []
    register.store.database.close()

    run(url, *planted["statements"])

    found = register.evidence.of_request(request.id)
    assert {d.code for d in found} == {"schema_changed"}
    assert planted["named"] in [d.table for d in found]
    changed = [d.table for d in register.evidence.differences() if d.code == "schema_changed"]
    assert planted["named"] in changed


def test_temporary_table_is_reported(postgres: pg.Database, keys: KeyStore) -> None:
    """A pooler reuses a session with what another client left in it."""
    schema.upgrade(postgres.url)
    register = Register(postgres.url, keys)
    with register.store.database.engine.begin() as tx:
        tx.execute(text("CREATE TEMPORARY TABLE decision AS SELECT * FROM decision"))
    assert {difference.table for difference in register.evidence.differences()} == {"search_path", "decision"}


@both_databases
def test_objects_of_an_administrator_are_ignored(url: str) -> None:
    allowed = PLANTED["allowed"]
    run(url, *allowed["sqlite"], *(() if url.startswith("sqlite") else allowed["postgresql"]))
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


@on_sqlite
def test_name_of_a_planted_object_is_sanitised(url: str, register: Register) -> None:
    run(url, 'CREATE TRIGGER "a\nb c" AFTER INSERT ON decision BEGIN SELECT 1; END')
    assert [difference.table for difference in register.evidence.differences()] == ["a_b_c"]


def test_a_register_of_an_older_revision_is_not_called_forged(postgres: pg.Database, tmp_path: Path) -> None:
    keys = homes.keys("d2c088a2", tmp_path)
    for url in (homes.on_sqlite("d2c088a2", tmp_path / "old.db"), homes.on_postgresql("d2c088a2", postgres)):
        register = Register(url, keys)
        for ask in (lambda opened=register: list(opened.evidence.differences()),
                    lambda opened=register: opened.evidence.of_request("req-000000000000")):  # fmt: skip
            with pytest.raises(ConfigurationError, match=r"0012.*`afschrift register upgrade`"):
                ask()
        schema.upgrade(url)
        assert list(register.evidence.differences()) == []
