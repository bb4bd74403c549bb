"""Errors of the database as errors of this package; never with statement, values or credentials.

Two faults are handled here too: a commit whose answer was lost with the connection, and a server whose
clock differs from this machine's.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, select
from sqlalchemy.engine import URL, RootTransaction
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError
from afschrift.domain.event import Header
from afschrift.register.database.trail_tables import event

T = TypeVar("T")

_UPGRADE = "run `afschrift register upgrade`."
_REPORT = "report it with its traceback: it is a fault of the software, or the register is changed by hand."
_DAMAGE = ("XX001", "XX002")
# libpq gives no SQLSTATE for a connection that the server refuses: only its text says why.
_TURNED_AWAY = (
    "does not exist",
    "authentication failed",
    "permission denied",
    "pg_hba.conf",
    "not permitted to log in",
)
_WAIT = "the step is tried again; see that the database is up, reachable and has room."


def locate(url: URL) -> str:
    """Address of the register without user, password or options."""
    return URL.create(url.drivername, host=url.host, port=url.port, database=url.database).render_as_string()


class NotAsWrittenError(Exception):
    """A row holds what the software never writes. `Database` raises it as damage, with the address."""


def as_written(kind: Callable[[Any], T], value: object) -> T:
    """Convert a value of a row to the type that it was written from, for example a `State`.

    Raises:
        NotAsWrittenError: it is no value of this type.
    """
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise NotAsWrittenError from None


def damaged(url: URL) -> ConfigurationError:
    """The error for a register with content that the software never writes."""
    return ConfigurationError(
        f"The register at {locate(url)} is damaged.",
        remedy="restore the register from a back-up, then run `afschrift audit verify`.",
    )


def lost(url: URL, reason: str = "connection lost") -> RetriableError:
    """The error for a database that went away."""
    return RetriableError(f"The register at {locate(url)} did not answer ({reason}).", remedy=_WAIT)


def unknown(url: URL) -> RetriableError:
    """The error for a commit without an answer, where the database does not come back."""
    return RetriableError(
        f"The register at {locate(url)} went away during a commit: whether that change is recorded is not "
        "known.",
        remedy="bring the database back. A step is tried again and records nothing twice; look with "
        "`afschrift audit show` before you enter anything else again.",
    )


def translated(error: DBAPIError, url: URL) -> AfschriftError:
    """The error to raise instead: `ConfigurationError` where only a person can help, else `RetriableError`.

    A statement that the database refused (a broken constraint, a trigger of the trail) is neither.
    """
    where = f"The register at {locate(url)}"
    name = getattr(error.orig, "sqlite_errorname", "")
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or ""
    text = str(error.orig)
    if name.startswith("SQLITE_READONLY") or state == "25006":
        return ConfigurationError(
            f"{where} can be read but not written.",
            remedy="give the service's account the right to write there (file and folder), or make the "
            "database server accept writes.",
        )
    if "no such table" in text or "no such column" in text or state in ("42P01", "42703"):
        return ConfigurationError(f"{where} lacks tables of this version.", remedy=_UPGRADE)
    if name.startswith("SQLITE_CANTOPEN"):
        return ConfigurationError(
            f"{where} cannot be opened.",
            remedy="make its folder, correct the address, or give the service's account the right to write "
            "in the folder.",
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or state in _DAMAGE or "decode to UTF-8" in text:
        return damaged(url)
    turned_away = not state and "FATAL" in text and any(words in text for words in _TURNED_AWAY)
    if turned_away or state.startswith(("28", "3D")) or state == "42501":
        return ConfigurationError(
            f"{where} does not let the service in{f' ({state})' if state else ''}.",
            remedy="correct account, rights or database name.",
        )
    if name.startswith("SQLITE_BUSY") or state == "55P03":
        return RetriableError(f"{where} was held by another writer for too long.", remedy=_WAIT)
    if name == "SQLITE_ERROR" or not isinstance(error, (OperationalError, InterfaceError)):
        return AfschriftError(f"{where} turned down a statement: {_primary(error)}.", remedy=_REPORT)
    reason = name or state or type(error.orig).__name__
    return lost(url, reason)


def _primary(error: DBAPIError) -> str:
    """The driver's first line. PostgreSQL's further lines show values of the row, so they are left out."""
    diagnosis = getattr(error.orig, "diag", None)
    text = getattr(diagnosis, "message_primary", None) or str(error.orig)
    return text.splitlines()[0] if text else type(error.orig).__name__


MOST_APART = 60.0
"""Seconds by which the clocks may differ. NTP keeps them within a second; receipts, periods and checkpoints
must not be off by more than this."""


def must_agree(connection: Connection) -> None:
    """Compare the clock of the server with that of this machine, before anything is written.

    Args:
        connection: of a database server.

    Raises:
        RetriableError: they differ by more than `MOST_APART`; a worker with a correct clock may succeed.
    """
    there = float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())
    apart = _here() - there
    if abs(apart) <= MOST_APART:
        return
    way = "ahead of" if apart > 0 else "behind"
    raise RetriableError(
        f"The clock of {socket.gethostname()} is {abs(apart):.0f} s {way} that of the register's server, and "
        "nothing is recorded at a wrong time.",
        remedy="set the clock right on whichever of the two is wrong (NTP); the step is then tried again.",
    )


def _here() -> float:
    return time.time()


BACK_SECONDS = 30
"""How long to wait for a server that went away during a commit."""


def commit(engine: Engine, transaction: RootTransaction, last: Header | None, take_lock: str) -> None:
    """Commit. Where the connection is lost before the answer, find out whether the commit succeeded.

    A change that was committed must not be reported as failed: a retry would record it twice.

    Args:
        engine: of the register.
        transaction: of one of its connections.
        last: the last event written in it; None: it wrote none.
        take_lock: SQL that waits for the writers' lock.

    Raises:
        DBAPIError: nothing was committed.
        RetriableError: the database does not come back, so it is not known.
    """
    try:
        transaction.commit()
    except DBAPIError:
        if last is None or not transaction.connection.invalidated or not is_recorded(engine, last, take_lock):
            raise


def is_recorded(engine: Engine, last: Header, take_lock: str) -> bool:
    """Whether the last event of a transaction is in the trail: a change and its events commit together.

    The payload's digest identifies the event: it is salted, so no other event has the same.

    Args:
        engine: of the register; it opens a new connection.
        last: the event.
        take_lock: SQL that waits for the writers' lock, which the lost transaction holds until it ends.

    Raises:
        RetriableError: the database does not come back.
    """
    same = (event.c.seq == last.seq) & (event.c.payload_sha256 == last.payload_sha256)
    until = time.monotonic() + BACK_SECONDS
    while True:
        try:
            with engine.connect() as connection, connection.begin():
                connection.exec_driver_sql(take_lock)
                return connection.execute(select(event.c.seq).where(same)).first() is not None
        except DBAPIError:
            if time.monotonic() > until:
                raise unknown(engine.url) from None
            time.sleep(0.2)
