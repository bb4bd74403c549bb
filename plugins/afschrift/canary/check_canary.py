"""Lets the canary ask, by the steps of a real request up to the packed bundle and never beyond.

It asks in a register, with keys and in a staging place that are there for that alone, and are gone after it
(docs/adr/0045). So nothing that lists requests, counts days or writes letters can meet the canary, nothing
can deliver what was packed, and nothing signs it that anybody trusts.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, NoReturn

from afschrift.app.settings import Settings
from afschrift.bundle.container.seal import Ed25519Signer
from afschrift.canary.canary_file import Canary, load_canary
from afschrift.canary.count import count, read_bundle
from afschrift.canary.history import CanaryCheck, RightOutcome, record, record_search
from afschrift.canary.leaks import Needles, Said, as_bytes, heard, known_texts, places
from afschrift.canary.signed import require_signed
from afschrift.casework.columns import judged_files
from afschrift.casework.columns import question as columns
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.store_request import submit
from afschrift.domain.errors import GateError, NeedsPersonError, RefusedError
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
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate

RIGHTS = tuple(Right)
PREFIX = "afschrift-canary-"
_DAY = 24 * 3600
_EXCLUDED = (
    *(columns.UNCLASSIFIED, columns.MIXED, columns.BASIS_UNKNOWN, columns.SPECIAL_CONDITION_UNKNOWN),
    *(columns.SPECIAL_CONDITION_OTHER, columns.CONSENT_MISSING, columns.OTHERS_UNDECIDED),
)
_LEFT_OUT = (
    *(columns.UNLISTED_TABLES, columns.UNKNOWN_ORIGIN, columns.FOREIGN_ROWS, columns.RESIDUAL_ROWS),
    *judged_files.KINDS,
)
GIVES_LESS = {kind.name: "exclude" for kind in _EXCLUDED} | {kind.name: "leave_out" for kind in _LEFT_OUT}
"""Kind of question -> the answer that gives less. So a gap in the map shows as a value not found."""

_TURNS = 12
"""A run ends at the questions that it meets at once; so many times it goes on."""


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
            remedy="`afschrift canary plan` prints an example of one (docs/operator/canary.md).",
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
            outcomes = [_asked(alone, canary, right, signed.at, needles, said) for right in RIGHTS]
        database = alone.register.store.database
        leaks = {name: needles.in_(*found) for name, found in places(said, database, folder).items()}
    checked = CanaryCheck(canary.digest, services.inventory.digest, tuple(outcomes), leaks, len(needles))
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
) -> RightOutcome:
    packed = answer(alone, canary.file.keys, right, signed_at)
    said.handed_on += packed.handed_on
    bundle = None if packed.stopped else read_bundle(alone, packed.request)
    return count(canary, right, bundle, needles, packed.stopped, packed.asked)


@dataclass(frozen=True)
class Packed:
    """What a request of the canary came to.

    Attributes:
        request: its id in the register of the check.
        stopped: kind of the question that nobody but a person may answer; None: the bundle is packed.
        asked: kind of question -> how many were answered by leaving out.
        handed_on: what the steps returned, as tasks hand it on.
    """

    request: str
    stopped: str | None
    asked: Mapping[str, int] = field(default_factory=dict)
    handed_on: tuple[str, ...] = ()


def answer(services: Services, keys: Mapping[str, str], right: Right, signed_at: str) -> Packed:
    """Ask for the canary, and go through all steps up to `package`.

    Args:
        services: of a check, whose register knows nothing else and which deliver nowhere.
        keys: the canary's identity keys.
        right: that it asks on.
        signed_at: when its standing decision was signed, which is what its identity rests on.

    Raises:
        AfschriftError: as the steps.
    """
    now = services.now()
    content = {
        "message": "The daily question of the canary.",
        "channel": "canary",
        "received_at": now,
        "right": right,
        "keys": dict(keys),
        "authenticated": {"by": "standing decision", "level": "high", "at": signed_at},
        "language": services.inventory.controller.languages[0],
    }
    [request] = submit(services, Intake.model_validate(content), "system")
    asked: Counter[str] = Counter()
    handed_on: list[str] = []
    stopped: str | None = "too_many_questions"
    for _ in range(_TURNS):
        try:
            handed_on.extend(json.dumps(result) for result in _steps(services, request))
        except NeedsPersonError as met:
            if _left_out(services, request, asked):
                continue
            stopped = met.question or "unknown"
        else:
            stopped = None
        break
    return Packed(request, stopped, asked, tuple(handed_on))


def _steps(services: Services, request: str) -> Iterator[dict[str, Any]]:
    """What each step returns, as tasks hand it on."""
    assess(services, request)
    planned = classify(services, request)
    yield planned
    for source in planned["sources"]:
        yield extract(services, request, source)
    yield validate(services, request)
    yield package(services, request)


def _left_out(services: Services, request: str, asked: Counter[str]) -> bool:
    """Answer every open question by leaving out; False where one of them is of another kind."""
    register = services.register
    questions = [one for one in register.questions.all(request_id=request) if one.answered_at is None]
    if not questions or any(question.kind not in GIVES_LESS for question in questions):
        return False
    for question in questions:
        register.questions.answer(question.id, GIVES_LESS[question.kind], "system")
        asked[question.kind] += 1
    return True


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
            destination=_Nowhere,
            staging=partial(_staging, folder / "staging", register),
            run=None,
            clicked=lambda _reason, _step: UNKNOWN,
            inform_by_mail=lambda _request: None,
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

    def __init__(self, name: str) -> None:
        self.name = name

    def deliver(self, name: str, chunks: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise GateError("What was packed for the canary is delivered nowhere.")

    def reach(self) -> None:
        """It is always there."""
