"""Whether an installation can do its work now, and whether what runs by itself ran lately.

Each look has its own few seconds beside the others, so a place that does not answer hides no other one. What
is told are names of the settings and words of our own errors; nothing of a request is read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from afschrift.app.settings import Settings
from afschrift.domain.errors import AfschriftError
from afschrift.domain.instants import utc_now
from afschrift.inventory.model import SourceFile
from afschrift.inventory.run_in import CANARY
from afschrift.register.open import open_keys, open_register
from afschrift.register.schema import revisions
from afschrift.staging.staged_requests import probe as probe_staging
from afschrift.staging.staged_requests import staging_root

SECONDS = 5.0
"""How long a look may take."""
CLOCKS = timedelta(minutes=1)
"""How far the clocks of this machine and of the register's database may lie apart."""
_HOURLY, _DAILY = timedelta(hours=3), timedelta(days=2)


class Health(StrEnum):
    """How a look ended."""

    OK = "ok"
    WARNING = "warning"  # the service works, and somebody should look
    FAILED = "failed"


@dataclass(frozen=True)
class Look:
    """One look.

    Attributes:
        name: what was looked at, for example `destination outbox`.
        says: what is so, or what is wrong and what to do.
        seconds: how long it took.
    """

    name: str
    health: Health
    says: str
    seconds: float

    def row(self) -> dict[str, Any]:
        """Plain values, for machines."""
        return asdict(self)


class _StaleError(Exception):
    """Something did not run lately; its text says what."""


Do = Callable[[], str]
"""Looks; what is so. An AfschriftError: it cannot work."""


def health(
    settings: Settings | None = None, *, probe: bool = False, sources: bool = False, seconds: float = SECONDS
) -> list[Look]:
    """Look at everything at once.

    Args:
        settings: default: from the environment.
        probe: only what this process itself needs: register, keys, staging, clock.
        sources: the inventory and every source too; each is opened, and nothing is read.
        seconds: how long each look may take.
    """
    settings = settings or Settings.from_environment()
    looks = [
        *(() if probe else [("trail", partial(_trail, settings))]),
        *_own(settings),
        *(() if probe else _others(settings)),
        *(_sources(settings) if sources else ()),
    ]
    found: dict[str, Look] = {}
    threads = [threading.Thread(target=_look, args=(*one, found), daemon=True) for one in looks]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    silent = f"did not answer within {seconds:g} s. What to do: see that it is reachable from here."
    return [found.get(name) or Look(name, Health.FAILED, silent, seconds) for name, _ in looks]


def _look(name: str, do: Do, found: dict[str, Look]) -> None:
    began = time.monotonic()
    try:
        how, says = Health.OK, do()
    except _StaleError as words:
        how, says = Health.WARNING, str(words)
    except AfschriftError as error:
        how, says = Health.FAILED, str(error)
    except Exception as error:  # its text may quote an address with a password
        how, says = Health.FAILED, f"an unexpected {type(error).__name__}; see docs/operator/operations.md."
    found[name] = Look(name, how, says, round(time.monotonic() - began, 3))


def _own(settings: Settings) -> Iterator[tuple[str, Do]]:
    yield "register", partial(_register, settings)
    yield "keys", partial(_keys, settings)
    yield "staging", partial(_staging, settings)
    yield "clock", partial(_clock, settings)


def _others(settings: Settings) -> Iterator[tuple[str, Do]]:
    for name in sorted(settings.destinations.keys() | settings.destination_options.keys()):
        yield f"destination {name}", partial(_destination, settings, name)
    for name in sorted(settings.witnesses):
        yield f"witness {name}", partial(_witness, settings, name)
    yield "sweep", partial(_ran, settings, "swept", "sweep", _HOURLY)
    yield "check_deadlines", partial(_ran, settings, "deadlines_checked", "check_deadlines", _HOURLY)
    if (settings.inventory / CANARY).is_file():
        yield "check_canary", partial(_ran, settings, "canary_checked", "check_canary", _DAILY)
    if settings.witnesses:
        yield "checkpoint_trail", partial(_ran, settings, "checkpoint_made", "checkpoint_trail", _DAILY)


def _sources(settings: Settings) -> Iterator[tuple[str, Do]]:
    from afschrift.wiring.build_services import load_inventory  # heavy, and so is every source

    try:
        inventory = load_inventory(settings.inventory)
    except AfschriftError as error:
        yield "inventory", partial(_fails, error)
        return
    yield "inventory", lambda: f"holds {len(inventory.sources)} sources."
    for name, declared in inventory.sources.items():
        yield f"source {name}", partial(_source, declared)


def _fails(error: AfschriftError) -> str:
    raise error


def _register(settings: Settings) -> str:
    open_register(settings).trail.head()
    return f"answers, with its tables at revision {revisions()[-1]}."


def _trail(settings: Settings) -> str:
    from afschrift.witnesses.heights import ask, doubts

    register = open_register(settings)
    asked, kept = ask(settings, register, probe=True), register.evidence.kept()
    known = [one for one in (asked.height, kept) if one]
    if any(register.evidence.lacking(one) for one in known):
        raise AfschriftError(
            f"The register lacks event {max(known).seq}, which its trail had come to: it was set back.",
            remedy="docs/trail.md says what to do; nothing is read or delivered meanwhile.",
        )
    if found := doubts(asked, kept=kept is not None):
        raise _StaleError(" ".join(found))
    return "is as far as its witness knows."


def _keys(settings: Settings) -> str:
    keys = open_keys(settings)
    keys.signing_key()
    keys.trail_key()
    return "can be read."


def _staging(settings: Settings) -> str:
    probe_staging(staging_root(settings))
    return "can be written."


def _clock(settings: Settings) -> str:
    theirs = open_register(settings).oversight.database_time()
    if theirs is None:
        return "is the one of the register's database too."
    apart = abs(utc_now() - theirs)
    if apart > CLOCKS:
        raise AfschriftError(
            f"The clocks of this machine and of the register's database lie {apart.total_seconds():.0f} s "
            "apart.",
            remedy="set both by NTP: days are counted by them.",
        )
    return f"lies {apart.total_seconds():.1f} s from that of the register's database."


def _destination(settings: Settings, name: str) -> str:
    from afschrift.destinations.registry import open_destination

    open_destination(name, settings.destination(name)).reach()
    return "can be reached."


def _witness(settings: Settings, name: str) -> str:
    from afschrift.witnesses.checkpoints import open_place
    from afschrift.witnesses.timestamp import TimeStamper

    place = open_place(settings, name)
    if isinstance(place, TimeStamper) or not place.readable:
        return "is configured; whether it takes a checkpoint shows when one is sent."
    next(iter(place.read()), None)
    return "can be reached."


def _ran(settings: Settings, event: str, dag: str, within: timedelta) -> str:
    last = open_register(settings).oversight.last(event)
    if last is None or utc_now() - last > within:
        when = f"ran last at {last:%Y-%m-%d %H:%M} UTC" if last else "never ran"
        raise _StaleError(f"{when}. What to do: see that the scheduler goes and the DAG {dag} is not paused.")
    return f"ran last at {last:%Y-%m-%d %H:%M} UTC."


def _source(declared: SourceFile) -> str:
    from afschrift.sources.registry import open_declared

    with open_declared(declared):
        return "can be opened."
