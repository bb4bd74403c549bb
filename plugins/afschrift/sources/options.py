"""What a source is opened with: its options, and its connection from the environment.

`AIRFLOW_CONN_<ID>` holds a connection as a URI or as a JSON document.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Connect, Connection
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
        if text.startswith("{"):
            return from_parts(connection_id, read_json(text))
        return _from_uri(connection_id, text)
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


_DURATION = re.compile(r"([0-9]{1,9})(ms|s|min|h)")
_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "h": 3600}
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


@dataclass(frozen=True)
class Opening:
    """What a source is opened with.

    Attributes:
        name: the source's name in the inventory; every error names it.
        options: of the adapter, as the inventory has them.
        connection: id of the connection that the inventory names.
        connect: finds a connection by its id.
        tag: id of the request, shown by the database beside the session.
        batch_bytes: of the batches in which rows come, where its driver can be asked for so many.
        ignored: of a lake, table -> patterns of the files that the inventory passes over.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    connection: str | None = None
    connect: Connect = from_environment
    tag: str = ""
    batch_bytes: int = 4_000_000
    ignored: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def address(self) -> Connection:
        """The connection of a kind that needs one.

        Raises:
            ConfigurationError: the inventory names none, or it is not defined.
        """
        if not self.connection:
            raise ConfigurationError(
                f"Source {self.name} names no connection.",
                remedy="write `connection: <id>` in its inventory file and define the id in Airflow.",
            )
        return self.connect(self.connection)

    def only(self, allowed: Collection[str]) -> None:
        """Turn down options that the adapter does not know: a misspelt limit would be no limit.

        Raises:
            ConfigurationError: names the option, never its value.
        """
        unknown = sorted(self.options.keys() - set(allowed))
        if unknown:
            raise ConfigurationError(
                f"Source {self.name} has an option `{unknown[0]}`, which its kind does not know.",
                remedy=f"choose from {', '.join(sorted(allowed))}; address and password belong to the "
                "connection, never to the inventory.",
            )


def required(source: str, options: dict[str, Any], name: str) -> str:
    """An option that the adapter cannot do without.

    Raises:
        ConfigurationError: it is missing.
    """
    value = options.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"Source {source} has no option `{name}`.",
            remedy=f"add `{name}` under `options` in its inventory file.",
        )
    return value


def expand(source: str, text: str) -> str:
    """Replace `${NAME}` by the environment's value.

    Raises:
        ConfigurationError: the variable is not set.
    """

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in os.environ:
            raise ConfigurationError(
                f"Source {source} names the variable {name}, which is not set.",
                remedy=f"set {name} in the environment of Airflow's processes.",
            )
        return os.environ[name]

    return _VARIABLE.sub(value, text)


def seconds(opening: Opening, option: str, default: str) -> float:
    """A time limit that is written with its unit, in seconds.

    Raises:
        ConfigurationError: it has another form.
    """
    found = _DURATION.fullmatch(str(opening.options.get(option, default)))
    if found is None:
        raise ConfigurationError(
            f"Source {opening.name} has an option `{option}` that is no time with its unit.",
            remedy="write it as `90s`, `10min` or `2h`.",
        )
    return int(found[1]) * _SECONDS[found[2]]


def cell_limit(opening: Opening) -> int:
    """Bytes above which a cell is not read; the option `cell_limit` is in MB.

    Raises:
        ConfigurationError: it is no whole number.
    """
    value = opening.options.get("cell_limit", 64)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError(
            f"Source {opening.name} has an option `cell_limit` that is no whole number.",
            remedy="write the megabytes that one cell may have, for example 64.",
        )
    return value << 20
