"""The register's tables: what a new one gets and migrations make, killed half-way, two at once, and registers of other versions."""

import multiprocessing
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from bench.kills import killed_before
from sqlalchemy import inspect, text
from sqlalchemy.event import listen
from tests.support import homes
from tests.support.moves import opened
from tests.support.nightly import both_databases, nightly_after
from tests.unit.conftest import Open

from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.event import NewEvent
from afschrift.domain.state import State
from afschrift.law.case_facts import CaseFactKind, NewCaseFact
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.register import schema
from afschrift.register.database.database import Database
from afschrift.register.database.objects import differing
from afschrift.register.database.tables import metadata
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.attested_rows import ADDED, read_case_of

pytestmark = pytest.mark.slow
RECEIVED = "2026-03-02T09:00:00+01:00"
COMPARED = {"version_table": schema.VERSION_TABLE, "compare_type": True}
EVERY_STATEMENT = 500  # more than a new register takes
LONG_TRAIL = (
    "INSERT INTO event SELECT n, '2026-03-02T08:00:00Z', 'req-' || n / 40, 'swept', 'system', 'x', 'x'"
    " FROM generate_series((SELECT max(seq) + 1 FROM event), 8000) n",
    "INSERT INTO event_payload (seq, payload, salt)"
    " SELECT seq, '{}', 'x' FROM event WHERE seq > (SELECT max(seq) FROM event_payload)",
    "INSERT INTO event_code SELECT seq, 'case-' || seq / 40, 0, '[]', 'x', 'x', 'x'"
    " FROM event WHERE seq > (SELECT max(seq) FROM event_code)",
    "INSERT INTO data_key (owner, wrapped, kek_id, created_at)"
    " SELECT 'req-' || n, 'x', 'x', 'x' FROM generate_series(1, 2000) n",
)
READ = re.compile(r"(?:actual rows=|Rows Removed by Filter: )(\d+)")
Row = dict[str, Any]
Content = dict[str, list[Row]]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    return str(request.getfixturevalue("postgres").url)


def content(url: str) -> Content:
    """The content of every table, as the driver reads it."""
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


@both_databases
def test_migrations_make_the_tables_of_the_code_once(url: str, register: Register, open_one: Open) -> None:
    with Database(url).read() as tx:
        assert compare_metadata(MigrationContext.configure(tx, opts=COMPARED), metadata) == []
    request = open_one()
    before = content(url)
    schema.upgrade(url)
    assert content(url) == before
    assert register.requests.get(request.id) == request
    assert register.trail.verify() == []


def test_the_last_event_of_a_type_is_found_by_an_index(tmp_path: Path, keys: KeyStore) -> None:
    """Each request asks for it, and the trail grows for years: it was looked for in all events of no request."""
    url = f"sqlite:///{tmp_path}/register.db"
    schema.upgrade(url)
    register, asked = Register(url, keys), list[tuple[str, Any]]()
    register.trail.record(None, NewEvent("inventory_checked", payload={"n": 1}), NewEvent("swept"))
    with register.oversight._db.read() as tx:
        listen(tx, "before_cursor_execute", lambda *of: asked.append(of[2:4]))
        assert register.oversight._last_of_system(tx, "inventory_checked") == {"n": 1}
        [_, (statement, values)] = asked  # what was set aside, then the event
        plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert "ix_event_type_seq (type=?)" in str(plan[0])
    assert "TEMP B-TREE" not in str(plan)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_write_and_a_gate_of_a_long_trail_read_a_few_rows_of_it(register: Register, open_one: Open) -> None:
    """An index was passed over, and all events were read while other writers waited."""
    mine, asked = open_one(), list[tuple[str, Any]]()
    with register.oversight._db.write() as tx:
        for rows in LONG_TRAIL:
            tx.exec_driver_sql(rows)
    register.trail.record(mine.id, NewEvent("swept"))  # all events since the one before it are looked at
    with register.oversight._db.read() as tx:
        tx.exec_driver_sql("ANALYZE")
    listen(register.oversight._db.engine, "before_cursor_execute", lambda *of: asked.append(of[2:4]))
    register.trail.record(mine.id, NewEvent("swept"))
    with register.oversight._db.read() as tx:
        read_case_of(tx, mine.id)
    selects = [
        statement for statement in asked if "FROM event" in statement[0] or "FROM data_key" in statement[0]
    ]
    assert len(selects) >= 2
    with register.oversight._db.read() as tx:
        for statement, values in selects:
            lines = tx.exec_driver_sql(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}", values).scalars().all()
            plan = "\n".join(lines)
            assert max(map(int, READ.findall(plan))) < 100, plan


def test_killed_upgrade_leaves_nothing_and_the_next_succeeds(empty: str) -> None:
    # Dozens of tables and indexes are made, one like the other.
    for statement in range(1, EVERY_STATEMENT, 12):
        died = killed_before(statement, partial(schema.upgrade, empty))
        if died is None:
            break
        assert content(empty) == {}, f"killed before {died}, the {statement}th statement"
        with pytest.raises(ConfigurationError, match=r"has no tables yet.*`afschrift register upgrade`"):
            schema.require_current(empty)
    assert statement > 5
    schema.require_current(empty)


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
    schema.require_current(empty)


def test_a_migration_that_cannot_go_on_leaves_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/half.db"
    database = Database(url)
    with database.write() as tx:
        tx.execute(text("CREATE TABLE event (x)"))  # of the trail, whose tables come last
    with pytest.raises(AfschriftError, match="already exists"):
        schema.upgrade(url)
    with database.read() as tx:
        assert inspect(tx).get_table_names() == ["event"]


EARLY = "from before the first release.*upgrade` with the"
OTHERS = {"0001": f"{EARLY} last version that knows it,", "0007": f"{EARLY} last version that knows it,"}
OTHERS |= dict.fromkeys(("0008", "0011"), f"{EARLY} version of commit d2c088a2,")
OTHERS["9999"] = "which this software does not know.*install"


@pytest.mark.parametrize(("revision", "words"), OTHERS.items())
def test_register_of_another_version_is_refused_unchanged(url: str, revision: str, words: str) -> None:
    with Database(url).write() as tx:
        tx.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{revision}'"))
    before = content(url)
    for touch in (schema.require_current, schema.upgrade):
        with pytest.raises(ConfigurationError, match=f"{revision}, {words}"):
            touch(url)
    assert content(url) == before


HOMES = [*nightly_after(3, [(commit, kind) for kind in ("sqlite", "postgresql") for commit in homes.HOMES])]


@pytest.mark.parametrize(("commit", "kind"), HOMES)
def test_a_home_of_an_earlier_version_is_upgraded_and_goes_on(
    request: pytest.FixtureRequest, tmp_path: Path, commit: str, kind: str
) -> None:
    if kind == "sqlite":
        url = homes.on_sqlite(commit, tmp_path / "register.db")
    else:
        url = homes.on_postgresql(commit, request.getfixturevalue("postgres"))
    keys = homes.keys(commit, tmp_path)
    before = content(url)
    if homes.HOMES[commit] != schema.revisions()[-1]:
        with pytest.raises(ConfigurationError, match=f"{homes.HOMES[commit]}.*`afschrift register upgrade`"):
            schema.require_current(url)
    schema.upgrade(url)
    schema.require_current(url)
    after = content(url)
    [delivered] = after["delivery"]
    added = {name: delivered.pop(name) for name in ADDED["delivery"]}
    assert added == ADDED["delivery"]
    assert {**after, "aside": []} == {**before, "aside": []}
    with Database(url).read() as tx:
        assert differing(tx) == []
        assert compare_metadata(MigrationContext.configure(tx, opts=COMPARED), metadata) == []
    register = Register(url, keys)
    assert register.trail.verify() == []
    assert list(register.evidence.differences()) == []
    [old] = register.deliveries.of(answered_id := register.requests.all()[0].id)
    assert old.uri.endswith(f"/{old.name}")
    assert register.deliveries.removed(old.id, "expired").destroyed_at
    assert list(register.evidence.differences()) == [], "a row from before is changed"
    for column, value in (("encryption", "zip"), ("key", "00")):
        with Database(url).write() as tx:
            tx.execute(text(f"UPDATE delivery SET {column} = '{value}'"))
        [found] = register.evidence.differences()
        assert (found.code, found.field) == ("row_changed", column)
        with Database(url).write() as tx:
            tx.execute(text(f"UPDATE delivery SET {column} = :was"), {"was": added[column]})
    answered, waiting = register.requests.all()
    assert answered.id == answered_id
    assert (answered.state, waiting.state) == (State.DELIVERED, State.NEEDS_PERSON)
    new = opened(register)
    [_, question] = register.questions.all(request_id=waiting.id)
    register.questions.answer(question.id, question.options[0], "officer")
    assert register.requests.get(new.id) == new
    assert register.trail.verify() == []
    assert list(register.evidence.differences()) == []


REFUSED = (
    *("UPDATE event SET actor = 'x' WHERE seq = 1", "DELETE FROM event WHERE seq = 1"),
    *("DELETE FROM event_payload WHERE seq = 1", "UPDATE event_payload SET payload = '{}' WHERE seq = 1"),
    "UPDATE event_payload SET payload = NULL, salt = NULL WHERE seq = 1",
    "UPDATE event_payload SET seq = 99, payload = NULL, salt = NULL, erased_by = 'r', erased_at = 't'",
    *("INSERT INTO event SELECT * FROM event WHERE seq = 1", "UPDATE fact SET day = '2026-01-01'"),
    *("DELETE FROM fact", "INSERT INTO fact SELECT * FROM fact WHERE number = 1"),
    *("UPDATE case_fact SET kind = 'handed_over'", "DELETE FROM case_fact"),
    "INSERT INTO case_fact SELECT * FROM case_fact",
)


@both_databases
def test_database_refuses_to_change_trail_and_facts(url: str, register: Register, open_one: Open) -> None:
    def kept() -> tuple[object, ...]:
        return register.trail.events(), register.facts.timelines(), register.case_facts.of()

    def refuse(statement: str) -> None:
        refusal = pytest.raises(AfschriftError, match=r"append-only|duplicate key")
        with refusal, Database(url).write() as tx:
            tx.execute(text(statement))

    desk = NewCaseFact(CaseFactKind.MATTER_RECORDED, detail={"matter": "erasure", "term": "A17"})
    case = register.cases.open(b"Wis alles.", "mail", RECEIVED, RECEIVED, facts=[desk])
    request = open_one(case=case)
    asked = NewFact(FactKind.SUSPENDED, detail={"ground": "identity", "doubt": "unknown_sender"})
    register.facts.record(request.id, lambda _: [asked], "cli:anna")
    before = kept()
    for statement in REFUSED:
        refuse(statement)
    if url.startswith("sqlite"):
        refuse("REPLACE INTO event_payload SELECT * FROM event_payload WHERE seq = 1")
        for table in ("event", "fact", "case_fact"):
            refuse(f"REPLACE INTO {table} SELECT * FROM {table}")
    assert kept() == before

    assert register.data_keys.shred(request.id, "retention")
    for change in ("payload = '{}', salt = 'ab'", "erased_by = 'other', erased_at = 'later'"):
        refuse(f"UPDATE event_payload SET {change} WHERE payload IS NULL")
