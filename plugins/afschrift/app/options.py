"""Options of a place, with credentials: from a private JSON file or an Airflow connection."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from afschrift.app.private_files import open_to_others
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Connect, Connection
from afschrift.outside.limits import UnreadableError, read_file

CONNECTION = "airflow-connection:"
"""Prefix of the value of a setting that names a connection."""
_STORE = ("endpoint_url", "region_name")
_PLACE = ("kind", "url", "link", "days", "encryption", "open", "secret_by", "options")
"""Options of the place itself that the extra of a connection to an object store may hold."""
_found_by: list[Connect] = []


def offer_connections(connect: Connect) -> None:
    """Register how connections are found; `airflow_ext` calls it, as this package does not import Airflow."""
    _found_by[:] = [connect]


def options_at(value: str) -> Path | str:
    """Where options are, from the value of a setting: a path, or the connection as it is written."""
    return value if value.startswith(CONNECTION) else Path(value).absolute()


def read_options(place: Path | str, what: str, page: str, *, store: str | None = None) -> dict[str, Any]:
    """Read options.

    A connection gives what its `extra` holds, under the names that the file has. One of the type `smtp` also
    gives `server` and `sender` (its `from_email`); one of the type `aws` the options of an object store:
    `key`, `secret`, `endpoint_url`, and the region.

    Args:
        place: of the file, or the connection as `airflow-connection:<id>`.
        what: what they are for, as errors call it.
        page: of the documentation that lists them.
        store: name under which the options of an object store go; None: among the others.

    Raises:
        ConfigurationError: the file is open to others, cannot be read or is no JSON object; there is no such
            connection, or it has an unknown option.
    """
    if isinstance(place, Path):
        return _of_file(place, what, page)
    if not _found_by:
        raise ConfigurationError(
            f"The options of {what} are in an Airflow connection, and no Airflow is here.",
            remedy="name a JSON file instead.",
        )
    found = _found_by[0](place.removeprefix(CONNECTION))
    if found.kind == "smtp":
        return _of_mail(found)
    if found.kind == "http":
        return _of_http(found)
    if found.kind in ("aws", "s3"):
        return _of_store(found, store, page)
    return dict(found.extra)


def _of_file(path: Path, what: str, page: str) -> dict[str, Any]:
    from afschrift.outside.read_json import read_json  # heavy, and seldom needed

    options: Any = None
    try:
        if open_to_others(path.stat()):
            raise ConfigurationError(
                f"The options of {what} are open to other accounts.", remedy=f"run `chmod 600 {path}`."
            )
        options = read_json(read_file(path), str(path))
    except UnreadableError as error:
        raise ConfigurationError(
            f"The options of {what} cannot be read. {error.args[0]}",
            remedy=f"make {path} a JSON object; {page} lists what it takes.",
        ) from None
    except OSError:
        pass
    if not isinstance(options, dict):
        raise ConfigurationError(
            f"The options of {what} cannot be read.",
            remedy=f"make {path} a JSON object; {page} lists what it takes.",
        )
    return options


def _of_mail(found: Connection) -> dict[str, Any]:
    """By the names of Airflow's provider: TLS from the first byte, unless `disable_ssl`."""
    plain = str(found.extra.get("disable_ssl", "")).lower() in ("true", "1")
    user = f"{quote(found.login, safe='')}:{quote(found.password or '', safe='')}@" if found.login else ""
    port = f":{found.port}" if found.port else ""
    return {
        "server": f"{'smtp' if plain else 'smtps'}://{user}{found.host or ''}{port}",
        "sender": found.extra.get("sender") or found.extra.get("from_email"),
    }


def _of_http(found: Connection) -> dict[str, Any]:
    """By the names of Airflow's provider: the scheme is its `schema`, https where that is empty."""
    port, host = f":{found.port}" if found.port else "", found.host or ""
    url = host if "://" in host else f"{found.database or 'https'}://{host}{port}"
    path = str(found.extra.get("path", ""))
    given = {"url": url + path, "login": found.login, "password": found.password}
    return {name: value for name, value in given.items() if value} | dict(found.extra)


def _of_store(found: Connection, under: str | None, page: str) -> dict[str, Any]:
    if unknown := sorted(found.extra.keys() - {*_STORE, *_PLACE}):
        raise ConfigurationError(
            f"The connection {found.id} has `{unknown[0]}` in its extra, which is not understood here.",
            remedy=f"take it out: an identity of the machine or pod needs no connection at all ({page}).",
        )
    place = {name: found.extra[name] for name in _PLACE if name in found.extra}
    inner: Mapping[str, Any] = place.pop("options", {})
    store: dict[str, Any] = {"key": found.login, "secret": found.password}
    store["endpoint_url"] = found.extra.get("endpoint_url")
    if region := found.extra.get("region_name"):
        store["client_kwargs"] = {"region_name": region}
    store = {name: value for name, value in store.items() if value} | dict(inner)
    return place | ({under: store} if under else store)
