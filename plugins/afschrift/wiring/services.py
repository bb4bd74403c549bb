"""Builds the services of an installation from its settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from upath import UPath

from afschrift import __version__
from afschrift.app.settings import Settings
from afschrift.bundle.container.signature import Ed25519Signer
from afschrift.bundle.contents import Contents
from afschrift.bundle.pack import pack
from afschrift.destinations.registry import open_destination
from afschrift.domain.extracted import FileEntry, SourceExtract
from afschrift.domain.files import Destination, FileStore, Staging
from afschrift.domain.plan import FieldPlan, Plan, Seal
from afschrift.domain.profile import Overview
from afschrift.domain.request import Request
from afschrift.domain.sources import Connect, Source
from afschrift.formats.check.validate import require_valid, validate
from afschrift.formats.registry import FORMATS
from afschrift.inventory.ages import age_of_consent
from afschrift.inventory.grounds import load_grounds
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory, without
from afschrift.register.database.instants import rfc3339, utc_now
from afschrift.register.keys.store import KeyStore
from afschrift.register.open import initialise as initialise
from afschrift.register.open import open_keys as open_keys
from afschrift.register.open import open_register as open_register
from afschrift.register.register import Register
from afschrift.register.schema import require_current
from afschrift.services import Limits, Sample, Services
from afschrift.sources.connections import from_environment
from afschrift.sources.file_store import UploadStore
from afschrift.sources.options import expand
from afschrift.sources.reached import Reached, ReachedStore
from afschrift.sources.registry import open_source
from afschrift.staging.encrypted import EncryptedStaging


def load_inventory(folder: Path | None = None) -> Inventory:
    """The inventory of the settings, or of a folder.

    Raises:
        InventoryError: lists every fault.
    """
    return load(folder or Settings.from_environment().inventory)


def build(
    log: Callable[[str], None], settings: Settings | None = None, *, connect: Connect = from_environment
) -> Services:
    """All services, ready for use. Opens no source and no destination.

    Args:
        log: says one line to whoever follows the run.
        settings: default: from the environment.
        connect: finds a source's connection by its id.

    Raises:
        ConfigurationError: inventory, keys or register cannot be used; says what to do.
    """
    pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own keeps a tenth more of what streams through
    settings = settings or Settings.from_environment()
    inventory = load(settings.inventory)
    keys = open_keys(settings)
    require_current(settings.register)
    register = Register(settings.register, keys)
    return Services(
        register=register,
        inventory=inventory,
        grounds=load_grounds(settings.include / "grounds"),
        open_source=partial(_source, inventory, connect),
        open_store=partial(_store, inventory, connect),
        formats=FORMATS,
        validate=_validate,
        pack=partial(_pack, settings, inventory, keys),
        destination=partial(_destination, settings),
        staging=partial(_staging, settings, register),
        sql=settings.include / "sql",
        now=lambda: rfc3339(utc_now()),
        package=__version__,
        log=log,
        limits=Limits(settings.batch_bytes, settings.part_bytes),
        patience=settings.sweep_lost,
        age_of_consent=age_of_consent(
            settings.include / "law" / "ages.yml", inventory.controller.country
        ).age,
    )


def _source(inventory: Inventory, connect: Connect, name: str, tag: str = "") -> Source:
    declared = inventory.sources[name]
    session = open_source(
        name, declared.kind, declared.options, connection=declared.connection, connect=connect, tag=tag
    )
    return Reached(session)


def _store(inventory: Inventory, connect: Connect, source: str, name: str) -> FileStore:
    declared = inventory.sources[source].stores[name]
    options = connect(declared.connection).extra if declared.connection else {}
    url = expand(source, declared.url)
    return ReachedStore(source, lambda: UploadStore(f"{source}.{name}", url, options))


def _destination(settings: Settings, name: str) -> Destination:
    return open_destination(name, settings.destination(name))


def _staging(settings: Settings, register: Register, request_id: str) -> Staging:
    return EncryptedStaging(
        UPath(settings.staging), request_id, register.data_keys.subkey(request_id, "staging")
    )


def _validate(
    entry: FileEntry,
    stream: BinaryIO,
    fields: Sequence[FieldPlan],
    rows: int,
    checksums: Mapping[str, str],
) -> None:
    require_valid(validate(entry, stream, fields, rows, checksums))


def _pack(
    settings: Settings,
    inventory: Inventory,
    keys: KeyStore,
    request: Request,
    plan: Plan,
    extracts: Sequence[SourceExtract],
    samples: Mapping[str, Sample],
    overviews: Mapping[str, Overview],
    seal: Seal,
    staging: Staging,
    hidden: Collection[str] = (),
) -> Iterator[bytes]:
    def open_payload(path: str) -> AbstractContextManager[BinaryIO]:
        return staging.reader(f"data/{path}")

    known = without(inventory, hidden)
    contents = Contents(plan, extracts, known, request, samples, seal, FORMATS, overviews=overviews)
    signer = Ed25519Signer(keys.signing_key().private.private_bytes_raw())
    return pack(contents, signer=signer, open_payload=open_payload, letters=settings.include / "letters")
