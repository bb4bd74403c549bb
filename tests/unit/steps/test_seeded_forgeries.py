"""Forgeries drawn from a seed: none has the request delivered, each is found, and other requests go on.

They are what the owner of the database can write without a key, about one request, whose identity was taken back.
`make test-forgeries` draws a thousand; AFSCHRIFT_FORGERIES says how many, AFSCHRIFT_FORGERIES_SEED from where.
"""

import os
import random
import secrets
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, String, Table, and_, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from tests.support.attempts import World, of_both_rights
from tests.support.forging import append_forged, unguarded
from tests.support.moves import opened
from tests.unit.conftest import Ticking

from afschrift.audit.wording import wording
from afschrift.domain.errors import AfschriftError
from afschrift.register import schema
from afschrift.register.database.database import Database
from afschrift.register.database.trail_tables import event, event_code, event_payload
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.attested_rows import ATTESTED_TABLES, attested_columns
from afschrift.register.trail.height import set_back
from afschrift.register.trail.own_events import acts
from afschrift.register.trail.replay import check_case, check_cases
from afschrift.register.trail.schema_check import schema_changed
from afschrift.steps.deliver import deliver

pytestmark = pytest.mark.slow

_TYPES = sorted(wording("en").types)
_PAYLOADS: list[dict[str, Any]] = [
    {},
    {"kind": "identity", "choice": "confirmed", "about": None},
    {"from": "classified", "to": "packed"},
    {"events": [[1, "0" * 64]], "rows": [], "proposed_by": "cli:x"},
    {"restored": [1, "0" * 64], "replaced": [10**9, "0" * 64], "event": 1},
    {"checkpoint": {"number": 1}, "signature": ""},
]


@dataclass(frozen=True)
class Target:
    request: str
    case: str


@dataclass(frozen=True)
class Forgery:
    """What was done, and whether it concerns the whole register."""

    what: str
    whole: bool = False


Forge = Callable[[random.Random, Connection, Target], Forgery]


def _mine(table: Table, target: Target) -> Any:
    if table.name == "case_file":
        return table.c.id == target.case
    if table.name == "request":
        return table.c.id == target.request
    return table.c.request_id == target.request if "request_id" in table.c else table.c.case_id == target.case


def _row(draw: random.Random, tx: Connection, target: Target) -> tuple[Table, Any]:
    """A row of the request, of any table, and the condition that names it."""
    tables = list(ATTESTED_TABLES.values())
    while True:
        table = draw.choice(tables)
        rows = tx.execute(select(table).where(_mine(table, target))).all()
        if rows:
            row = draw.choice(rows)
            which = (column == getattr(row, column.name) for column in table.primary_key)
            return table, and_(*which)


def field_changed(draw: random.Random, tx: Connection, target: Target) -> Forgery:
    while True:
        table, which = _row(draw, tx, target)
        columns = [table.c[name] for name in attested_columns(table)]
        texts = [column for column in columns if isinstance(column.type, String)]
        named = [column.name for column in texts if not column.foreign_keys and not column.primary_key]
        if named:
            name = draw.choice(named)
            value = draw.choice(["confirmed", "approved", "accepted", "2020-01-01", secrets.token_hex(4)])
            before = tx.scalar(select(table.c[name]).where(which))
            if before != value:
                tx.execute(update(table).where(which).values({name: value}))
                return Forgery(f"{table.name}.{name} changed")


def row_deleted(draw: random.Random, tx: Connection, target: Target) -> Forgery:
    table, which = _row(draw, tx, target)
    tx.execute(delete(table).where(which))
    return Forgery(f"row of {table.name} deleted")


def _revocation(tx: Connection, target: Target) -> int:
    """Delete the row by which the identity was taken back; the number of its event."""
    table = ATTESTED_TABLES["decision"]
    tx.execute(delete(table).where(_mine(table, target), table.c.choice == "not_confirmed"))
    seqs = select(event.c.seq).where(event.c.request == target.request, event.c.type == "decision_taken")
    return max(tx.scalars(seqs))


def revocation_deleted(draw: random.Random, tx: Connection, target: Target) -> Forgery:
    """The row, and its event too or not, or another one in its place."""
    last = _revocation(tx, target)
    how = draw.choice(["row alone", "event too", "event renamed", "code too"])
    if how == "event too":
        for of in (event_code, event_payload, event):
            tx.execute(delete(of).where(of.c.seq == last))
    elif how == "event renamed":
        tx.execute(update(event).where(event.c.seq == last).values(request=None, type=draw.choice(_TYPES)))
    elif how == "code too":
        tx.execute(delete(event_code).where(event_code.c.seq == last))
    return Forgery(f"revocation deleted: {how}", whole=how != "row alone")


def row_copied(draw: random.Random, tx: Connection, target: Target) -> Forgery:
    """A decision, question or step once more, as if taken again."""
    table = ATTESTED_TABLES[draw.choice(["decision", "step", "fact", "question"])]
    row = tx.execute(select(table).where(_mine(table, target)).limit(1)).first()
    table = table if row else ATTESTED_TABLES["fact"]
    made_up = {"number": 90, "kind": "x", "at": "2026-03-02T10:00:00.000000Z", "by": "x", "detail": {}}
    values = dict(row._mapping) if row else made_up | {"request_id": target.request}
    text_id = isinstance(table.c.id.type, String)
    values["id"] = f"x-{draw.randrange(10**9)}" if text_id else 10**6 + draw.randrange(10**6)
    if "number" in values:
        values["number"] += 50
    if table.name == "decision":
        values["choice"] = draw.choice(["confirmed", "approved"])
        values["kind"] = draw.choice(["identity", "review"])
    tx.execute(insert(table).values(values))
    return Forgery(f"row added to {table.name}")


def event_added(draw: random.Random, tx: Connection, target: Target) -> Forgery:
    """Of the request, of its case or of the installation; with a made-up code, another event's or none."""
    of = draw.choice([target.request, target.request, None])
    payload = draw.choice(_PAYLOADS) | ({"case": target.case} if draw.random() < 0.2 else {})
    kind = draw.choice(_TYPES)
    seq = append_forged(tx, kind, payload, request=of, actor=draw.choice(["system", "cli:anna", "airflow:x"]))
    how = draw.choice(["no code", "made up", "copied"])
    if how != "no code":
        mine = event_code.c.owner.in_((target.case, ""))
        codes = tx.execute(select(event_code).where(mine).order_by(event_code.c.seq)).all()
        values = dict(draw.choice(codes)._mapping) | {"seq": seq}
        if how == "made up":
            values |= {
                "owner": draw.choice([target.case, "", "case-x"]),
                "code": draw.choice([secrets.token_hex(32), "é", ""]),
                "key_id": draw.choice([values["key_id"], "0" * 32]),
            }
        tx.execute(insert(event_code).values(values))
    if draw.random() < 0.1:
        tx.execute(delete(event_payload).where(event_payload.c.seq == seq))
    return Forgery(f"event {kind} of {'the request' if of else 'no request'}, {how}")


def events_cut(draw: random.Random, tx: Connection, target: Target) -> Forgery:
    """The register set back to before the revocation by deleting; with others in their place, or none."""
    first = _revocation(tx, target)
    for of in (event_code, event_payload, event):
        tx.execute(delete(of).where(of.c.seq >= first))
    more = draw.randrange(4)
    for _ in range(more):
        append_forged(tx, draw.choice(_TYPES), draw.choice(_PAYLOADS))
    return Forgery(f"set back, {more} events in place", whole=True)


SCHEMAS = {
    "sqlite": (
        "DROP TRIGGER event_no_update",
        "DROP TRIGGER event_in_order",
        "CREATE TRIGGER mine{n} AFTER INSERT ON decision BEGIN SELECT 1; END",
        "CREATE VIEW mine{n} AS SELECT * FROM decision",
        "CREATE TRIGGER mine{n} AFTER UPDATE ON run BEGIN DELETE FROM decision WHERE choice = 'not_confirmed'; END",
        "ALTER TABLE decision ADD COLUMN mine{n} TEXT",
        "DROP TRIGGER fact_no_update",
    ),
    "postgresql": (
        "DROP TRIGGER event_no_update ON event",
        "DROP TRIGGER event_in_order ON event",
        "ALTER TABLE event DISABLE TRIGGER event_in_order",
        "CREATE RULE mine{n} AS ON INSERT TO decision DO ALSO SELECT 1",
        "ALTER TABLE decision ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE decision ADD COLUMN mine{n} TEXT",
        "CREATE OR REPLACE FUNCTION afschrift_next_event() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NEW; END'",
    ),
}


def schema_altered(draw: random.Random, tx: Connection, target: Target) -> Forgery:
    statement = draw.choice(SCHEMAS[tx.dialect.name]).format(n=draw.randrange(10**6))
    tx.execute(text(statement))
    return Forgery(statement, whole=True)


FORGERIES: tuple[tuple[Forge, int], ...] = (
    (field_changed, 25),
    (row_deleted, 10),
    (revocation_deleted, 10),
    (row_copied, 12),
    (event_added, 25),
    (events_cut, 10),
    (schema_altered, 8),
)
"""Each with its share in a hundred."""


def forge(draw: random.Random, tx: Connection, target: Target) -> Forgery:
    [kind] = draw.choices([kind for kind, _ in FORGERIES], [share for _, share in FORGERIES])
    with nullcontext() if kind is schema_altered else unguarded(tx):
        found = kind(draw, tx, target)
    if tx.dialect.name != "sqlite":
        tx.execute(text("SET LOCAL session_replication_role = origin"))
    return replace(found, what=f"{kind.__name__}: {found.what}")


MANY = int(os.environ.get("AFSCHRIFT_FORGERIES", "40"))
SEED = int(os.environ.get("AFSCHRIFT_FORGERIES_SEED", "29"))
OLDER = 0.05
"""Share of an older copy of the whole file."""


class Installed:
    """An installation on SQLite with a request whose identity was taken back, and another; to be set up anew."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.revoked, self.other = world.all_at(deliver, stored=of_both_rights)
        self.older = self._copy("older")
        world.register.decisions.take(self.revoked, "identity", "not_confirmed", "officer")
        self.as_it_was = self._copy("as_it_was")
        [self.height] = world.home.glob(".keys.json.height-*")
        self.kept = self.height.read_bytes()
        self.target = Target(self.revoked, world.register.requests.get(self.revoked).case)

    def _copy(self, name: str) -> Path:
        into = self.world.home.parent / f"{name}.db"
        with closing(sqlite3.connect(self.world.home / "register.db")) as connection:
            connection.execute("VACUUM INTO ?", (str(into),))
        return into

    def put(self, file: Path) -> None:
        self.world.register.store.database.close()
        for entry in ("", "-wal", "-shm"):
            Path(f"{self.world.home}/register.db{entry}").unlink(missing_ok=True)
        shutil.copy(file, self.world.home / "register.db")

    def anew(self) -> None:
        self.put(self.as_it_was)
        self.height.write_bytes(self.kept)
        for file in self.world.home.joinpath("outbox").rglob("*.zip"):
            file.unlink()

    def forged(self, draw: random.Random) -> Forgery:
        if draw.random() < OLDER:
            self.put(self.older)
            return Forgery("an older copy of the file", whole=True)
        while True:
            try:
                with Database(f"sqlite:///{self.world.home}/register.db")._transaction(write=True) as tx:
                    return forge(draw, tx, self.target)
            except (DBAPIError, AfschriftError):
                continue  # the database itself refused it

    def delivers(self, request: str) -> bool:
        before = len(self.world.seen[1])
        try:
            deliver(self.world.services, request)
        except AfschriftError:
            assert len(self.world.seen[1]) == before
            return False
        return True


def test_none_delivers_each_is_found_and_others_go_on(world: World) -> None:
    installed, draw, kinds = Installed(world), random.Random(SEED), Counter[str]()
    for number in range(MANY):
        installed.anew()
        done = installed.forged(draw)
        kinds[done.what.partition(":")[0]] += 1
        where = f"forgery {number} of seed {SEED}: {done.what}"
        assert list(world.register.evidence.differences()), f"not found: {where}"
        for _ in range(2):  # a refusal is an event, upon which nothing opens either
            assert not installed.delivers(installed.revoked), f"delivered: {where}"
        assert installed.delivers(installed.other) is not done.whole, f"the other request: {where}"
    installed.anew()
    assert installed.delivers(installed.other)
    print(f"{MANY} forgeries of seed {SEED}: none delivered, all found; {dict(kinds)}")


def test_on_postgresql_too(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Ticking, keys: KeyStore
) -> None:
    """At the register: what a gate asks of the request that was forged, and of another one."""
    url = request.getfixturevalue("postgres").url
    schema.upgrade(url)
    register = Register(url, keys, clock)
    mine, other = opened(register).id, opened(register).id
    register.decisions.take(mine, "identity", "confirmed", "officer")
    register.decisions.take(other, "identity", "confirmed", "officer")
    register.decisions.take(mine, "identity", "not_confirmed", "officer")
    target, draw = Target(mine, register.requests.get(mine).case), random.Random(SEED)
    height = register.evidence.kept()
    assert height is not None
    other_case, trail_keys = register.requests.get(other).case, keys.trail_keys()
    for number in range(max(MANY // 5, 10)):
        with pytest.raises(_BackError), register.store.database.latest() as tx:
            try:
                done = forge(draw, tx, target)
            except DBAPIError:
                raise _BackError from None
            whole = [*schema_changed(tx), *set_back(tx, height, trail_keys)]
            known = acts(tx, trail_keys)
            found = [*whole, *check_case(tx, target.case, trail_keys, known, rest=True)]
            others = list(check_case(tx, other_case, trail_keys, known, rest=True))
            where = f"forgery {number} of seed {SEED}: {done.what}"
            for case, of_case in check_cases(tx, [target.case, other_case], trail_keys, known):
                assert {*of_case} == {*check_case(tx, case, trail_keys, known)}, f"in a batch: {where}"
            about_mine = "of no request" not in done.what
            assert found or not about_mine, f"not found: {where}"
            assert bool(whole) or not others, f"the other request: {where}"
            raise _BackError


class _BackError(Exception):
    """What was forged is rolled back."""
