"""Check an installation before its first request: files, extras, keys, register."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from afschrift.app.extras import require, require_for
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.app.task_places import place_lines, places_of
from afschrift.casework.delivery.read_out import SMS, gateway
from afschrift.datamap.check.documents import court_gaps
from afschrift.domain.errors import AfschriftError
from afschrift.domain.notation import count
from afschrift.formats.trade import EXCHANGES
from afschrift.inventory.model import Inventory
from afschrift.inventory.unconfirmed import progress, unconfirmed_tables
from afschrift.register.open import open_register
from afschrift.sources.options import PREFIX
from afschrift.sources.read_session import missing
from afschrift.sources.registry import SOURCES, open_declared
from afschrift.wiring.build_services import load_inventory


@dataclass(frozen=True)
class InstallationCheck:
    """The result of one check.

    Attributes:
        done: nothing is left to do.
        says: what was found, or what to do; no secrets.
        note: for information only.
    """

    done: bool
    says: str
    note: bool = False

    @property
    def mark(self) -> str:
        """The start of the line."""
        return "note " if self.note else "ok   " if self.done else "to do"


def check_installation() -> Iterator[InstallationCheck]:
    """Check this installation; opens its register and no source.

    Raises:
        ConfigurationError: no setting names its home, or a setting is invalid.
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
    yield from _abilities(inventory)
    for name in settings.destination_names:
        yield from _protection(settings, name)
    yield _try("Keys and register can be used.", lambda: open_register(settings))
    yield _try("The map of roles can be used.", lambda: load_roles(settings))


def _witnessed(settings: Settings) -> Iterator[InstallationCheck]:
    """Yield what the witnesses cannot prove, and what they show as lost."""
    from afschrift.witnesses.heights import ask, doubts, lost  # lazy: it imports a library of object stores

    try:
        register = open_register(settings)
        asked, kept = ask(settings, register, probe=True), register.evidence.kept() is not None
        missing = lost(settings, register)
    except AfschriftError:  # the check of keys and register reports it
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
        text = f"{count(len(left), 'column')} not classified: a request that reads one stops at a question"
        yield InstallationCheck(False, f"{text} (`afschrift inventory check` lists them).")
    if waiting := unconfirmed_tables(inventory):
        text = (
            f"{count(len(waiting), 'table')} asked about, or not confirmed as a copy or not personal: every "
            "request stops"
        )
        yield InstallationCheck(False, f"{text} (`afschrift inventory check` lists them).")
    if inventory.controller.example:
        yield InstallationCheck(
            False,
            "controller.yml is an example: enter your organisation, then remove `example: true` and "
            "AFSCHRIFT_DEMO.",
        )
    for gap, _ in court_gaps(settings.inventory, settings.folder("law")):
        yield InstallationCheck(False, f"{gap.sentence}: {gap.remedy}.")
    for name, source in inventory.sources.items():
        if source.connection:
            variable = PREFIX + source.connection.upper()
            yield InstallationCheck(
                True, f"Source {name} is reached by Airflow's connection {source.connection} (or {variable})."
            )
    for line in place_lines(places_of(inventory)):
        yield InstallationCheck(True, line)


def _extras(inventory: Inventory | None, settings: Settings) -> Iterator[InstallationCheck]:
    """Check the libraries of sources and places; one line if all are installed."""
    wanted: list[Callable[[], None]] = [
        partial(require, extra, f"Source {name} of kind {source.kind}")
        for name, source in (inventory.sources if inventory else {}).items()
        if (extra := SOURCES[source.kind].extra)
    ]
    wanted += [
        partial(require, extra, f"`export` as {export.format} of {path}")
        for path, table in (inventory.tables() if inventory else ())
        for export in table.export
        if (extra := EXCHANGES[export.format].extra)
    ]
    places = {"Staging (AFSCHRIFT_STAGING)": settings.staging}
    places |= {f"The destination '{name}'": url for name, url in settings.destinations.items()}
    places |= {f"The witness place '{name}'": url for name, url in settings.witnesses.items()}
    wanted += [partial(require_for, address, what) for what, address in places.items()]
    found = [_try("", ask) for ask in wanted]
    missing = [result for result in found if not result.done]
    yield from missing or [InstallationCheck(True, "The libraries of its sources and places are installed.")]


def _abilities(inventory: Inventory | None) -> Iterator[InstallationCheck]:
    """Say what the kind of a source does without."""
    for name, source in (inventory.sources if inventory else {}).items():
        with suppress(AfschriftError, ImportError):
            if lacks := missing(open_declared(source)):
                words = f"Source {name}, as of kind {source.kind}: {'; '.join(lacks)}."
                yield InstallationCheck(True, words, note=True)


def _protection(settings: Settings, name: str) -> Iterator[InstallationCheck]:
    """Name a destination whose bundles are open by decision, or whose protection cannot be read."""
    try:
        options = settings.options_of(name)
        options.of_its_kind()
        protection = options.protection()
        if note := protection.left_open() or protection.one_channel():
            yield InstallationCheck(True, f"The destination '{name}': {note}", note=True)
        if protection.secret_by == SMS:
            gateway(settings)
    except AfschriftError as error:
        yield InstallationCheck(False, str(error))


def _try(good: str, what: Callable[[], object]) -> InstallationCheck:
    try:
        what()
    except AfschriftError as error:
        return InstallationCheck(False, str(error))
    return InstallationCheck(True, good)
