"""Settings of an installation, from the environment. Defaults suit a checkout; production sets them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from afschrift.app.destination_options import MOST_DAYS, DestinationOptions
from afschrift.app.options import options_at, read_options
from afschrift.app.project import SHIPPED, home_folder, include_folder, inventory_folder, texts
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.extracted import SearchLimits
from afschrift.law.clock.alarm import USUAL

DEFAULTS: dict[str, float] = {
    "AFSCHRIFT_STAGING_HOLD_HOURS": 72,
    "AFSCHRIFT_REVIEW_HOLD_DAYS": 14,
    "AFSCHRIFT_SWEEP_UNSTARTED_HOURS": 1,
    "AFSCHRIFT_SWEEP_LOST_HOURS": 2,
    "AFSCHRIFT_CHASE_REMIND_DAYS": 5,
    "AFSCHRIFT_CHASE_ESCALATE_DAYS": 8,
    "AFSCHRIFT_BATCH_REQUESTS": 1,
    "AFSCHRIFT_BATCH_WAIT_HOURS": 24,
    "AFSCHRIFT_DOCUMENT_MEGABYTES": 25,
    "AFSCHRIFT_MANUAL_MEGABYTES": 500,
    "AFSCHRIFT_TRAIL_YEARS": 5,
    "AFSCHRIFT_CASE_WEEKS": 13,
    "AFSCHRIFT_BATCH_MEGABYTES": 4,
    "AFSCHRIFT_PART_MEGABYTES": 2_000,
    "AFSCHRIFT_HASHED_PERCENT": 5,
    "AFSCHRIFT_SEARCH_ROWS": 20_000_000,
    "AFSCHRIFT_SEARCH_SECONDS": 60,
}
"""Defaults of numbers, each in the unit of its name. docs/operator/settings.md explains every setting."""
_DESTINATION = "AFSCHRIFT_DESTINATION_"
_WITNESS = "AFSCHRIFT_WITNESS_"
_OPTIONS = "_OPTIONS"
_KEY_SOURCE = re.compile(r"[a-z][a-z-]+:")


def _setting(name: str, read: Callable[[str], Any], default: Any = None) -> Any:
    """A field that is read from a variable, if that is set and not empty."""
    return field(
        default=default, metadata={"read": lambda env: read(env[name]) if env.get(name) else default}
    )


def _number(name: str, read: Callable[[float], Any]) -> Any:
    """A field that is read from a variable with a number above 0."""
    return field(default=read(DEFAULTS[name]), metadata={"read": lambda env: read(_positive(env, name))})


def _path(value: str) -> Path:
    return Path(value).absolute()


def _hours(number: float) -> timedelta:
    return timedelta(hours=number)


def _megabytes(number: float) -> int:
    return int(number * 1_000_000)


def _positive(env: Mapping[str, str], name: str, most: float = 1e6) -> float:
    default = DEFAULTS[name]
    try:
        number = float(env.get(name, default))
    except ValueError:
        number = math.nan
    if not 0 < number < most:  # false for NaN too
        raise ConfigurationError(
            f"{name} is no number above 0.", remedy=f"set it, or leave it at {default:g}."
        )
    return number


@dataclass(frozen=True)
class Settings:
    """Places and limits of an installation. docs/operator/settings.md says what each variable means.

    Attributes:
        key_source: where the keys are instead of a file, as `<kind>:<name>` (`airflow-variable:...`).
        include: folder of `letters`, `pages`, `grounds`; for what is missing there, see `folder`.
        destinations, witnesses: name -> address.
        destination_options, witness_options: name -> where its options are, credentials included.
        search: limits per table; a table beyond them is reported as not searched.
    """

    home: Path
    register: str = field(repr=False)  # may hold a password
    keys: Path
    staging: str
    include: Path
    inventory: Path
    destinations: Mapping[str, str] = field(repr=False)  # an address may hold a password
    demo: bool
    key_source: str | None = None
    staging_options: Path | str | None = _setting("AFSCHRIFT_STAGING_OPTIONS", options_at)
    destination_options: Mapping[str, Path | str] = field(default_factory=dict)
    document_bytes: int = _number("AFSCHRIFT_DOCUMENT_MEGABYTES", _megabytes)
    manual_bytes: int = _number("AFSCHRIFT_MANUAL_MEGABYTES", _megabytes)
    staging_hold: timedelta = _number("AFSCHRIFT_STAGING_HOLD_HOURS", _hours)
    review_hold: timedelta = _number("AFSCHRIFT_REVIEW_HOLD_DAYS", timedelta)
    sweep_unstarted: timedelta = _number("AFSCHRIFT_SWEEP_UNSTARTED_HOURS", _hours)
    sweep_lost: timedelta = _number("AFSCHRIFT_SWEEP_LOST_HOURS", _hours)
    chase_remind: int = _number("AFSCHRIFT_CHASE_REMIND_DAYS", math.ceil)
    chase_escalate: int = _number("AFSCHRIFT_CHASE_ESCALATE_DAYS", math.ceil)
    batch_requests: int = _number("AFSCHRIFT_BATCH_REQUESTS", math.ceil)
    batch_wait: timedelta = _number("AFSCHRIFT_BATCH_WAIT_HOURS", _hours)
    roles: Path | None = _setting("AFSCHRIFT_ROLES", _path)
    witnesses: Mapping[str, str] = field(default_factory=dict, repr=False)
    witness_options: Mapping[str, Path | str] = field(default_factory=dict)
    deadline_marks: str = _setting("AFSCHRIFT_DEADLINE_MARKS", str, USUAL)
    notifiers: Path | None = _setting("AFSCHRIFT_NOTIFIERS", _path)
    mail: Path | str | None = _setting("AFSCHRIFT_MAIL", options_at)
    sms: Path | str | None = _setting("AFSCHRIFT_SMS", options_at)
    trail_years: int = _number("AFSCHRIFT_TRAIL_YEARS", math.ceil)
    case_weeks: int = _number("AFSCHRIFT_CASE_WEEKS", lambda weeks: max(6, math.ceil(weeks)))
    batch_bytes: int = _number("AFSCHRIFT_BATCH_MEGABYTES", _megabytes)
    part_bytes: int = _number("AFSCHRIFT_PART_MEGABYTES", _megabytes)
    hashed_percent: float = _number("AFSCHRIFT_HASHED_PERCENT", lambda percent: min(percent, 100))
    search: SearchLimits = field(default_factory=SearchLimits)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Raises:
            ConfigurationError: a setting cannot be read, or the home is not set.
        """
        env = os.environ if environment is None else environment
        home = home_folder(env)
        include = include_folder(env)
        destinations, destination_options = _named_settings(env, _DESTINATION)
        if "outbox" not in destination_options:
            destinations.setdefault("outbox", str(home / "outbox"))
        witnesses, witness_options = _named_settings(env, _WITNESS)
        keys = env.get("AFSCHRIFT_KEYS", "")
        elsewhere = _KEY_SOURCE.match(keys) is not None
        return cls(
            home=home,
            register=env.get("AFSCHRIFT_REGISTER", f"sqlite:///{home / 'register.db'}"),
            keys=Path((not elsewhere and keys) or home / "keys.json").absolute(),
            key_source=keys if elsewhere else None,
            staging=env.get("AFSCHRIFT_STAGING", str(home / "staging")),
            include=include,
            inventory=inventory_folder(env),
            destinations=destinations,
            destination_options=destination_options,
            demo=env.get("AFSCHRIFT_DEMO") == "1",
            witnesses=witnesses,
            witness_options=witness_options,
            search=SearchLimits(
                int(_positive(env, "AFSCHRIFT_SEARCH_ROWS", most=1e12)),
                _positive(env, "AFSCHRIFT_SEARCH_SECONDS"),
            ),
            **{
                setting.name: setting.metadata["read"](env)
                for setting in fields(cls)
                if "read" in setting.metadata
            },
        )

    def folder(self, name: str) -> Path:
        """The folder of `letters`, `pages`, `grounds`, `sql` or `law`."""
        return SHIPPED / name if name in ("sql", "law") else texts(name, self.include)

    @property
    def destination_names(self) -> list[str]:
        """Names of the destinations, in order."""
        return sorted(self.destinations.keys() | self.destination_options.keys())

    @property
    def portals(self) -> list[str]:
        """Names of the destinations that are portals, as far as their options can be read."""
        return [name for name in self.destination_names if self._is_portal(name)]

    def _is_portal(self, name: str) -> bool:
        try:
            return self.options_of(name).is_portal
        except ConfigurationError:
            return False

    def destination(self, name: str) -> dict[str, Any]:
        """Kind and options of a destination, for `destinations.registry.open_destination`.

        Raises:
            ConfigurationError: no destination has this name, or its options cannot be read.
        """
        if name not in self.destination_names:
            raise ConfigurationError(
                "This destination is not configured.",
                remedy=f"choose one of {', '.join(self.destination_names)}, or set {_DESTINATION}<NAME>.",
            )
        settings = {"kind": "folder", **self.options_of(name).of_its_kind()}
        if name in self.destinations:
            settings["url"] = self.destinations[name]
        return settings

    def destination_by(self, to: str, by: str, usual: str) -> str | None:
        """The destination for a recipient and a way; None: no destination is for both.

        One that names them takes precedence over one for all. Without a way, the usual one does.

        Raises:
            ConfigurationError: as `options_of`.
        """
        options = {name: self.options_of(name) for name in (usual, *self.destination_names)}
        named = [name for name, found in options.items() if found.names_whom]
        order = (*named, usual) if by else (usual, *named)
        return next((name for name in order if options[name].serves(to, by)), None)

    def days(self, name: str) -> int:
        """Most days that a bundle lies at a destination; the most that may be where nothing can be read."""
        try:
            return self.options_of(name).days()
        except ConfigurationError:
            return MOST_DAYS

    def options_of(self, name: str) -> DestinationOptions:
        """The options of a destination, read anew: a task or a page reads them once and keeps them.

        Raises:
            ConfigurationError: they cannot be read.
        """
        what = f"the destination '{name}' ({_DESTINATION}{name.upper()}{_OPTIONS})"
        place = self.destination_options.get(name)
        found = read_options(place, what, DestinationOptions.PAGE, store="options") if place else {}
        return DestinationOptions(what, found)


def _named_settings(env: Mapping[str, str], prefix: str) -> tuple[dict[str, str], dict[str, Path | str]]:
    """Name -> address, and name -> place of options, of the settings `<prefix><NAME>` and `..._OPTIONS`."""
    addresses: dict[str, str] = {}
    options: dict[str, Path | str] = {}
    for setting, value in env.items():
        name = setting.removeprefix(prefix)
        if name == setting or not value:
            continue
        if name.endswith(_OPTIONS):
            options[name.removesuffix(_OPTIONS).lower()] = options_at(value)
        else:
            addresses[name.lower()] = value
    return addresses, options
