"""A PostgreSQL server with a sample database, for users who have none at hand.

    python -m testbed.serve Chinook_PostgreSql.sql >> afschrift.env

makes a database of a script, writes where it is (as a connection of an account that may only read, and in a
comment as its owner), and runs until Ctrl-C. The data go with the server.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from testbed.postgres import running

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


def main() -> None:
    """Start, load, say where it is, and wait."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("script", type=Path, help="SQL for PostgreSQL, such as Chinook_PostgreSql.sql")
    arguments.add_argument(
        "--name", default="chinook", help="of the database and of the source (default: chinook)"
    )
    given = arguments.parse_args()
    script = statements(given.script)
    with running() as server:
        with psycopg.connect(server.admin, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(given.name)))
        where = make_url(server.admin).set(database=given.name)
        with psycopg.connect(where.render_as_string(hide_password=False)) as connection:
            try:
                connection.execute(script)  # type: ignore[arg-type]
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
    # Before anything has a thread: a signal then waits for `sigwait`, also where a shell started this with `&`.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    main()
