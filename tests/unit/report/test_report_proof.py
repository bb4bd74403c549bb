"""What the figures of a report rest on: each forgery is named, and a year that was dropped is not none."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text, true
from testbed import postgres as pg
from testbed.running import installation, store
from tests.support.command_line import run_command
from tests.support.deciding import Bureau, place_shop
from tests.support.forging import unguarded
from tests.support.moves import moved
from tests.support.nightly import both_databases
from tests.unit.conftest import Open, Sql

from afschrift.domain.state import State
from afschrift.register.database.trail_tables import event_code
from afschrift.register.periods import Doubts
from afschrift.register.register import Register

TRAIL = ("event", "event_payload", "event_code")
REMOVED = [f"DELETE FROM {name} WHERE seq = :first" for name in TRAIL[::-1]]
SWAPPED = [
    f"UPDATE {name} SET seq = {after} WHERE seq = {before}"
    for before, after in ((":first", "0"), (":second", ":first"), ("0", ":second"))
    for name in TRAIL
]
CUT = [f"DELETE FROM {name} WHERE seq >= :last" for name in TRAIL[::-1]]
ATTESTED = event_code.c[3].name
ONE, BOTH = ("one",), ("one", "other")
FORGERIES: list[tuple[Sequence[str], tuple[str, ...]]] = [
    (["UPDATE request SET state = 'delivered' WHERE id = :one"], ONE),
    (['UPDATE decision SET detail = \'{"method": "eid"}\' WHERE request_id = :one'], ONE),
    (["UPDATE decision SET request_id = :other WHERE request_id = :one"], BOTH),
    (["DELETE FROM decision WHERE request_id = :one"], ONE),
    (["UPDATE event SET actor = 'cli:x' WHERE seq = :first"], ONE),
    (["UPDATE event SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = :first"], ONE),
    (["UPDATE event_payload SET payload = '{}' WHERE seq = :first"], ONE),
    (["UPDATE event_payload SET payload = NULL WHERE seq = :first"], ONE),
    ([f"UPDATE event_code SET {ATTESTED} = '[]' WHERE seq = :first"], ONE),
    (["UPDATE event_code SET previous = 0 WHERE seq = :second"], ONE),
    (["DELETE FROM event_code WHERE seq = :first"], ONE),
    (["UPDATE event SET request = :other WHERE seq = :first"], BOTH),
    (["UPDATE event_code SET owner = :case WHERE seq = :first"], ONE),
    (REMOVED, ONE),
    (["DELETE FROM event_payload WHERE seq = :first"], ONE),
    (SWAPPED, ONE),
]
"""Statements of the owner of the database, and whose requests are in no figure then."""


@both_databases
def test_each_forgery_is_in_no_figure(register: Register, open_one: Open, as_operator: Sql) -> None:
    mine, other = open_one(), open_one()
    for request in (mine, other):
        register.decisions.take(request.id, "identity", "confirmed", "officer")
    register.decisions.take(mine.id, "identity", "not_confirmed", "officer")
    seqs = [header.seq for header, _ in register.trail.events(mine.id)]
    values = {"one": mine.id, "other": other.id, "case": other.case}
    values |= {"first": seqs[-2], "second": seqs[-1], "last": register.trail.head()[0]}

    def doubts(statements: Sequence[str]) -> Doubts:
        found = Doubts()
        with suppress(_BackError), register.store.database.latest() as tx:
            if tx.dialect.name == "sqlite":
                tx.execute(text("PRAGMA defer_foreign_keys = ON"))
            with unguarded(tx):
                for statement in statements:
                    tx.execute(text(statement), values)
            if tx.dialect.name != "sqlite":
                tx.execute(text("SET LOCAL session_replication_role = origin"))
            found = register.periods._doubts(tx, true())
            raise _BackError
        return found

    assert doubts([]) == Doubts()
    for statements, whose in FORGERIES:
        forged = Doubts(requests=frozenset(values[name] for name in whose))
        assert doubts(statements) == forged, statements
    for statements in (["UPDATE event_code SET code = 'é' WHERE seq = :last"], CUT):
        as_operator(*statements, last=values["last"])
        assert [*register.periods.read("2026", "2027")] == [Doubts("register_set_back")]


class _BackError(Exception):
    """What was forged is rolled back."""


def test_a_dropped_year_is_said_and_not_counted_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: pg.Database
) -> None:
    monkeypatch.setenv("AFSCHRIFT_REGISTER", postgres.url)
    settings = place_shop(tmp_path, monkeypatch, all_tables=False)
    bureau = Bureau(settings, installation(settings.home, settings.inventory, REGISTER=postgres.url))
    now = bureau.register.store.clock
    bureau.register.store.clock = lambda: datetime(2019, 3, 1, tzinfo=UTC)
    request = store(bureau.services, {"customer_id": "1"}, received_at="2019-03-01T00:00:00Z")
    moved(bureau.register, request, State.WITHDRAWN)
    bureau.register.store.clock = now

    def report(since: str, until: str) -> list[str]:
        return run_command("report", "--from", f"2019-{since}", "--to", f"2019-{until}").splitlines()

    before = report("01-01", "12-31")
    assert "No request was received in this period." in report("11-01", "12-31")
    monkeypatch.setenv("AFSCHRIFT_WITNESS_DPO", tmp_path.as_uri())
    run_command("audit", "checkpoint")
    run_command("audit", "drop-year", "2019", "--rule", "retention_trail", "--yes")
    note, *after = report("01-01", "12-31")
    assert note.startswith("The trail of 2019 was destroyed") and after == before
    note, *after = report("11-01", "12-31")
    assert note.startswith("The trail of 2019 was destroyed") and "No request" not in " ".join(after)
