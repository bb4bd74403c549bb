"""Lets the canary ask, in a register, with keys and in a staging place that are there for that alone.

What is made for a check is gone after it: the keys were in memory only. So nothing that lists requests,
counts days or writes letters can meet the canary, nothing can deliver what was packed, and nothing signs it
that anybody trusts.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, NoReturn

from afschrift.app.settings import Settings
from afschrift.bundle.container.signature import Ed25519Signer
from afschrift.canary.canary_file import Canary, load_canary
from afschrift.canary.check_canary import Packed, answer
from afschrift.canary.count import Counted, count, outcome, read_bundle
from afschrift.canary.history import CanaryCheck, record, record_search
from afschrift.canary.leaks import Needles, Said, as_bytes, heard, known_texts, places
from afschrift.canary.signed import require_signed
from afschrift.domain.errors import GateError, RefusedError
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.right import Right
from afschrift.inventory.model import Inventory
from afschrift.inventory.run_in import CANARY
from afschrift.law.roles import Roles
from afschrift.register.keys import document
from afschrift.register.keys.storage import KeyDraft, ReadOnly
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.schema import upgrade
from afschrift.services import UNKNOWN, Services
from afschrift.staging.encrypted import EncryptedStaging

RIGHTS = tuple(Right)
PREFIX = "afschrift-canary-"
_DAY = 24 * 3600


def known_canary(settings: Settings, inventory: Inventory) -> Canary:
    """The canary of an installation.

    Raises:
        RefusedError: there is none.
        InventoryError: its file has faults.
    """
    canary = load_canary(settings.inventory, inventory.identity.keys)
    if canary is None:
        raise RefusedError(
            f"There is no {CANARY} beside the data map.",
            remedy="`afschrift canary plan` prints an example of one (docs/canary.md).",
        )
    return canary


def check_canary(services: Services, settings: Settings, by: str) -> CanaryCheck:
    """Let the canary ask on every right, count what it gets, and look for its values where none may stand.

    Args:
        services: of the installation.
        settings: of it.
        by: who lets it ask, for the trail.

    Returns:
        What the trail now tells as the event `canary_checked`.

    Raises:
        RefusedError: there is no canary.
        GateError: it is not signed as it is; nothing was read.
        AfschriftError: as the steps; nothing was counted then.
    """
    canary = known_canary(settings, services.inventory)
    register = services.register
    signed = require_signed(canary, register)
    needles = Needles(canary.file.values, known_texts(settings.inventory))
    said = Said()
    with apart(services) as (alone, folder):
        alone = replace(alone, log=said.also(services.log))
        with heard(said, alone.log):
            counts = [_asked(alone, canary, right, signed.at, needles, said) for right in RIGHTS]
        database = alone.register.store.database
        leaks = {name: needles.in_(*found) for name, found in places(said, database, folder).items()}
    rights = tuple(map(outcome, counts))
    checked = CanaryCheck(canary.digest, services.inventory.digest, rights, leaks, len(needles))
    leaks["trail"] = needles.in_(*as_bytes([json.dumps(checked.payload())]))
    record(register, checked, by)
    return replace(checked, at=rfc3339(utc_now()))


def search_logs(
    services: Services, settings: Settings, files: Collection[Path], others: Collection[str], by: str
) -> int:
    """Look for the canary's values in task logs and in what tasks handed on; how many were found.

    An event `canary_logs_searched` tells of it.

    Args:
        services: of the installation.
        settings: of it.
        files: logs.
        others: texts: XComs, rendered fields.
        by: who looks, for the trail.

    Raises:
        RefusedError: there is no canary.
        GateError: it is not signed as it is; no log was read.
    """
    canary = known_canary(settings, services.inventory)
    require_signed(canary, services.register)
    needles = Needles(canary.file.values, known_texts(settings.inventory))
    contents = [*(path.read_bytes() for path in files), *as_bytes(others)]
    found = needles.in_(*contents)
    record_search(services.register, len(files), found, by)
    return found


def _asked(
    alone: Services, canary: Canary, right: Right, signed_at: str, needles: Needles, said: Said
) -> Counted:
    packed: Packed = answer(alone, canary.file.keys, right, signed_at)
    said.handed_on += packed.handed_on
    bundle = None if packed.stopped else read_bundle(alone, packed.request)
    return count(canary, right, bundle, needles, packed.stopped, packed.asked)


@contextmanager
def apart(services: Services) -> Iterator[tuple[Services, Path]]:
    """Services that share sources and data map with those given, and nothing else; and their folder.

    Register, staging and keys are made for this, and destroyed at the end: the keys first, which were nowhere
    but in memory. Nothing is delivered by them: the step refuses, and so does every destination. Systems that
    people search are not asked about a person who does not exist.
    """
    _clear_left_behind()
    with TemporaryDirectory(prefix=PREFIX) as name:  # mode 0700
        folder = Path(name)
        address = f"sqlite:///{folder / 'register.db'}"
        upgrade(address)
        keys = _keys_in_memory()
        register = Register(address, keys)
        key = keys.signing_key().private.private_bytes_raw()
        alone = replace(
            services,
            register=register,
            inventory=services.inventory.model_copy(update={"manual": {}}),
            signer=lambda: Ed25519Signer(key),
            destination=partial(_Nowhere, register),
            staging=partial(_staging, folder / "staging", register),
            run=None,
            clicked=lambda _reason, _step: UNKNOWN,
            tell_by_mail=lambda _request: None,
            roles=Roles,
            delivers=False,
        )
        try:
            yield alone, folder
        finally:
            register.store.database.close()


def _clear_left_behind() -> None:
    """Remove what a check left that was killed a day ago or more: no key opens it since."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if folder.stat().st_uid == os.getuid() and time.time() - folder.stat().st_mtime > _DAY:
                shutil.rmtree(folder, ignore_errors=True)


def _keys_in_memory() -> KeyStore:
    fresh = document.encode(document.fresh(rfc3339(utc_now()))).decode()
    keys = KeyStore(KeyDraft(ReadOnly(lambda: fresh, "keys of a check of the canary")))
    keys.make_trail_key()
    return keys


def _staging(folder: Path, register: Register, request_id: str) -> EncryptedStaging:
    return EncryptedStaging(folder, request_id, register.data_keys.subkey(request_id, "staging"))


class _Nowhere:
    """Stands where a destination would, and takes nothing."""

    def __init__(self, register: Register, name: str) -> None:
        self._register = register
        self.name = name

    def deliver(self, name: str, chunks: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise GateError("What was packed for the canary is delivered nowhere.")

    def reach(self) -> None:
        """It is always there."""
