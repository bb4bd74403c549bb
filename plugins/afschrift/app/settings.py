"""Settings of an installation, from the environment. Defaults suit a checkout; production sets them."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from afschrift.app.options import options_at, read_options
from afschrift.app.project import SHIPPED, home_folder, include_folder, inventory_folder, texts
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.extracted import SearchLimits
from afschrift.law.clock.alarm import USUAL
from afschrift.law.person import ANSWER_BY, ANSWER_TO

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
_SERVING = ("ways", "to")
"""Options of a destination that say for whom it is: ways of `ANSWER_BY`, and one of `ANSWER_TO`."""
_OF_US = ("link", "days", "encryption", "open", "secret_by", *_SERVING)
"""Options of a destination that its kind does not take: for letters, and how a bundle is protected."""
ENCRYPTIONS = ("zip", "age", "openpgp", "none")
SECRET_WAYS = ("phone", "post", "in_person", "sms")
_DAYS = 30
"""Most days that a bundle may lie there."""
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
class Protection:
    """How bundles of a destination are protected.

    Attributes:
        encryption: one of `ENCRYPTIONS`.
        secret_by: how the words reach the person; None: an officer reads them out.
        open: who decided that bundles are not encrypted (`by`), on which day (`on`), and `why`.
    """

    encryption: str = "zip"
    secret_by: str | None = None
    open: Mapping[str, str] | None = None

    def one_channel(self) -> str:
        """A sentence that no second channel is set for the words; empty: one is, or there are no words."""
        if self.encryption != "zip" or self.secret_by is not None:
            return ""
        return "No second channel is set for the words (`secret_by`): an officer reads them out."

    def left_open(self) -> str:
        """A sentence that bundles are not encrypted, by whose decision; empty: they are."""
        if self.open is None:
            return ""
        by, day, why = (self.open[name] for name in ("by", "on", "why"))
        return f"Bundles lie there open: {by} decided so on {day} ({why})."


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

    def destination(self, name: str) -> dict[str, Any]:
        """Kind and options of a destination, for `destinations.registry.open_destination`.

        Raises:
            ConfigurationError: no destination has this name, or its options cannot be read.
        """
        known = self.destinations.keys() | self.destination_options.keys()
        if name not in known:
            raise ConfigurationError(
                "This destination is not configured.",
                remedy=f"choose one of {', '.join(sorted(known))}, or set {_DESTINATION}<NAME>.",
            )
        self.fetched_at(name)
        settings: dict[str, Any] = {"kind": "folder", **self._destination_file(name)}
        self.serves(name, "", "")
        self.protection(name)
        for ours in _OF_US:
            settings.pop(ours, None)
        if name in self.destinations:
            settings["url"] = self.destinations[name]
        return settings

    def fetched_at(self, name: str) -> tuple[str, int] | None:
        """Where a person fetches a bundle of a destination, with `{file}`, and how many days it is there.

        None: the destination has no address that the person can open, so an officer says where it is.

        Raises:
            ConfigurationError: the options cannot be read, or do not fit.
        """
        options = self._destination_file(name)
        link, days = options.get("link"), options.get("days", _DAYS)
        if not (isinstance(days, int) and 0 < days <= _DAYS):
            fault = f"'days' is no number from 1 to {_DAYS}"
        elif link is None:
            return None
        elif not (isinstance(link, str) and link.startswith("https://") and "{file}" in link):
            fault = "'link' is no https address with {file} in it"
        else:
            return link, days
        raise self._unfit(name, fault)

    def serves(self, name: str, to: str, by: str) -> bool:
        """Whether a destination is for a recipient and a way; empty: whatever it is.

        Raises:
            ConfigurationError: as `fetched_at`.
        """
        options = self._destination_file(name)
        ways, party = options.get("ways", []), options.get("to", "")
        if not (isinstance(ways, list) and set(ways) <= set(ANSWER_BY[:-1])):
            fault = f"'ways' is no list of {', '.join(ANSWER_BY[:-1])}"
        elif party not in ("", *ANSWER_TO):
            fault = f"'to' is none of {', '.join(ANSWER_TO)}"
        else:
            return (not ways or not by or by in ways) and (not to or party in ("", to))
        raise self._unfit(name, fault)

    def destination_by(self, to: str, by: str, usual: str) -> str | None:
        """The destination for a recipient and a way; None: no destination is for both.

        One that names them takes precedence over one for all. Without a way, the usual one does.
        """
        known = sorted(self.destinations.keys() | self.destination_options.keys())
        named = [name for name in (usual, *known) if self._destination_file(name).keys() & {*_SERVING}]
        order = (*named, usual) if by else (usual, *named)
        return next((name for name in order if self.serves(name, to, by)), None)

    def _unfit(self, name: str, fault: str) -> ConfigurationError:
        return ConfigurationError(
            f"Of {self._destination_name(name)}, {fault}.", remedy="docs/operator/operations.md shows them."
        )

    def days(self, name: str) -> int:
        """Most days that a bundle lies at a destination; the most that may be where nothing can be read."""
        try:
            self.fetched_at(name)
            return int(self._destination_file(name).get("days", _DAYS))
        except ConfigurationError:
            return _DAYS

    def protection(self, name: str) -> Protection:
        """How bundles of a destination are protected; where nothing is said, by a ZIP under AES-256.

        Raises:
            ConfigurationError: the options cannot be read or do not fit, or leave bundles open for no reason.
        """
        options = self._destination_file(name)
        encryption, opened = options.get("encryption", "zip"), options.get("open")
        secret_by = options.get("secret_by")
        if encryption not in ENCRYPTIONS:
            fault = f"'encryption' is none of {', '.join(ENCRYPTIONS)}"
        elif secret_by is not None and secret_by not in SECRET_WAYS:
            fault = f"'secret_by' is none of {', '.join(SECRET_WAYS)}"
        elif encryption != "none" and opened is not None:
            fault = "'open' goes with 'encryption': 'none' alone"
        elif encryption == "none" and not _is_decision(opened):
            fault = (
                "'encryption' is 'none' without a decision: name in 'open' who decided it (by), on which "
                "day (on: YYYY-MM-DD) and why (why), or take 'encryption' out: then bundles are encrypted"
            )
        else:
            return Protection(encryption, secret_by, opened)
        raise self._unfit(name, fault)

    def _destination_file(self, name: str) -> dict[str, Any]:
        if name not in self.destination_options:
            return {}
        what = self._destination_name(name)
        return read_options(
            self.destination_options[name], what, "docs/operator/operations.md", store="options"
        )

    def _destination_name(self, name: str) -> str:
        return f"the destination '{name}' ({_DESTINATION}{name.upper()}{_OPTIONS})"


def _is_decision(opened: Any) -> bool:
    """Whether a person decided that bundles are left open, on a day and for a reason."""
    if not isinstance(opened, dict) or opened.keys() != {"by", "on", "why"}:
        return False
    if not all(isinstance(value, str) and value.strip() for value in opened.values()):
        return False
    try:
        return bool(date.fromisoformat(opened["on"]))
    except ValueError:
        return False


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
