"""How libpq is told where a PostgreSQL server is."""

from __future__ import annotations

import re

from psycopg.conninfo import make_conninfo

from afschrift.domain.sources import Connection

_OF_LIBPQ = re.compile(
    r"ssl.*|gss.*|krbsrvname|channel_binding|connect_timeout|keepalives.*|tcp_user_timeout"
)


def conninfo(address: Connection, tag: str) -> str:
    """A connection of Airflow as a text for libpq; `tag` is shown by the server beside the session."""
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
