"""A request of the canary through the steps of a real one, up to the packed bundle and never beyond."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from afschrift.casework.columns import question as columns
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.store_request import submit
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.right import Right
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate

_EXCLUDED = (
    *(columns.UNCLASSIFIED, columns.MIXED, columns.BASIS_UNKNOWN, columns.SPECIAL_CONDITION_UNKNOWN),
    *(columns.SPECIAL_CONDITION_OTHER, columns.CONSENT_MISSING, columns.OTHERS_UNDECIDED),
)
_LEFT_OUT = (
    *(columns.UNLISTED_TABLES, columns.UNKNOWN_ORIGIN, columns.FOREIGN_ROWS, columns.RESIDUAL_ROWS),
    *(columns.FILE_MISSING, columns.ACTIVE_CONTENT),
)
GIVES_LESS = {kind.name: "exclude" for kind in _EXCLUDED} | {kind.name: "leave_out" for kind in _LEFT_OUT}
"""Kind of question -> the answer that gives less. So a gap in the map shows as a value not found."""

_TURNS = 12
"""A run ends at the questions that it meets at once; so many times it goes on."""


@dataclass(frozen=True)
class Packed:
    """What a request of the canary came to.

    Attributes:
        request: its id in the register of the check.
        stopped: kind of the question that nobody but a person may answer; None: the bundle is packed.
        asked: kind of question -> how many were answered by leaving out.
        handed_on: what the steps returned, as tasks hand it on.
    """

    right: Right
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
    for _ in range(_TURNS):
        try:
            _steps(services, request, handed_on)
        except NeedsPersonError as met:
            if not _left_out(services, request, asked):
                return Packed(right, request, met.question or "unknown", asked, tuple(handed_on))
        else:
            return Packed(right, request, None, asked, tuple(handed_on))
    return Packed(right, request, "too_many_questions", asked, tuple(handed_on))


def _steps(services: Services, request: str, handed_on: list[str]) -> None:
    assess(services, request)
    planned = _handed(handed_on, classify(services, request))
    for source in planned["sources"]:
        _handed(handed_on, extract(services, request, source))
    _handed(handed_on, validate(services, request))
    _handed(handed_on, package(services, request))


def _handed(handed_on: list[str], result: dict[str, Any]) -> dict[str, Any]:
    handed_on.append(json.dumps(result))
    return result


def _left_out(services: Services, request: str, asked: Counter[str]) -> bool:
    """Answer every open question by leaving out; False where one of them is of another kind."""
    register = services.register
    open_ = [one for one in register.questions.all(request_id=request) if one.answered_at is None]
    if not open_ or any(one.kind not in GIVES_LESS for one in open_):
        return False
    for one in open_:
        register.questions.answer(one.id, GIVES_LESS[one.kind], "system")
        asked[one.kind] += 1
    return True
