"""The daily check: requests of the canary run through the real steps up to the packed bundle, never further.

They run with their own register, keys and staging, which exist only during the check (docs/adr/0045). So
the canary appears in no list of requests, no deadline and no letter, its bundle cannot be delivered, and the
bundle's signature is by a key that no installation trusts.
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
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, NoReturn

from afschrift.app.settings import Settings
from afschrift.bundle.container.seal import Ed25519Signer
from afschrift.canary.canary_file import Canary, load_canary
from afschrift.canary.count import count, read_bundle
from afschrift.canary.history import CanaryCheck, RightOutcome, record, record_search
from afschrift.canary.leaks import CheckOutput, Needles, as_bytes, captured_logs, places, public_texts
from afschrift.canary.signature import require_signed
from afschrift.casework.columns import judged_files
from afschrift.casework.columns import question as columns
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.store_request import submit
from afschrift.domain.errors import GateError, NeedsPersonError, RefusedError
from afschrift.domain.files import Receipt
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
"""Kind of question -> the answer that gives less: then a gap in the map shows as a missing value."""

_TURNS = 12
"""Most runs of one check: a run stops at its open questions, and the next one continues after the answers."""


def require_canary(settings: Settings, inventory: Inventory) -> Canary:
    """Load the canary of an installation.

    Raises:
        RefusedError: there is none.
        InventoryError: its file has faults.
    """
    canary = load_canary(settings.inventory, inventory.identity.keys)
    if canary is None:
        raise RefusedError(
            f"There is no {CANARY} next to the data map.",
            remedy="`afschrift canary plan` prints an example of one (docs/operator/canary.md).",
        )
    return canary


def check_canary(services: Services, settings: Settings, by: str) -> CanaryCheck:
    """Answer a request of the canary for every right, count the bundles, and search for leaked values.

    Args:
        services: of the installation.
        settings: of it.
        by: the account that starts the check, for the trail.

    Returns:
        The check, as the event `canary_checked` records it.

    Raises:
        RefusedError: there is no canary.
        GateError: its signature does not hold; nothing was read.
        AfschriftError: as the steps; nothing was counted then.
    """
    canary = require_canary(settings, services.inventory)
    register = services.register
    signed = require_signed(canary, register)
    needles = Needles(canary.file.values, public_texts(settings.inventory))
    output = CheckOutput()
    with isolated(services) as (own, folder):
        own = replace(own, log=output.tee(services.log))
        with captured_logs(output, own.log):
            outcomes = [_outcome(own, canary, right, signed.at, needles, output) for right in RIGHTS]
        database = own.register.store.database
        leaks = {name: needles.in_(*found) for name, found in places(output, database, folder).items()}
    checked = CanaryCheck(canary.digest, services.inventory.digest, tuple(outcomes), leaks, len(needles))
    leaks["trail"] = needles.in_(*as_bytes([json.dumps(checked.payload())]))
    record(register, checked, by)
    return replace(checked, at=rfc3339(utc_now()))


def search_logs(
    services: Services, settings: Settings, files: Collection[Path], others: Collection[str], by: str
) -> int:
    """Search task logs and outputs of tasks for the canary's values; return how many were found.

    It is recorded as the event `canary_logs_searched`.

    Args:
        services: of the installation.
        settings: of it.
        files: logs.
        others: texts: XComs, rendered fields.
        by: the account that searches, for the trail.

    Raises:
        RefusedError: there is no canary.
        GateError: its signature does not hold; no log was read.
    """
    canary = require_canary(settings, services.inventory)
    require_signed(canary, services.register)
    needles = Needles(canary.file.values, public_texts(settings.inventory))
    contents = [*(path.read_bytes() for path in files), *as_bytes(others)]
    found = needles.in_(*contents)
    record_search(services.register, len(files), found, by)
    return found


def _outcome(
    own: Services, canary: Canary, right: Right, signed_at: str, needles: Needles, output: CheckOutput
) -> RightOutcome:
    packed = answer(own, canary.file.keys, right, signed_at)
    output.results += packed.results
    bundle = None if packed.stopped else read_bundle(own, packed.request)
    return count(canary, right, bundle, needles, packed.stopped, packed.asked)


@dataclass(frozen=True)
class Packed:
    """The outcome of a request of the canary.

    Attributes:
        request: its id in the register of the check.
        stopped: kind of the question that only a person may answer; None: the bundle is packed.
        asked: kind of question -> how many were answered by leaving data out.
        results: of the steps, as JSON.
    """

    request: str
    stopped: str | None
    asked: Mapping[str, int] = field(default_factory=dict)
    results: tuple[str, ...] = ()


def answer(services: Services, keys: Mapping[str, str], right: Right, signed_at: str) -> Packed:
    """Open a request of the canary, and run all steps up to `package`.

    Args:
        services: isolated ones, which deliver nowhere.
        keys: the canary's identity keys.
        right: of the request.
        signed_at: when its standing decision was signed, the evidence of its identity.

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
    results: list[str] = []
    stopped: str | None = "too_many_questions"
    for _ in range(_TURNS):
        try:
            results.extend(json.dumps(result) for result in _steps(services, request))
        except NeedsPersonError as question:
            if _answer_all(services, request, asked):
                continue
            stopped = question.question or "unknown"
        else:
            stopped = None
        break
    return Packed(request, stopped, asked, tuple(results))


def _steps(services: Services, request: str) -> Iterator[dict[str, Any]]:
    """Run the steps, and yield their results."""
    assess(services, request)
    planned = classify(services, request)
    yield planned
    for source in planned["sources"]:
        yield extract(services, request, source)
    yield validate(services, request)
    yield package(services, request)


def _answer_all(services: Services, request: str, asked: Counter[str]) -> bool:
    """Answer every open question by leaving data out; False if one of them is of another kind."""
    register = services.register
    questions = [row for row in register.questions.all(request_id=request) if row.answered_at is None]
    if not questions or any(question.kind not in GIVES_LESS for question in questions):
        return False
    for question in questions:
        register.questions.answer(question.id, GIVES_LESS[question.kind], "system")
        asked[question.kind] += 1
    return True


@contextmanager
def isolated(services: Services) -> Iterator[tuple[Services, Path]]:
    """Yield services that share only sources and data map with the given ones, and their folder.

    Register, staging and keys are made for the check and destroyed at its end; the keys exist only in memory.
    Nothing is delivered: the step refuses, and so does every destination. Manual sources are left out: no
    employee should search for a person who does not exist.
    """
    _clear_abandoned()
    with TemporaryDirectory(prefix=PREFIX) as name:  # mode 0700
        folder = Path(name)
        address = f"sqlite:///{folder / 'register.db'}"
        upgrade(address)
        keys = _keys_in_memory()
        register = Register(address, keys)
        key = keys.signing_key().private.private_bytes_raw()
        own = replace(
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
            yield own, folder
        finally:
            register.store.database.close()


def _clear_abandoned() -> None:
    """Remove folders of checks that were killed a day ago or more; without their keys they are unreadable."""
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
    """A destination that accepts nothing."""

    def __init__(self, name: str) -> None:
        self.name = name

    def deliver(self, name: str, chunks: Any) -> NoReturn:  # noqa: ARG002
        """Refuse."""
        raise GateError("The canary's bundle is delivered nowhere.")

    def find(self, name: str) -> Receipt | None:  # noqa: ARG002
        """Find nothing."""
        return None

    def remove(self, name: str) -> bool:  # noqa: ARG002
        """Find nothing."""
        return False

    def link(self, name: str, until: datetime) -> str | None:  # noqa: ARG002
        """Make none."""
        return None

    def address(self, name: str) -> str:
        """Of nothing."""
        return name

    def reach(self) -> None:
        """Succeed."""
