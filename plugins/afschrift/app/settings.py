"""Settings of an installation, from the environment. Defaults suit a checkout; production sets them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from afschrift.app.include import SHIPPED, include_folder, texts
from afschrift.app.options import options_at, read_options
from afschrift.app.project import home_folder, inventory_folder
from afschrift.app.settings_table import DEFAULTS
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.extracted import SearchLimits
from afschrift.law.clock.alarm import USUAL

_DESTINATION = "AFSCHRIFT_DESTINATION_"
_WITNESS = "AFSCHRIFT_WITNESS_"
_OPTIONS = "_OPTIONS"
_FETCHING = ("link", "days")
"""Options of a destination that are for letters: where the person fetches a bundle, and for how long."""
_DAYS = 30
"""How long a bundle may lie there at most (RULES D.3)."""
_KEY_SOURCE = re.compile(r"[a-z][a-z-]+:")


@dataclass(frozen=True)
class Settings:
    """Where things are.

    Attributes:
        home: folder of the installation's own state (`AFSCHRIFT_HOME`).
        register: SQLAlchemy URL of the register (`AFSCHRIFT_REGISTER`).
        keys: key file, apart from the register (`AFSCHRIFT_KEYS`).
        key_source: where the keys are instead, as `<kind>:<name>` (`AFSCHRIFT_KEYS`, for example
            `airflow-variable:afschrift_secret_keys`); None: in the key file.
        staging: folder of the encrypted files between tasks (`AFSCHRIFT_STAGING`).
        staging_options: where an object store's credentials for it are (`AFSCHRIFT_STAGING_OPTIONS`).
        include: folder of texts of its own (`AFSCHRIFT_INCLUDE`): `letters`, `pages`, `grounds`; what is not
            there is the package's, and so are `sql` and `law` always. See `folder`.
        inventory: folder of the data map (`AFSCHRIFT_INVENTORY`); default: `inventory` in the include folder,
            else in the home.
        destinations: name -> URI of a folder or object store (`AFSCHRIFT_DESTINATION_<NAME>`).
        destination_options: name -> JSON file or connection with the kind of a destination and what that
            takes, credentials included (`AFSCHRIFT_DESTINATION_<NAME>_OPTIONS`).
        demo: the trigger form may take a customer number (`AFSCHRIFT_DEMO=1`).
        document_bytes: largest document of a case file (`AFSCHRIFT_DOCUMENT_MEGABYTES`).
        manual_bytes: largest file of a system that a person searches (`AFSCHRIFT_MANUAL_MEGABYTES`).
        staging_hold: how long staging is kept after the last activity (`AFSCHRIFT_STAGING_HOLD_HOURS`).
        review_hold: how long it is kept while a question waits for a person, so that a review can be
            answered on it (`AFSCHRIFT_REVIEW_HOLD_DAYS`).
        sweep_unstarted: age at which a request without a run is found (`AFSCHRIFT_SWEEP_UNSTARTED_HOURS`).
        sweep_lost: time unseen after which a run counts as lost (`AFSCHRIFT_SWEEP_LOST_HOURS`).
        batch_requests: so many requests without a run are read together (`AFSCHRIFT_BATCH_REQUESTS`).
        batch_wait: how long one waits for company at most (`AFSCHRIFT_BATCH_WAIT_HOURS`).
        witnesses: name -> address of a place for checkpoints of the trail (`AFSCHRIFT_WITNESS_<NAME>`).
        witness_options: name -> JSON file or connection with what the place needs, credentials included
            (`AFSCHRIFT_WITNESS_<NAME>_OPTIONS`).
        deadline_marks: days before the last one at which somebody is told (`AFSCHRIFT_DEADLINE_MARKS`).
        notifiers: who is told, and how (`AFSCHRIFT_NOTIFIERS`); None: see `airflow_ext.notifiers`.
        mail: JSON file or connection with the mail server for letters to the person (`AFSCHRIFT_MAIL`).
        trail_years: years of the trail that are kept after their end (`AFSCHRIFT_TRAIL_YEARS`).
        roles: who may do what (`AFSCHRIFT_ROLES`); None: see `app.roles`.
        batch_bytes: size of the slices in which rows are handled (`AFSCHRIFT_BATCH_MEGABYTES`); the memory
            of a task grows with it, and not with the number of rows.
        part_bytes: a table with more text than this goes into several files (`AFSCHRIFT_PART_MEGABYTES`).
        hashed_percent: of the rows of a large table, the share that is compared with the source's own hash
            (`AFSCHRIFT_HASHED_PERCENT`); 100 compares all of them.
        search: what the search beside the ways of the inventory may take of one table
            (`AFSCHRIFT_SEARCH_ROWS`, `AFSCHRIFT_SEARCH_SECONDS`); what takes more is said not to be searched.
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
    staging_options: Path | str | None = None
    destination_options: Mapping[str, Path | str] = field(default_factory=dict)
    document_bytes: int = 25_000_000
    manual_bytes: int = 500_000_000
    staging_hold: timedelta = timedelta(hours=72)
    review_hold: timedelta = timedelta(days=14)
    sweep_unstarted: timedelta = timedelta(hours=1)
    sweep_lost: timedelta = timedelta(hours=2)
    batch_requests: int = 1
    batch_wait: timedelta = timedelta(hours=24)
    roles: Path | None = None
    witnesses: Mapping[str, str] = field(default_factory=dict, repr=False)
    witness_options: Mapping[str, Path | str] = field(default_factory=dict)
    deadline_marks: str = USUAL
    notifiers: Path | None = None
    mail: Path | str | None = None
    trail_years: int = 5
    batch_bytes: int = 4_000_000
    part_bytes: int = 2_000_000_000
    hashed_percent: float = 5
    search: SearchLimits = field(default_factory=SearchLimits)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Raises:
            ConfigurationError: a setting does not read, or nothing says where the home is.
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
            staging_options=_options(env, "AFSCHRIFT_STAGING_OPTIONS"),
            include=include,
            inventory=inventory_folder(env),
            destinations=destinations,
            destination_options=destination_options,
            demo=env.get("AFSCHRIFT_DEMO") == "1",
            document_bytes=int(_positive(env, "AFSCHRIFT_DOCUMENT_MEGABYTES") * 1_000_000),
            manual_bytes=int(_positive(env, "AFSCHRIFT_MANUAL_MEGABYTES") * 1_000_000),
            staging_hold=timedelta(hours=_positive(env, "AFSCHRIFT_STAGING_HOLD_HOURS")),
            review_hold=timedelta(days=_positive(env, "AFSCHRIFT_REVIEW_HOLD_DAYS")),
            sweep_unstarted=timedelta(hours=_positive(env, "AFSCHRIFT_SWEEP_UNSTARTED_HOURS")),
            sweep_lost=timedelta(hours=_positive(env, "AFSCHRIFT_SWEEP_LOST_HOURS")),
            batch_requests=math.ceil(_positive(env, "AFSCHRIFT_BATCH_REQUESTS")),
            batch_wait=timedelta(hours=_positive(env, "AFSCHRIFT_BATCH_WAIT_HOURS")),
            witnesses=witnesses,
            witness_options=witness_options,
            deadline_marks=env.get("AFSCHRIFT_DEADLINE_MARKS") or USUAL,
            notifiers=_path(env, "AFSCHRIFT_NOTIFIERS"),
            mail=_options(env, "AFSCHRIFT_MAIL"),
            trail_years=math.ceil(_positive(env, "AFSCHRIFT_TRAIL_YEARS")),
            batch_bytes=int(_positive(env, "AFSCHRIFT_BATCH_MEGABYTES") * 1_000_000),
            part_bytes=int(_positive(env, "AFSCHRIFT_PART_MEGABYTES") * 1_000_000),
            hashed_percent=min(_positive(env, "AFSCHRIFT_HASHED_PERCENT"), 100),
            search=SearchLimits(
                int(_positive(env, "AFSCHRIFT_SEARCH_ROWS", most=1e12)),
                _positive(env, "AFSCHRIFT_SEARCH_SECONDS"),
            ),
            roles=_path(env, "AFSCHRIFT_ROLES"),
        )

    def folder(self, name: str) -> Path:
        """Where `letters`, `pages`, `grounds`, `sql` or `law` stand."""
        return SHIPPED / name if name in ("sql", "law") else texts(name, self.include)

    def destination(self, name: str) -> dict[str, Any]:
        """Kind and options of a destination, for `destinations.registry.open_destination`.

        Raises:
            ConfigurationError: no destination bears this name, or its options cannot be read.
        """
        known = self.destinations.keys() | self.destination_options.keys()
        if name not in known:
            raise ConfigurationError(
                "This destination is not configured.",
                remedy=f"choose one of {', '.join(sorted(known))}, or set {_DESTINATION}<NAME>.",
            )
        self.fetched_at(name)
        settings: dict[str, Any] = {"kind": "folder", **self._destination_file(name)}
        for of_letters in _FETCHING:
            settings.pop(of_letters, None)
        if name in self.destinations:
            settings["url"] = self.destinations[name]
        return settings

    def fetched_at(self, name: str) -> tuple[str, int] | None:
        """Where a person fetches a bundle of a destination, with `{file}`, and how many days it is there.

        None: the destination has no address that is theirs to open, and a person says where it is.

        Raises:
            ConfigurationError: the options cannot be read, or do not fit.
        """
        options = self._destination_file(name)
        link, days = options.get("link"), options.get("days", _DAYS)
        if link is None:
            return None
        if not (isinstance(link, str) and link.startswith("https://") and "{file}" in link):
            fault = "'link' is no https address with {file} in it"
        elif not (isinstance(days, int) and 0 < days <= _DAYS):
            fault = f"'days' is no number from 1 to {_DAYS}"
        else:
            return link, days
        raise ConfigurationError(
            f"Of {self._destination_name(name)}, {fault}.", remedy="docs/operations.md shows both."
        )

    def _destination_file(self, name: str) -> dict[str, Any]:
        if name not in self.destination_options:
            return {}
        what = self._destination_name(name)
        return read_options(self.destination_options[name], what, "docs/operations.md", store="options")

    def _destination_name(self, name: str) -> str:
        return f"the destination '{name}' ({_DESTINATION}{name.upper()}{_OPTIONS})"


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


def _path(env: Mapping[str, str], name: str) -> Path | None:
    return Path(env[name]).absolute() if env.get(name) else None


def _options(env: Mapping[str, str], name: str) -> Path | str | None:
    return options_at(env[name]) if env.get(name) else None


def _positive(env: Mapping[str, str], name: str, most: float = 1e6) -> float:
    default = DEFAULTS[name]
    try:
        number = float(env.get(name, default))
    except ValueError:
        number = math.nan
    if not 0 < number < most:  # neither for what is no number
        raise ConfigurationError(
            f"{name} is no number above 0.", remedy=f"set it, or leave it at {default:g}."
        )
    return number
