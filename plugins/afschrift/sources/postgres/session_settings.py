"""The start of a session on PostgreSQL: address, settings, transaction and snapshot."""

from __future__ import annotations

import re
from collections.abc import Mapping

from psycopg.conninfo import make_conninfo

from afschrift.domain.sources import Connection
from afschrift.sources.postgres.dialect import PostgresDialect

SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "idle_in_transaction_session_timeout": "0",  # it is idle while files are written between two tables
    "default_transaction_read_only": "on",
    "jit": "off",  # compiling takes seconds, and a person has few rows
    "row_security": "off",  # a policy that would hide rows raises an error
}
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
BEGIN_WITH_A_TABLE = "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"
"""For a second session, which makes its table of keys within the transaction and then sets it read-only."""

SNAPSHOT = """SELECT to_char(statement_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def settings_call(dialect: PostgresDialect, settings: Mapping[str, str]) -> str:
    """A single statement that applies all settings for the whole session."""
    calls = ", ".join(
        f"set_config({dialect.literal(name)}, {dialect.literal(value)}, false)"
        for name, value in settings.items()
    )
    return f"SELECT {calls}"


_OF_LIBPQ = re.compile(
    r"ssl.*|gss.*|krbsrvname|channel_binding|connect_timeout|keepalives.*|tcp_user_timeout"
)


def conninfo(address: Connection, tag: str) -> str:
    """Write a connection for libpq; the server shows `tag` in its list of sessions."""
    known = {name: str(value) for name, value in address.extra.items() if _OF_LIBPQ.fullmatch(name)}
    parts = {
        "host": address.host or address.extra.get("host"),
        "port": address.port,
        "user": address.login,
        "password": address.password,
        "dbname": address.database,
        "application_name": f"afschrift {tag}".strip(),
        "client_encoding": "UTF8",
    }
    given = {name: str(value) for name, value in parts.items() if value is not None}
    return make_conninfo("", **({"connect_timeout": "10"} | known | given))
