"""Transactions on the register: one writer at a time, on SQLite and on PostgreSQL.

`Database.write` and `Database.read` open them. Inside `read_snapshot` all reads see one state, and answers
are cached by `cached`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from json import JSONDecodeError
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, PendingRollbackError
from sqlalchemy.pool import QueuePool
from sqlalchemy.util import LRUCache

from afschrift.app.private_files import private_file
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.register.database.errors import (
    NotAsWrittenError,
    commit,
    damaged,
    lost,
    must_agree,
    translated,
)
from afschrift.register.database.written import WRITTEN, Written, notify_listener

T = TypeVar("T")
WAIT_SECONDS = 30
_LAST = "afschrift_last_event"
_LOCK = 0x4146_5343_4852_4946  # "AFSCHRIF": the advisory lock of the trail, the same for every writer
# One round trip, since every writer that waits for the lock waits for each of them. `synchronous_commit`: a
# commit counts only once it is on the disk, whatever the server's default is.
_TAKE_LOCK = (
    "SET LOCAL lock_timeout = '{seconds}s'; SET LOCAL synchronous_commit = on; "
    f"SELECT pg_advisory_xact_lock({_LOCK})"
)


_ONE_KEPT: dict[str, Any] = {
    "poolclass": QueuePool,
    "pool_size": 1,
    "max_overflow": -1,
    "pool_pre_ping": True,  # the server may have been restarted since the last use
}
_STATEMENTS = 1_000
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class Database:
    """The register's database.

    A connection costs more than the work on it, so one is kept for the life of this object: a command, a
    task or a request over HTTP. Tasks are forks, and two processes must never use one connection, so it
    belongs to the process that opened it.
    """

    def __init__(self, url: str) -> None:
        """Prepare for `url`, for example `sqlite:////srv/afschrift/register.db`; connects at the first use.

        Raises:
            ConfigurationError: this is no database address, or its driver is not installed.
        """
        try:
            self.url = make_url(url)
            self.sqlite = self.url.get_backend_name() == "sqlite"
            self.engine = _engine(*_compiling(self.url))
        except (ArgumentError, ImportError) as error:
            raise ConfigurationError(
                f"The address of the register cannot be used ({type(error).__name__}).",
                remedy="write it as sqlite:////path/register.db or postgresql+psycopg://host/database, and "
                "install the driver that it names (`pip install 'afschrift[postgres]'`).",
            ) from None
        if self.sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._of_thread = threading.local()
        self.before_commit: Callable[[Connection], Callable[[], object]] | None = None
        self._clock_seen = False
        event.listen(self.engine, "connect", _remember_process)
        event.listen(self.engine, "checkout", _refuse_fork)
        weakref.finalize(self, _close, self.engine, os.getpid())

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the register's write lock from its first statement to its commit.

        Raises:
            RetriableError: the database is down, full, or locked by another writer for 30 s; or the clocks of
                its server and of this machine differ by more than a minute.
            ConfigurationError: it is read-only, damaged or lacks tables.
        """
        held: Connection | None = getattr(self._of_thread, "writing", None)
        if held is not None:
            with self._own_errors():
                yield held
            return
        with self._transaction(write=True) as connection:
            if not self.sqlite:
                connection.exec_driver_sql(_TAKE_LOCK.format(seconds=WAIT_SECONDS))
                if not self._clock_seen:
                    must_agree(connection)
                    self._clock_seen = True
            connection.info[WRITTEN] = Written()
            yield connection
            after = self.before_commit(connection) if self.before_commit is not None else None
            connection.info[_LAST] = connection.info[WRITTEN].newest
        if after is not None:
            after()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction for reading, which sees one state of the register; errors as for `write`."""
        held: Connection | None = getattr(self._of_thread, "connection", None) or getattr(
            self._of_thread, "writing", None
        )
        if held is not None:
            with self._own_errors():
                yield held
            return
        with self._transaction(write=False) as connection:
            if not self.sqlite:
                connection.exec_driver_sql(_SNAPSHOT)
            yield connection

    @contextmanager
    def latest(self) -> Iterator[Connection]:
        """A transaction for reading what is committed now, also within a snapshot; errors as for `write`."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def write_together(self) -> Iterator[None]:
        """Put all writes of this thread into one transaction: either all of them are committed, or none.

        Other writers wait meanwhile: do not write to, or wait for, anything outside the register inside.
        """
        with self.write() as connection:
            self._of_thread.writing = connection
            try:
                yield
            finally:
                self._of_thread.writing = None

    @contextmanager
    def read_snapshot(self) -> Iterator[None]:
        """Let all reads of this thread see one state, so that a step acts on what it checked.

        What is written meanwhile, by this thread too, is seen after it. A snapshot within a snapshot is the
        outer one. A step may read its sources and staged files inside: errors of those pass unchanged, and
        PostgreSQL does not end the idle transaction.
        """
        if getattr(self._of_thread, "connection", None) is not None:
            yield
            return
        failed: BaseException | None = None
        try:
            with self.read() as connection:
                if not self.sqlite:
                    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
                self._of_thread.connection = connection.execution_options(afschrift_known={})
                try:
                    yield
                except BaseException as error:  # raised again once the transaction has ended
                    failed = error
                finally:
                    self._of_thread.connection = None
        except RetriableError:
            if failed is None:  # else the error of the work is raised, which made the transaction fail
                raise
        try:
            if failed is not None:
                raise failed
        finally:
            # Its traceback refers to this frame: the cycle would keep the files and sessions of the work
            # open.
            del failed

    def close(self) -> None:
        """Close the kept connection; the next transaction opens another one."""
        self.engine.dispose()

    def forget(self) -> None:
        """Remove overwritten rows from SQLite's write-ahead log, so that destroyed keys are not left there.

        PostgreSQL does so by VACUUM and by the turnover of its own log.
        """
        if self.sqlite:
            with self.engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        with self._own_errors(), self.engine.connect() as connection:
            connection = connection.execution_options(afschrift_write=write)
            with connection.begin() as transaction:
                yield connection
                last = connection.info.pop(_LAST, None)
                commit(self.engine, transaction, last, _TAKE_LOCK.format(seconds=WAIT_SECONDS))
        notify_listener(connection)

    @contextmanager
    def _own_errors(self) -> Iterator[None]:
        """Raise errors of the driver, and of rows that cannot be read, as errors of this package."""
        try:
            yield
        except DBAPIError as error:
            raise translated(error, self.url) from None
        except PendingRollbackError:  # the connection was lost earlier in this transaction
            raise lost(self.url) from None
        except (JSONDecodeError, UnicodeDecodeError, NotAsWrittenError):
            raise damaged(self.url) from None


def cached(tx: Connection, key: Hashable, read: Callable[[], T]) -> T:
    """What `read` returns. In a snapshot it is called once for a key, since nothing can change there.

    `key`: names the answer: a table and what its row is found by.
    """
    known: dict[Hashable, Any] | None = tx.get_execution_options().get("afschrift_known")
    if known is None:
        return read()
    if key not in known:
        known[key] = read()
    return cast(T, known[key])


def in_snapshot(tx: Connection) -> bool:
    """Whether the transaction is a snapshot, so that `cached` keeps answers."""
    return tx.get_execution_options().get("afschrift_known") is not None


def cached_or_none(tx: Connection, key: Hashable) -> Any:
    """The cached answer; None: there is none yet, or the transaction is no snapshot."""
    return tx.get_execution_options().get("afschrift_known", {}).get(key)


def remember(tx: Connection, answers: Mapping[Hashable, object]) -> None:
    """Put answers that were read together into a snapshot's cache."""
    tx.get_execution_options().get("afschrift_known", {}).update(answers)


@lru_cache(maxsize=8)
def _compiling(url: URL) -> tuple[Engine, LRUCache[Any, Any]]:
    """An engine that never connects, and a cache of compiled statements: one of each a process.

    SQLAlchemy caches compiled statements by engine. Each step makes its own engine and would compile all its
    statements again, which takes longer than running them.
    """
    # Parameters hold ciphertext and ids, which must not reach error messages and logs.
    engine = create_engine(url, hide_parameters=True, **_ONE_KEPT)
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "do_connect", _make_private)
    return engine, LRUCache(_STATEMENTS)


def _engine(model: Engine, compiled: LRUCache[Any, Any]) -> Engine:
    """An engine with its own connection."""
    return Engine(
        model.pool.recreate(),
        model.dialect,
        model.url,
        hide_parameters=True,
        execution_options={"compiled_cache": compiled},
    )


def _remember_process(_connection: object, record: Any) -> None:
    record.info["process"] = os.getpid()


def _refuse_fork(_connection: object, record: Any, kept: Any) -> None:
    """Have a forked process open its own connection, and leave the inherited one to its parent."""
    if record.info["process"] != os.getpid():
        record.dbapi_connection = kept.dbapi_connection = None
        raise DisconnectionError("this connection belongs to another process")


def _close(engine: Engine, process: int) -> None:
    if process == os.getpid():  # a fork that ends must not close what its parent uses
        engine.dispose()


def _make_private(_dialect: object, _record: object, arguments: list[Any], _options: object) -> None:
    """Create the file before SQLite does, which leaves its mode to the umask; -wal and -shm get the same."""
    file = Path(arguments[0])
    if file.is_absolute() and file.parent.is_dir() and not file.exists():  # else SQLite reports the fault
        with suppress(OSError):
            private_file(file, new=True).close()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # `_begin_sqlite` writes BEGIN
    connection.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # destroyed keys must not stay in free pages


def _write_ahead(connection: Any) -> None:
    """Switch to a write-ahead log. On a new file SQLite does not wait for others that do the same: retry."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock with BEGIN: SQLite may refuse, without waiting, to turn a read lock into one."""
    write = connection.get_execution_options().get("afschrift_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
