"""Migrations both ways with data in, on any number of revisions, killed half-way and two at once."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from bench.kills import killed_before
from sqlalchemy import JSON, Column, Integer, LargeBinary, MetaData, inspect, text

from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.request import Request
from afschrift.register import schema
from afschrift.register.database.database import Database
from afschrift.register.database.tables import metadata
from afschrift.register.register import Register

OLDER = ("base", *schema.revisions()[:-1])
FAR_BACK = OLDER[:2]
"""Without tables, and the oldest that has data: the ways from later ones are parts of the way from there."""
GONE = {"notice"}
"""Tables that a later revision dropped: nothing ever wrote them."""
EVERY_STATEMENT = 500  # more than any migration has
Row = dict[str, Any]
Content = dict[str, list[Row]]

# The guards let a dropped year in only where the trail tells of it, and a way up reads it from there.
DROPPED_AT = "2019-01-01T00:00:00.000000Z"
DROPPED = {
    "year": 2017,
    "register": "a" * 64,
    "first_seq": 1,
    "last_seq": 1,
    "closing": "c" * 64,
    "count": 1,
    "rule": "retention_trail",
    "dropped_at": DROPPED_AT,
    "previous": "b" * 64,
}
GUARDED: dict[str, list[Row]] = {
    "event": [
        {"seq": 1, "at": "2017-05-01T12:00:00.000000Z"},
        {"seq": 2, "at": DROPPED_AT, "type": "segment_dropped", "prev": DROPPED["closing"]},
    ],
    "event_payload": [
        {"seq": 1, "payload": None, "salt": None},
        {"seq": 2, "payload": json.dumps({"format": 1, **DROPPED}), "erased_by": None, "erased_at": None},
    ],
    "segment": [{**DROPPED, "event_seq": 2}],
}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    return str(request.getfixturevalue("postgres").url)


def go_to(url: str, revision: str) -> None:
    if revision != "base":
        schema.upgrade(url, revision)


def fill(url: str) -> None:
    """A row in each table, as its columns and guards ask; rows that refer to others find them."""
    with Database(url).write() as tx:
        found = MetaData()
        found.reflect(tx)
        made: dict[tuple[str, str], Any] = {}
        for table in found.sorted_tables:
            if table.name == schema.VERSION_TABLE:
                continue
            for given in GUARDED.get(table.name, [{}]):
                row = {column.name: value(column, made) for column in table.columns} | given
                made |= {(table.name, name): one for name, one in row.items()}
                tx.execute(table.insert(), row)


def value(column: Column[Any], made: dict[tuple[str, str], Any]) -> Any:
    if refers := next(iter(column.foreign_keys), None):
        return made[refers.column.table.name, refers.column.name]
    if isinstance(column.type, Integer):
        return 1
    if isinstance(column.type, JSON):
        return {"code": [1, None]}
    if isinstance(column.type, LargeBinary):
        return b"\0\xff"
    return f"{column.name}-é"[: getattr(column.type, "length", None)]


def content(url: str) -> Content:
    """What stands in every table, as the driver reads it."""
    tables = (
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        if url.startswith("sqlite")
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    )
    with Database(url).read() as tx:
        names = [name for name in tx.execute(text(tables)).scalars().all() if name != schema.VERSION_TABLE]
        return {
            name: [dict(row) for row in tx.execute(text(f"SELECT * FROM {name}")).mappings()]
            for name in names
        }


def in_common(one: Content, other: Content) -> Content:
    """What of the one the other has a place for."""
    return {
        name: [{c: v for c, v in row.items() if c in other[name][0]} for row in rows]
        for name, rows in one.items()
        if name in other
    }


def without_gone(one: Content) -> Content:
    return {name: rows for name, rows in one.items() if name not in GONE}


def shape(url: str) -> dict[str, Any]:
    """Tables with their columns, indexes and guards, without regard to order."""
    with Database(url).read() as tx:
        known = inspect(tx)
        triggers = (
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            if tx.dialect.name == "sqlite"
            else "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal "
            "UNION ALL SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'afschrift%'"
        )
        return {
            "triggers": sorted(map(tuple, tx.execute(text(triggers)))),
            **{
                table: [
                    {(c["name"], str(c["type"]), c["nullable"]) for c in known.get_columns(table)},
                    {(i["name"], tuple(i["column_names"]), i["unique"]) for i in known.get_indexes(table)},
                    {(u["name"], tuple(u["column_names"])) for u in known.get_unique_constraints(table)},
                    {(f["name"], f["referred_table"]) for f in known.get_foreign_keys(table)},
                ]
                for table in known.get_table_names()
            },
        }


def test_the_migrations_make_what_the_software_reads(url: str) -> None:
    with Database(url).read() as tx:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(tx, opts=options), metadata) == []


@pytest.mark.parametrize("older", OLDER)
def test_up_from_each_revision_nothing_that_stands_there_changes(empty: str, older: str) -> None:
    go_to(empty, older)
    fill(empty)
    before = content(empty)
    schema.upgrade(empty)
    assert schema.is_current(empty)
    after = content(empty)
    assert before.keys() - after.keys() <= GONE
    assert in_common(after, before) == without_gone(before)


@pytest.mark.parametrize("older", OLDER)
def test_down_to_each_revision_and_up_again_keeps_what_it_has_room_for(
    empty: str, older: str, tmp_path: Path
) -> None:
    go_to(empty, older)
    old = shape(empty)
    schema.upgrade(empty)
    new = shape(empty)
    fill(empty)
    before = content(empty)
    schema.downgrade(empty, older)
    if older == "base":
        assert content(empty) == {}
        with Database(empty).read() as tx:
            assert inspect(tx).get_table_names() == [schema.VERSION_TABLE]
    else:
        kept = content(empty)
        assert shape(empty) == old
        assert in_common(before, kept) == without_gone(kept)
        assert all(without_gone(kept).values())
        assert not any(kept[name] for name in GONE & kept.keys())
    assert not schema.is_current(empty)
    schema.upgrade(empty)
    assert shape(empty) == new
    if older != "base":
        assert in_common(content(empty), kept) == without_gone(kept)


def test_up_and_down_and_up_with_real_data_in(
    url: str, register: Register, open_one: Callable[..., Request]
) -> None:
    kept = open_one()
    for older in OLDER[:0:-1]:
        schema.downgrade(url, older)
    schema.upgrade(url)
    assert register.requests.get(kept.id) == kept
    assert register.trail.verify() == []
    schema.upgrade(url)
    assert register.requests.get(kept.id) == kept
    schema.downgrade(url, "base")
    schema.upgrade(url)
    assert register.trail.head() == (0, "0" * 64)
    open_one()


@pytest.mark.parametrize("older", FAR_BACK)
def test_an_upgrade_killed_before_any_statement_leaves_the_old_and_the_next_one_ends(
    empty: str, older: str
) -> None:
    go_to(empty, older)
    fill(empty)
    before = content(empty)
    # The first migration makes dozens of tables and indexes, one like the other.
    for statement in range(1, EVERY_STATEMENT, 6 if older == "base" else 1):
        died = killed_before(statement, partial(schema.upgrade, empty))
        if died is None:
            break
        assert content(empty) == before, f"killed before {died}, the {statement}th statement"
        assert not schema.is_current(empty)
    assert statement > 5
    assert schema.is_current(empty)
    assert in_common(content(empty), before) == without_gone(before)


def test_a_downgrade_killed_before_any_statement_leaves_the_new(empty: str) -> None:
    schema.upgrade(empty)
    fill(empty)
    before = content(empty)
    for statement in range(1, EVERY_STATEMENT):
        died = killed_before(statement, partial(schema.downgrade, empty, "base"))
        if died is None:
            break
        assert content(empty) == before, f"killed before {died}, the {statement}th statement"
        assert schema.is_current(empty)
    assert statement > 5
    assert not schema.is_current(empty)


def test_upgrades_at_once_are_one_upgrade(empty: str) -> None:
    fork = multiprocessing.get_context("fork")
    together = fork.Barrier(4)

    def up() -> None:
        together.wait()
        schema.upgrade(empty)

    started = [fork.Process(target=up) for _ in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0] * 4
    assert schema.is_current(empty)


def test_a_migration_that_cannot_go_on_leaves_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/half.db"
    database = Database(url)
    with database.write() as tx:
        tx.execute(text("CREATE TABLE event (x)"))  # the last but one that the first migration makes
    with pytest.raises(AfschriftError, match="already exists"):
        schema.upgrade(url)
    with database.read() as tx:
        assert inspect(tx).get_table_names() == ["event"]


def test_work_begins_on_a_register_of_this_version_alone(empty: str) -> None:
    with pytest.raises(ConfigurationError, match=r"has no tables yet.*`afschrift register upgrade`"):
        schema.require_current(empty)
    for older in OLDER[1:]:
        schema.upgrade(empty, older)
        with pytest.raises(
            ConfigurationError, match=f"is at revision {older}.*`afschrift register upgrade`"
        ) as told:
            schema.require_current(empty)
        assert schema.revisions()[-1] in str(told.value)
    schema.upgrade(empty)
    schema.require_current(empty)


def test_a_register_of_a_newer_version_is_left_alone(url: str) -> None:
    with Database(url).write() as tx:
        tx.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
    for touch in (schema.require_current, schema.upgrade, lambda u: schema.downgrade(u, "base")):
        with pytest.raises(ConfigurationError, match=r"9999, which this software does not know.*install"):
            touch(url)
    with Database(url).read() as tx:
        assert "request" in inspect(tx).get_table_names()


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
    url: str, open_one: Callable[..., Request], register: Register, statement: str
) -> None:
    open_one()
    before = register.trail.events()
    with pytest.raises(AfschriftError, match=REFUSAL), Database(url).write() as tx:
        tx.execute(text(statement))
    assert register.trail.events() == before


def test_sqlite_refuses_replace_too(url: str, open_one: Callable[..., Request]) -> None:
    if not url.startswith("sqlite"):
        return
    open_one()
    for table in ("event", "event_payload"):
        with pytest.raises(AfschriftError, match=REFUSAL), Database(url).write() as tx:
            tx.execute(text(f"REPLACE INTO {table} SELECT * FROM {table} WHERE seq = 1"))


def test_an_erased_payload_cannot_be_erased_again_or_filled(
    url: str, register: Register, open_one: Callable[..., Request]
) -> None:
    one = open_one()
    assert register.trail.erase_payloads(one.id, "retention") == 1
    for change in ("payload = '{}', salt = 'ab'", "erased_by = 'other', erased_at = 'later'"):
        with pytest.raises(AfschriftError, match=REFUSAL), Database(url).write() as tx:
            tx.execute(text(f"UPDATE event_payload SET {change} WHERE payload IS NULL"))
