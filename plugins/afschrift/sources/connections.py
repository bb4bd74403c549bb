"""Connections from the environment: `AIRFLOW_CONN_<ID>` holds a URI or a JSON document."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Connection
from afschrift.outside.read_json import read_json

PREFIX = "AIRFLOW_CONN_"


def from_environment(connection_id: str, environment: Mapping[str, str] | None = None) -> Connection:
    """A connection as Airflow reads it from the environment.

    Raises:
        ConfigurationError: the variable is not set or cannot be read; its text is not in the message.
    """
    env = os.environ if environment is None else environment
    variable = PREFIX + connection_id.upper()
    text = env.get(variable, "").strip()
    if not text:
        raise ConfigurationError(
            f"There is no connection {connection_id}.",
            remedy=f"set {variable} to its URI, or define it in Airflow.",
        )
    try:
        return _from_json(connection_id, text) if text.startswith("{") else _from_uri(connection_id, text)
    except (ValueError, AttributeError, TypeError):
        raise ConfigurationError(
            f"The connection {connection_id} cannot be read.",
            remedy=f"write {variable} as `type://login:password@host:port/database`, with % escapes, "
            "or as JSON.",
        ) from None


def from_parts(connection_id: str, parts: Mapping[str, Any]) -> Connection:
    """A connection by Airflow's own names of its parts: `conn_type`, `host`, `schema`, `extra`, ...

    Raises:
        ValueError: `extra` is not JSON, or the port no number.
    """
    extra = parts.get("extra") or {}
    extra = read_json(extra) if isinstance(extra, str) else dict(extra)
    return Connection(
        id=connection_id,
        kind=str(parts.get("conn_type") or "").replace("-", "_").lower().replace("postgresql", "postgres"),
        host=parts.get("host") or None,
        port=int(parts["port"]) if parts.get("port") else None,
        login=parts.get("login") or None,
        password=parts.get("password") or None,
        database=parts.get("schema") or None,
        extra=extra,
    )


def _from_json(connection_id: str, text: str) -> Connection:
    return from_parts(connection_id, read_json(text))


def _from_uri(connection_id: str, text: str) -> Connection:
    uri = urlsplit(text)
    if not uri.scheme:
        raise ValueError
    query = dict(parse_qsl(uri.query, keep_blank_values=True))
    extra = read_json(query["__extra__"]) if "__extra__" in query else query
    # `uri.hostname` would turn the path of a socket into small letters
    address = uri.netloc.rpartition("@")[2]
    host = address.removesuffix(f":{uri.port}") if uri.port else address.removesuffix(":")
    return from_parts(
        connection_id,
        {
            "conn_type": uri.scheme,
            "host": unquote(host.strip("[]")),
            "port": uri.port,
            "login": unquote(uri.username or ""),
            "password": unquote(uri.password or ""),
            "schema": unquote(uri.path.removeprefix("/")),
            "extra": extra,
        },
    )
