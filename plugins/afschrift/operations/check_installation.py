"""What an installation has and what it lacks, before a request comes: files, extras, keys, register."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from afschrift.app.extras import require, require_for
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.app.task_places import place_lines, places_of
from afschrift.domain.errors import AfschriftError
from afschrift.domain.notation import count
from afschrift.inventory.model import Inventory
from afschrift.inventory.unconfirmed import progress, unconfirmed_tables
from afschrift.register.open import open_register
from afschrift.sources.options import PREFIX
from afschrift.sources.registry import SOURCES
from afschrift.wiring.build_services import load_inventory


@dataclass(frozen=True)
class InstallationCheck:
    """One thing that an installation needs.

    Attributes:
        done: it is there.
        says: what is there, or what to do; no secrets.
        note: nothing has to be done, and somebody should know.
    """

    done: bool
    says: str
    note: bool = False

    @property
    def mark(self) -> str:
        """What stands before the line."""
        return "note " if self.note else "ok   " if self.done else "to do"


def check_installation() -> Iterator[InstallationCheck]:
    """Look at this installation; opens its register and no source.

    Raises:
        ConfigurationError: nothing says where its home is, or a setting does not read.
    """
    settings = Settings.from_environment()
    yield from _witnessed(settings)
    yield InstallationCheck(True, f"The home is {settings.home}.")
    inventory: Inventory | None = None
    try:
        inventory = load_inventory(settings.inventory)
    except AfschriftError as error:
        yield InstallationCheck(False, f"The inventory in {settings.inventory}: {error}")
    else:
        yield from _inventory(inventory, settings)
    yield from _extras(inventory, settings)
    yield _try("Keys and register can be used.", lambda: open_register(settings))
    yield _try("The map of roles can be used.", lambda: load_roles(settings))


def _witnessed(settings: Settings) -> Iterator[InstallationCheck]:
    """What no witness would show, and what one shows as lost."""
    from afschrift.witnesses.heights import ask, doubts, lost  # heavy, as stores are

    try:
        register = open_register(settings)
        asked, kept = ask(settings, register, probe=True), register.evidence.kept() is not None
        missing = lost(settings, register)
    except AfschriftError:  # told further below
        return
    for line in doubts(asked, kept=kept):
        yield InstallationCheck(True, line, note=True)
    for line in missing:
        again = "Enter it again (docs/operator/keys.md)."
        yield InstallationCheck(False, f"Lost, as a witness shows: {line}. {again}")


def _inventory(inventory: Inventory, settings: Settings) -> Iterator[InstallationCheck]:
    tables = sum(len(source.tables) for source in inventory.sources.values())
    found = f"{count(len(inventory.sources), 'source')}, {count(tables, 'table')}"
    yield InstallationCheck(True, f"The inventory in {settings.inventory} is sound: {found}.")
    _, left = progress(inventory)
    if left:
        words = f"{count(len(left), 'column')} not classified: a request that meets one asks"
        yield InstallationCheck(False, f"{words} (`afschrift inventory check` lists them).")
    if waiting := unconfirmed_tables(inventory):
        words = (
            f"{count(len(waiting), 'table')} not confirmed to hold nothing of its own: every request stops"
        )
        yield InstallationCheck(False, f"{words} (`afschrift inventory check` lists them).")
    if inventory.controller.example:
        yield InstallationCheck(
            False,
            "controller.yml is an example: put in who is responsible, then take out `example: true` and "
            "AFSCHRIFT_DEMO.",
        )
    for name, source in inventory.sources.items():
        if source.connection:
            variable = PREFIX + source.connection.upper()
            yield InstallationCheck(
                True, f"Source {name} is reached by Airflow's connection {source.connection} (or {variable})."
            )
    for line in place_lines(places_of(inventory)):
        yield InstallationCheck(True, line)


def _extras(inventory: Inventory | None, settings: Settings) -> Iterator[InstallationCheck]:
    """The libraries of sources and places; one line where all are there."""
    wanted: list[Callable[[], None]] = [
        partial(require, extra, f"Source {name} of kind {source.kind}")
        for name, source in (inventory.sources if inventory else {}).items()
        if (extra := SOURCES[source.kind].extra)
    ]
    places = {"Staging (AFSCHRIFT_STAGING)": settings.staging}
    places |= {f"The destination '{name}'": url for name, url in settings.destinations.items()}
    places |= {f"The witness place '{name}'": url for name, url in settings.witnesses.items()}
    wanted += [partial(require_for, address, what) for what, address in places.items()]
    found = [_try("", ask) for ask in wanted]
    missing = [one for one in found if not one.done]
    yield from missing or [InstallationCheck(True, "The libraries of its sources and places are installed.")]


def _try(good: str, what: Callable[[], object]) -> InstallationCheck:
    try:
        what()
    except AfschriftError as error:
        return InstallationCheck(False, str(error))
    return InstallationCheck(True, good)
