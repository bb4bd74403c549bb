"""Build the services of an installation from its settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from afschrift import __version__
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.app.task_places import places_of
from afschrift.bundle.container.seal import Ed25519Signer
from afschrift.casework.officer import Officer
from afschrift.destinations.registry import open_destination
from afschrift.domain.files import FileStore
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.sources import Connect
from afschrift.formats.registry import FORMATS
from afschrift.formats.trade import EXCHANGES
from afschrift.inventory.law_files import age_of_consent, load_grounds
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.register.open import current_register, open_keys
from afschrift.register.register import Register
from afschrift.services import Services, WriteLimits
from afschrift.sources.file_store import UploadStore
from afschrift.sources.options import expand, from_environment
from afschrift.sources.registry import SOURCES, open_declared
from afschrift.sources.session_pool import GuardedSource, GuardedStore
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_requests import staging_root


def load_inventory(folder: Path | None = None) -> Inventory:
    """Load the inventory of the settings, or of a folder.

    Raises:
        InventoryError: lists every fault.
        ConfigurationError: its sources are read in different places, and no place is named that reaches all.
    """
    inventory = load(folder or Settings.from_environment().inventory, SOURCES)
    places_of(inventory)
    return inventory


def build(
    log: Callable[[str], None], settings: Settings | None = None, *, connect: Connect = from_environment
) -> Services:
    """Build all services. Opens no source and no destination.

    Args:
        log: writes one line to the log of the run.
        settings: default: from the environment.
        connect: finds a source's connection by its id.

    Raises:
        ConfigurationError: inventory, keys or register cannot be used; names the remedy.
    """
    _use_memory_of_the_system()
    settings = settings or Settings.from_environment()
    inventory = load_inventory(settings.inventory)
    keys = open_keys(settings)
    register = current_register(settings, keys)
    return Services(
        register=register,
        inventory=inventory,
        grounds=load_grounds(settings.folder("grounds")),
        open_source=lambda name, tag="", versions=None: GuardedSource(
            open_declared(
                inventory.sources[name],
                connect=connect,
                tag=tag,
                batch_bytes=settings.batch_bytes,
                versions=versions,
            )
        ),
        open_store=partial(_store, inventory, connect),
        formats=FORMATS,
        exchanges=EXCHANGES,
        signer=lambda: Ed25519Signer(keys.signing_key().private.private_bytes_raw()),
        destination=lambda name: open_destination(name, settings.destination(name)),
        options_of=cache(settings.options_of),
        staging=lambda request: EncryptedStaging(
            staging_root(settings), request, register.data_keys.subkey(request, "staging")
        ),
        sql=settings.folder("sql"),
        letters=settings.folder("letters"),
        now=lambda: rfc3339(utc_now()),
        package=__version__,
        log=log,
        limits=WriteLimits(settings.batch_bytes, settings.part_bytes, settings.hashed_percent),
        search=settings.search,
        patience=settings.sweep_lost,
        age_of_consent=age_of_consent(settings.folder("law") / "ages.yml", inventory.controller.country).age,
        inform_by_mail=partial(_inform_by_mail, settings, register, log),
        roles=partial(load_roles, settings),
        witnessed=partial(_must_be_witnessed, settings, register, log),
    )


def _use_memory_of_the_system() -> None:
    """Let Arrow use the system's allocator: its own pool retains a tenth more memory while streaming.

    The environment variable serves a later import; a step without Arrow must not load it for this.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if arrow := sys.modules.get("pyarrow"):
        arrow.set_memory_pool(arrow.system_memory_pool())


def _must_be_witnessed(
    settings: Settings, register: Register, log: Callable[[str], None], first: bool
) -> None:
    if not settings.witnesses:
        return
    from afschrift.witnesses.heights import move_on, must_reach  # lazy: it imports a library of object stores

    asked = must_reach(settings, register)
    failed = move_on(settings, register, asked) if first else {}
    for name, why in sorted({**asked.away, **failed}.items()):
        log(f"The witness place '{name}' did not receive the current height of the trail: {why}")
    for name, files in asked.faults.items():
        for file in files:
            log(f"The witness place '{name}' holds {file}, which is no height of ours: it is ignored.")


def _inform_by_mail(
    settings: Settings, register: Register, log: Callable[[str], None], request_id: str
) -> str | None:
    if settings.mail is None:
        return None
    from afschrift.casework.informing.answer import inform_by_mail  # lazy: few steps send a letter

    installation = Officer(register, load_roles(settings), "system", settings=settings)
    return inform_by_mail(installation, request_id, log)


def _store(inventory: Inventory, connect: Connect, source: str, name: str) -> FileStore:
    declared = inventory.sources[source].stores[name]
    options = connect(declared.connection).extra if declared.connection else {}
    url = expand(source, declared.url)
    return GuardedStore(source, lambda: UploadStore(f"{source}.{name}", url, options))
