from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from afschrift.core.errors import AfschriftError
from afschrift.core.request import Request
from afschrift.ledger import schema
from afschrift.ledger.database import Database
from afschrift.ledger.register import Ledger
from afschrift.ledger.tables import metadata


def test_the_migrations_make_what_the_software_reads(url: str) -> None:
    with Database(url).read() as tx:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(tx, opts=options), metadata) == []


def test_up_and_down_and_up_with_data_in(url: str, ledger: Ledger, open_one: Callable[..., Request]) -> None:
    kept = open_one()
    schema.upgrade(url)
    assert ledger.request(kept.id) == kept
    assert ledger.verify() == []
    schema.downgrade(url, "base")
    with Database(url).read() as tx:
        assert inspect(tx).get_table_names() == [schema.VERSION_TABLE]
    assert not schema.is_current(url)
    schema.upgrade(url)
    assert schema.is_current(url)
    assert ledger.head() == (0, "0" * 64)
    open_one()


def test_a_migration_that_stops_half_way_leaves_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/half.db"
    database = Database(url)
    with database.write() as tx:
        tx.execute(text("CREATE TABLE event (x)"))  # the last but one that the migration makes
    with pytest.raises(AfschriftError, match="already exists"):
        schema.upgrade(url)
    with database.read() as tx:
        assert inspect(tx).get_table_names() == ["event"]


REFUSAL = "append-only|duplicate key"
REFUSED = [
    "UPDATE event SET actor = 'x' WHERE seq = 1",
    "DELETE FROM event WHERE seq = 1",
    "DELETE FROM event_payload WHERE seq = 1",
    "UPDATE event_payload SET payload = '{}' WHERE seq = 1",
    "UPDATE event_payload SET payload = NULL, salt = NULL WHERE seq = 1",
    "UPDATE event_payload SET seq = 99, payload = NULL, salt = NULL, erased_by = 'r', erased_at = 't'",
    "INSERT INTO event SELECT * FROM event WHERE seq = 1",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_itself_refuses_to_change_the_trail(
    url: str, open_one: Callable[..., Request], ledger: Ledger, statement: str
) -> None:
    open_one()
    before = ledger.events()
    with pytest.raises(AfschriftError, match=REFUSAL), Database(url).write() as tx:
        tx.execute(text(statement))
    assert ledger.events() == before


def test_sqlite_refuses_replace_too(url: str, open_one: Callable[..., Request]) -> None:
    if not url.startswith("sqlite"):
        return
    open_one()
    for table in ("event", "event_payload"):
        with pytest.raises(AfschriftError, match=REFUSAL), Database(url).write() as tx:
            tx.execute(text(f"REPLACE INTO {table} SELECT * FROM {table} WHERE seq = 1"))


def test_an_erased_payload_cannot_be_erased_again_or_filled(
    url: str, ledger: Ledger, open_one: Callable[..., Request]
) -> None:
    one = open_one()
    assert ledger.erase_payloads(one.id, "retention") == 1
    for change in ("payload = '{}', salt = 'ab'", "erased_by = 'other', erased_at = 'later'"):
        with pytest.raises(AfschriftError, match=REFUSAL), Database(url).write() as tx:
            tx.execute(text(f"UPDATE event_payload SET {change} WHERE payload IS NULL"))
