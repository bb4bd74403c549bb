"""Options of a source, and its connection from the environment.

`AIRFLOW_CONN_<ID>` holds a connection as a URI or as a JSON document.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.nearest import did_you_mean
from afschrift.domain.sources import Connect, Connection, TableVersions
from afschrift.outside.read_json import read_json

PREFIX = "AIRFLOW_CONN_"


def from_environment(connection_id: str, environment: Mapping[str, str] | None = None) -> Connection:
    """Read a connection from the environment, as Airflow does.

    Raises:
        ConfigurationError: the variable is not set or malformed; its text is not in the message.
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
    """Make a connection from parts with Airflow's names: `conn_type`, `host`, `schema`, `extra`, ...

    Raises:
        ValueError: `extra` is not JSON, or the port is no number.
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
    # `uri.hostname` would lower-case the path of a socket.
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
_SIZE = re.compile(r"([1-9][0-9]{0,8})(MB|GB|TB)")
_BYTES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


@dataclass(frozen=True)
class Opening:
    """The arguments to open a source.

    Attributes:
        name: the source's name in the inventory; every error names it.
        options: options of the adapter, from the inventory.
        connection: id of the connection in the inventory.
        connect: finds a connection by its id.
        tag: id of the request, which the database shows in its list of sessions.
        batch_bytes: size of a batch of rows, if the driver can be asked for one.
        ignored: for a lake, table -> patterns of the files that the inventory skips.
        described: tables of the source that the inventory has; empty: not known.
        versions: what a plan chose to read, or only its instant; None: what is there now.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    connection: str | None = None
    connect: Connect = from_environment
    tag: str = ""
    batch_bytes: int = 4_000_000
    ignored: Mapping[str, Sequence[str]] = field(default_factory=dict)
    described: frozenset[str] = frozenset()
    versions: TableVersions | None = None

    def address(self) -> Connection:
        """Find the connection of a kind that needs one.

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
        """Refuse options that the adapter does not know: a misspelt limit would not limit anything.

        Raises:
            ConfigurationError: with the name of the option, never its value.
        """
        unknown = sorted(self.options.keys() - set(allowed))
        if unknown:
            raise ConfigurationError(
                f"Source {self.name} has an option `{unknown[0]}`, which its kind does not know.",
                remedy=f"{did_you_mean(unknown[0], allowed)} choose from {', '.join(sorted(allowed))}; "
                "address and password belong to the connection, never to the inventory.".lstrip(),
            )


Write = Callable[..., None]


@dataclass(frozen=True)
class Scratch:
    """How `afschrift source test` makes tables in a kind of source; constant `SCRATCH` of its module.

    Attributes:
        place: from how a source is opened and a schema: how that schema is opened, and what runs statements
            there by a right to write.
        made: statements that make what the types need, each with one that takes it away.
        fails: a statement that fails by the text `secret-value` in it.
    """

    place: Callable[[Opening, str], tuple[Opening, Write]]
    made: tuple[tuple[str, str], ...] = ()
    fails: str = "SELECT CAST('secret-value' AS INTEGER)"


def required(source: str, options: dict[str, Any], name: str) -> str:
    """Return an option that the adapter needs.

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
    """Replace `${NAME}` by its value in the environment.

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
    """Parse a time limit with its unit, into seconds.

    Raises:
        ConfigurationError: it is malformed.
    """
    found = _DURATION.fullmatch(str(opening.options.get(option, default)))
    if found is None:
        raise ConfigurationError(
            f"Source {opening.name} has an option `{option}` that is no time with its unit.",
            remedy="write it as `90s`, `10min` or `2h`.",
        )
    return int(found[1]) * _SECONDS[found[2]]


def bytes_limit(opening: Opening) -> int | None:
    """Bytes that a statement may read; None: without a limit.

    Raises:
        ConfigurationError: it is malformed.
    """
    value = opening.options.get("bytes_limit")
    found = _SIZE.fullmatch(str(value))
    if value is not None and found is None:
        raise ConfigurationError(
            f"Source {opening.name} has an option `bytes_limit` that is no size with its unit.",
            remedy="write it as `500MB`, `20GB` or `1TB`.",
        )
    return int(found[1]) * _BYTES[found[2]] if found else None


def most_sessions(opening: Opening) -> int | None:
    """How many sessions may be open at once; None: without a limit.

    Raises:
        ConfigurationError: it is no positive integer.
    """
    value = opening.options.get("sessions")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ConfigurationError(
            f"Source {opening.name} has an option `sessions` that is no whole number.",
            remedy="write how many sessions may read the source at once, for example 2.",
        )
    return value


def cell_limit(opening: Opening) -> int:
    """Bytes above which a cell is not read; the option `cell_limit` is in MB.

    Raises:
        ConfigurationError: it is no positive integer.
    """
    value = opening.options.get("cell_limit", 64)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError(
            f"Source {opening.name} has an option `cell_limit` that is no whole number.",
            remedy="write the megabytes that one cell may have, for example 64.",
        )
    return value << 20
