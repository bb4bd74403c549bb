"""Check whether an installation can work now, and whether its scheduled jobs ran lately.

The checks run in parallel, each with its own time limit, so a place that does not answer hides no other one.
They report names of settings and our own error texts; nothing of a request is read.
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
from afschrift.domain.files import ShowsBundles
from afschrift.domain.instants import utc_now
from afschrift.inventory.model import SourceFile
from afschrift.inventory.run_in import CANARY
from afschrift.register.open import open_keys, open_register
from afschrift.register.schema import revisions
from afschrift.staging.staged_requests import probe as probe_staging
from afschrift.staging.staged_requests import staging_root

SECONDS = 5.0
"""How long a check may take."""
CLOCKS = timedelta(minutes=1)
"""Largest difference between the clocks of this machine and of the register's database."""
_HOURLY, _DAILY = timedelta(hours=3), timedelta(days=2)


class Health(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"  # the service works, but an operator should look
    FAILED = "failed"


@dataclass(frozen=True)
class Look:
    """One check of the installation.

    Attributes:
        name: of the checked part, for example `destination outbox`.
        says: its state, or the fault and the remedy.
        seconds: how long the check took.
    """

    name: str
    health: Health
    says: str
    seconds: float

    def row(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


class _StaleError(Exception):
    """A scheduled job did not run lately; the text names it."""


Do = Callable[[], str]
"""Performs a check and returns the state in words; raises AfschriftError if the part cannot work."""


def health(
    settings: Settings | None = None, *, probe: bool = False, sources: bool = False, seconds: float = SECONDS
) -> list[Look]:
    """Run all checks in parallel.

    Args:
        settings: default: from the environment.
        probe: check only what this process itself needs: register, keys, staging, clock.
        sources: check the inventory and every source too; each is opened, and nothing is read.
        seconds: time limit of each check.
    """
    settings = settings or Settings.from_environment()
    looks = [
        *(() if probe else [("trail", partial(_trail, settings))]),
        *_own(settings),
        *(() if probe else _others(settings)),
        *(_sources(settings) if sources else ()),
    ]
    found: dict[str, Look] = {}
    threads = [threading.Thread(target=_look, args=(*look, found), daemon=True) for look in looks]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    silent = f"did not answer within {seconds:g} s. What to do: check that it is reachable from here."
    return [found.get(name) or Look(name, Health.FAILED, silent, seconds) for name, _ in looks]


def _look(name: str, do: Do, found: dict[str, Look]) -> None:
    began = time.monotonic()
    try:
        how, says = Health.OK, do()
    except _StaleError as stale:
        how, says = Health.WARNING, str(stale)
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
    from afschrift.wiring.build_services import load_inventory  # lazy: slow to import, as every source is

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
    known = [height for height in (asked.height, kept) if height]
    if any(register.evidence.lacking(height) for height in known):
        raise AfschriftError(
            f"The register lacks event {max(known).seq} of its trail: it was restored to an earlier state.",
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
        return "is also the clock of the register's database."
    apart = abs(utc_now() - theirs)
    if apart > CLOCKS:
        raise AfschriftError(
            "The clocks of this machine and of the register's database differ by "
            f"{apart.total_seconds():.0f} s.",
            remedy="set both by NTP: days are counted by them.",
        )
    return f"differs by {apart.total_seconds():.1f} s from that of the register's database."


def _destination(settings: Settings, name: str) -> str:
    from afschrift.destinations.registry import open_destination
    from afschrift.operations.portal_receipts import lies_there

    place = open_destination(name, settings.destination(name))
    place.reach()
    if isinstance(place, ShowsBundles):
        rows = open_register(settings).deliveries.remaining()
        here = [row.name for row in rows if row.destination == name and lies_there(row, utc_now())]
        if missing := place.missing(here):
            raise _StaleError(
                f"can be reached, and lacks {len(missing)} of the {len(here)} deliveries that the register "
                "knows there. What to do: revoke them, and give them again (docs/portal.md)."
            )
    protection = settings.options_of(name).protection()
    if opened := protection.left_open():
        raise _StaleError(f"can be reached. {opened}")
    return f"can be reached. {protection.one_channel()}".rstrip()


def _witness(settings: Settings, name: str) -> str:
    from afschrift.witnesses.checkpoints import open_place
    from afschrift.witnesses.timestamp import TimeStamper

    place = open_place(settings, name)
    if isinstance(place, TimeStamper) or not place.readable:
        return "is configured; whether it accepts a checkpoint shows when one is sent."
    next(iter(place.read()), None)
    return "can be reached."


def _ran(settings: Settings, event: str, dag: str, within: timedelta) -> str:
    last = open_register(settings).oversight.last(event)
    if last is None or utc_now() - last > within:
        when = f"ran last at {last:%Y-%m-%d %H:%M} UTC" if last else "never ran"
        raise _StaleError(
            f"{when}. What to do: check that the scheduler runs and the DAG {dag} is not paused."
        )
    return f"ran last at {last:%Y-%m-%d %H:%M} UTC."


def _source(declared: SourceFile) -> str:
    from afschrift.sources.registry import open_declared

    with open_declared(declared):
        return "can be opened."
