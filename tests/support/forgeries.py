"""Forgeries by SQL, drawn from a seed: what the owner of the database can write without a key.

Each is of one request, whose identity was taken back, and tries to have it delivered all the same, or to stop
another one.
"""

import random
import secrets
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, String, Table, and_, delete, insert, select, text, update
from tests.support.forging import append_forged, unguarded

from afschrift.audit.sentences import event_types
from afschrift.register.database.trail_tables import event, event_code, event_payload
from afschrift.register.trail.attested_rows import ATTESTED_TABLES, attested_columns

_TYPES = sorted(event_types())
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


def schema_changed(draw: random.Random, tx: Connection, target: Target) -> Forgery:
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
    (schema_changed, 8),
)
"""Each with its share in a hundred."""


def forge(draw: random.Random, tx: Connection, target: Target) -> Forgery:
    [kind] = draw.choices([kind for kind, _ in FORGERIES], [share for _, share in FORGERIES])
    with nullcontext() if kind is schema_changed else unguarded(tx):
        found = kind(draw, tx, target)
    if tx.dialect.name != "sqlite":
        tx.execute(text("SET LOCAL session_replication_role = origin"))
    return replace(found, what=f"{kind.__name__}: {found.what}")
