"""SQL of the owner of the database: the guards are removed meanwhile, and put back."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

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
