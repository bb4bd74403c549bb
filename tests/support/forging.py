"""Forgeries by the owner of the register's database, who has none of the service's keys."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, text

from afschrift.domain.event import Header, canonical, payload_digest
from afschrift.register.trail import trail

SALT = "5a" * 32


def forged_header(tx: Connection, kind: str, payload: dict[str, Any], **fields: Any) -> Header:
    """Header of an event that fits the end of the chain; `fields` alter it."""
    seq, prev = trail.head(tx)
    at = tx.scalar(text("SELECT at FROM event WHERE seq = :seq"), {"seq": seq})
    header = Header(seq + 1, at, None, kind, "cli:anna", payload_digest(payload, SALT), prev)
    return replace(header, **fields)


def append_forged(tx: Connection, kind: str, payload: dict[str, Any], **fields: Any) -> int:
    """Append an event without a code, as anybody can make it; its number."""
    header = forged_header(tx, kind, payload, **fields)
    tx.execute(
        text("INSERT INTO event VALUES (:seq, :at, :request, :type, :actor, :payload_sha256, :prev)"),
        vars(header),
    )
    tx.execute(
        text("INSERT INTO event_payload (seq, payload, salt) VALUES (:seq, :payload, :salt)"),
        {"seq": header.seq, "payload": canonical(payload).decode(), "salt": SALT},
    )
    return header.seq


_GUARDS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"


@contextmanager
def unguarded(tx: Connection) -> Iterator[None]:
    """No trigger fires in this transaction while it is open."""
    if tx.dialect.name != "sqlite":
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        yield
        return
    guards = tx.execute(text(_GUARDS)).all()
    for guard in guards:
        tx.exec_driver_sql(f"DROP TRIGGER {guard.name}")
    yield
    for guard in guards:
        tx.exec_driver_sql(guard.sql)


def run_unguarded(connection: sqlite3.Connection, *statements: str) -> None:
    """The like on a file of SQLite, without SQLAlchemy."""
    guards = connection.execute(_GUARDS).fetchall()
    for statement in (
        *(f"DROP TRIGGER {name}" for name, _ in guards),
        *statements,
        *(sql for _, sql in guards),
    ):
        connection.execute(statement)
