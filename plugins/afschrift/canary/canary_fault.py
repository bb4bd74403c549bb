"""That the canary was not given all of what was planted, or more: told once, by the check of deadlines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile

from afschrift.canary.history import history
from afschrift.casework.notices.message import Message, as_message
from afschrift.casework.notices.reminder import Reminder
from afschrift.domain.event import NewEvent
from afschrift.law.roles import Role
from afschrift.register.register import Register

TOLD = "canary_told"
_FOR = frozenset({Role.OFFICER.value, Role.DPO.value, Role.AUDITOR.value})
_COLUMNS = ("Since", "Found")
_WHAT = (
    "What an answer lacks here it may lack for everybody: see the data map and its joins, then `afschrift "
    "canary check` (docs/canary.md)."
)


@dataclass(frozen=True)
class CanaryFault:
    """What the last checks found wrong, all the same; `since` is the first of them."""

    since: str
    words: str


def canary_faults(register: Register) -> list[CanaryFault]:
    """What the last check found wrong; none where it found nothing wrong."""
    checks = history(register)
    if not checks or not (words := checks[-1].fault):
        return []
    same = list(takewhile(lambda one: one.fault == words, reversed(checks)))
    return [CanaryFault(same[-1].at, words)]


def canary_reminder(register: Register, by: str) -> Reminder[CanaryFault]:
    """Reminds officers, the dpo, auditors and notifiers for everybody, once while it is the same."""

    def due(roles: Collection[str]) -> list[CanaryFault]:
        return canary_faults(register) if not roles or _FOR & set(roles) else []

    def has_had(one: CanaryFault, notifier: str) -> bool:
        told = register.trail.of_types(None, TOLD)
        return any(payload == _detail(one, notifier) for _, payload in told)

    def note(taken: Sequence[CanaryFault], notifier: str) -> None:
        register.trail.record(None, *(NewEvent(TOLD, by, _detail(one, notifier)) for one in taken))

    return Reminder(due, has_had, _message, note)


def _detail(one: CanaryFault, notifier: str) -> dict[str, str]:
    return {"since": one.since, "notifier": notifier}


def _message(due: Sequence[CanaryFault]) -> Message:
    cells = [(one.since, one.words) for one in due]
    lines = [f"Since {one.since[:16]} UTC: {one.words}." for one in due]
    return as_message("Afschrift: the canary is not answered as it should be", _COLUMNS, cells, lines, _WHAT)
