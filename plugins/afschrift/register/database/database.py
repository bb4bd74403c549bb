"""Transactions on the register: one writer at a time, on SQLite and on PostgreSQL."""

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
from afschrift.register.database.written import WRITTEN, Written, tell

T = TypeVar("T")
WAIT_SECONDS = 30
_LAST = "afschrift_last_event"
_LOCK = 0x4146_5343_4852_4946  # "AFSCHRIF": the advisory lock of the trail, the same for every writer
# One round trip: whoever waits for the lock waits for each of them. A commit counts only once it is on the
# disk, whatever the server's default is.
_TAKE_LOCK = (
    "SET LOCAL lock_timeout = '{seconds}s'; SET LOCAL synchronous_commit = on; "
    f"SELECT pg_advisory_xact_lock({_LOCK})"
)


_ONE_KEPT: dict[str, Any] = {
    "poolclass": QueuePool,
    "pool_size": 1,
    "max_overflow": -1,
    "pool_pre_ping": True,  # the server may have been restarted meanwhile
}
_STATEMENTS = 1_000
_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class Database:
    """The register's database.

    A connection costs more than the work on it, so one is kept as long as this object is: for a command, a
    task or a request over HTTP. Tasks are forks, and a forked connection must never be used twice, so it is
    kept for the process that made it alone.
    """

    def __init__(self, url: str) -> None:
        """Prepare for `url`, for example `sqlite:////srv/afschrift/register.db`; connects at first use.

        Raises:
            ConfigurationError: no database address, or its driver is not installed.
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
        self._held = threading.local()
        self.before_commit: Callable[[Connection], Callable[[], object]] | None = None
        self._clock_seen = False
        event.listen(self.engine, "connect", _remember_process)
        event.listen(self.engine, "checkout", _refuse_fork)
        weakref.finalize(self, _close, self.engine, os.getpid())

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the register's write lock from its first statement to its commit.

        Raises:
            RetriableError: the database is down, full, or held by another writer for 30 s; or the clock of
                its server and that of this machine are more than a minute apart.
            ConfigurationError: it is read-only, damaged or lacks tables.
        """
        held: Connection | None = getattr(self._held, "writing", None)
        if held is not None:
            with self._told():
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
        """A transaction for reading, which sees the register as at one moment; errors as for `write`."""
        held: Connection | None = getattr(self._held, "connection", None) or getattr(
            self._held, "writing", None
        )
        if held is not None:
            with self._told():
                yield held
            return
        with self._transaction(write=False) as connection:
            if not self.sqlite:
                connection.exec_driver_sql(_ONE_MOMENT)
            yield connection

    @contextmanager
    def latest(self) -> Iterator[Connection]:
        """A transaction for reading what is committed by now, also within a snapshot; errors as `write`."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def one_write(self) -> Iterator[None]:
        """All that this thread writes inside is one transaction: all of it is there afterwards, or nothing.

        Other writers wait meanwhile, so nothing outside the register is written or waited for inside.
        """
        with self.write() as connection:
            self._held.writing = connection
            try:
                yield
            finally:
                self._held.writing = None

    @contextmanager
    def read_snapshot(self) -> Iterator[None]:
        """All that this thread reads inside is of one moment: what was checked is what is gone by.

        What is written meanwhile, by this thread too, is seen after it. A step may look at its sources and
        its staged files meanwhile: PostgreSQL must not end it for being idle, and their errors are not the
        register's. A moment within another one is that one.
        """
        if getattr(self._held, "connection", None) is not None:
            yield
            return
        failed: BaseException | None = None
        try:
            with self.read() as connection:
                if not self.sqlite:
                    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
                self._held.connection = connection.execution_options(afschrift_known={})
                try:
                    yield
                except BaseException as error:  # raised again once the transaction has ended
                    failed = error
                finally:
                    self._held.connection = None
        except RetriableError:
            if failed is None:  # else the transaction ends badly because of what failed in it
                raise
        try:
            if failed is not None:
                raise failed
        finally:
            del failed  # or its traceback, which holds this frame, would keep open what the work held

    def close(self) -> None:
        """Let the kept connection go; the next transaction makes another one."""
        self.engine.dispose()

    def forget(self) -> None:
        """Leave nothing of overwritten rows behind in SQLite's write-ahead log.

        PostgreSQL does the like with VACUUM and the turnover of its own log.
        """
        if self.sqlite:
            with self.engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        with self._told(), self.engine.connect() as connection:
            connection = connection.execution_options(afschrift_write=write)
            with connection.begin() as transaction:
                yield connection
                last = connection.info.pop(_LAST, None)
                commit(self.engine, transaction, last, _TAKE_LOCK.format(seconds=WAIT_SECONDS))
        tell(connection)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the database, and of rows that are none, in words of ours."""
        try:
            yield
        except DBAPIError as error:
            raise translated(error, self.url) from None
        except PendingRollbackError:  # the connection was lost earlier in this transaction
            raise lost(self.url) from None
        except (JSONDecodeError, UnicodeDecodeError, NotAsWrittenError):
            raise damaged(self.url) from None


def once(tx: Connection, asked: Hashable, ask: Callable[[], T]) -> T:
    """What `ask` finds; in a snapshot from then on without asking, since nothing can change in it.

    `asked`: names the answer: a table and what its row is found by.
    """
    known: dict[Hashable, Any] | None = tx.get_execution_options().get("afschrift_known")
    if known is None:
        return ask()
    if asked not in known:
        known[asked] = ask()
    return cast(T, known[asked])


def in_snapshot(tx: Connection) -> bool:
    """Whether `once` asks a second time for nothing."""
    return tx.get_execution_options().get("afschrift_known") is not None


def known(tx: Connection, asked: Hashable) -> Any:
    """What a snapshot read so far; None: nothing yet, or it is no snapshot."""
    return tx.get_execution_options().get("afschrift_known", {}).get(asked)


def remember(tx: Connection, answers: Mapping[Hashable, object]) -> None:
    """Have a snapshot know answers that were found together, so that `once` asks for none of them."""
    tx.get_execution_options().get("afschrift_known", {}).update(answers)


@lru_cache(maxsize=8)
def _compiling(url: URL) -> tuple[Engine, LRUCache[Any, Any]]:
    """What knows a database's SQL, and the statements that were compiled: once a process.

    SQLAlchemy keeps compiled statements by engine. Each step makes one of its own, and would compile all
    that it asks anew, which takes longer than the database does. This engine itself never connects.
    """
    # Parameters hold ciphertext and ids; they have no business in messages.
    engine = create_engine(url, hide_parameters=True, **_ONE_KEPT)
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "do_connect", _make_private)
    return engine, LRUCache(_STATEMENTS)


def _engine(model: Engine, compiled: LRUCache[Any, Any]) -> Engine:
    """An engine with a connection of its own."""
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
    """A connection that came along with a fork is left to the process it belongs to, and another one made."""
    if record.info["process"] != os.getpid():
        record.dbapi_connection = kept.dbapi_connection = None
        raise DisconnectionError("this connection belongs to another process")


def _close(engine: Engine, process: int) -> None:
    if process == os.getpid():  # a fork that ends must not close what its parent uses
        engine.dispose()


def _make_private(_dialect: object, _record: object, arguments: list[Any], _options: object) -> None:
    """Make the file before SQLite does, which leaves its mode to the umask; its -wal and -shm follow."""
    file = Path(arguments[0])
    if file.is_absolute() and file.parent.is_dir() and not file.exists():  # else SQLite says what is wrong
        with suppress(OSError):
            private_file(file, new=True).close()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is ours to write, see below
    connection.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # destroyed keys must not stay in free pages


def _write_ahead(connection: Any) -> None:
    """Switch to a write-ahead log; on a new file SQLite does not wait for others that do the same."""
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
    """Take the write lock at once: a lock taken half-way can fail instead of waiting."""
    write = connection.get_execution_options().get("afschrift_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
