"""Settings: from `portal.toml` in the home, and from the environment, which goes first."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

PREFIX = "AFSCHRIFT_PORTAL_"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it and what to do."""


@dataclass(frozen=True)
class PortalSettings:
    """What the portal runs with. Each has a variable of the environment: `AFSCHRIFT_PORTAL_OUTER`."""

    home: Path = Path("portal-home")
    """Database, files, key and token: for the account of the portal alone."""
    outer: str = "127.0.0.1:8600"
    """Address for people, behind a proxy with TLS or with `outer_cert`."""
    inner: str = "127.0.0.1:8601"
    """Address for Afschrift alone."""
    public: str = "https://portal.example.org"
    """What people type: the beginning of each link."""
    outer_cert: str = ""
    outer_key: str = ""
    inner_cert: str = ""
    inner_key: str = ""
    organisation: str = ""
    """Shown on the first page, where it is not known yet which delivery is meant."""
    contact: str = ""
    language: str = "en"
    """Of the page, for a browser that asks for none of ours."""
    texts: str = ""
    """A folder with further languages: `fy.toml`."""
    connections: int = 400
    """Most connections of the outer listener; more get 503."""
    stalled: int = 60
    """Seconds in which a reader takes nothing, after which a download is cut."""
    reserve: int = 256 * 1024 * 1024
    """Bytes that stay free on the disk."""


def load_settings(environment: Mapping[str, str] = os.environ) -> PortalSettings:
    """Read them.

    Raises:
        SettingsError: an unknown name, a value of another type, or an inner listener in clear on a network.
    """
    home = Path(environment.get(f"{PREFIX}HOME", PortalSettings.home))
    values: dict[str, object] = {}
    if (file := home / "portal.toml").is_file():
        try:
            values = tomllib.loads(file.read_text("utf-8"))
        except ValueError as error:
            raise SettingsError(f"{file} is not TOML: {error}.") from None
    known = {field.name: type(field.default) for field in fields(PortalSettings) if field.name != "home"}
    given = {name: environment.get(PREFIX + name.upper()) for name in known}
    values |= {name: value for name, value in given.items() if value is not None}
    if unknown := sorted(values.keys() - known.keys()):
        raise SettingsError(f"There is no setting {unknown[0]}. There are: {', '.join(sorted(known))}.")
    typed: dict[str, Any] = {name: _typed(name, values[name], known[name]) for name in values}
    settings = replace(PortalSettings(home=home), **typed)
    if settings.texts and not Path(settings.texts).is_dir():
        raise SettingsError(f"texts: there is no folder {settings.texts}.")
    address(settings, "outer")
    if address(settings, "inner")[0] not in LOOPBACK and not settings.inner_cert:
        raise SettingsError(
            "inner: set inner_cert and inner_key, or use 127.0.0.1; else a token goes in clear."
        )
    return settings


def _typed(name: str, value: object, kind: type) -> object:
    if kind is int:
        if str(value).isdecimal():
            return int(str(value))
        raise SettingsError(f"{name}: write a whole number.")
    if not isinstance(value, str):
        raise SettingsError(f"{name}: write a text between quotes.")
    return value.rstrip("/") if name == "public" else value


def address(settings: PortalSettings, name: str) -> tuple[str, int]:
    """Host and port of a listener."""
    host, _, port = str(getattr(settings, name)).rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"{name}: write an address and a port, such as 127.0.0.1:8600.")
    return host.strip("[]"), int(port)
