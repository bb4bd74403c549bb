"""What checks of the canary came to, as the trail keeps it: counts and names of tables, never a value.

A fault of the last check is reported once by the check of deadlines, for as long as it is the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from afschrift.audit.sentences import ENGLISH, leaks
from afschrift.audit.wording import wording
from afschrift.casework.notices.reminder import Message, Reminder, as_message
from afschrift.domain.event import NewEvent
from afschrift.domain.notation import count as counted
from afschrift.law.roles import Role
from afschrift.register.register import Register

CHECKED = "canary_checked"
SEARCHED = "canary_logs_searched"
TOLD = "canary_told"
_FOR = frozenset({Role.OFFICER.value, Role.DPO.value, Role.AUDITOR.value})
_COLUMNS = ("Since", "Found")
_WHAT = (
    "What an answer lacks here it may lack for everybody: see the data map and its joins, then `afschrift "
    "canary check` (docs/operator/canary.md)."
)


@dataclass(frozen=True)
class RightOutcome:
    """Of one right, as the event has it.

    Attributes:
        planted, found: values; recall is their quotient.
        rows, others: rows of the bundle, and those of them that nobody planted; precision is 1 less theirs.
        kept_back, given: values that should not leave, and in how many columns or files one was found.
        below: `source.table` -> found and planted, where these differ.
        others_in: `source.table` -> rows that nobody planted.
        stopped: kind of the question that the run ended at; nothing was counted then.
        asked: kind of question -> how many were answered by leaving out.
    """

    right: str
    planted: int
    found: int
    rows: int
    others: int
    kept_back: int
    given: int
    below: Mapping[str, Sequence[int]]
    others_in: Mapping[str, int]
    stopped: str | None
    asked: Mapping[str, int]

    @property
    def whole(self) -> bool:
        """Whether all was found, and nothing else."""
        return self.stopped is None and self.found == self.planted and not self.others and not self.given

    @property
    def words(self) -> str:
        """Of people who read a log or the auditor's evidence."""
        return wording(ENGLISH).phrase("canary_right", vars(self))


@dataclass(frozen=True)
class CanaryCheck:
    """One check.

    Attributes:
        rights: what came of each right.
        leaks: place -> values found there in clear.
        searched: how many values were looked for.
        at: when (RFC 3339, UTC); empty before it is recorded.
    """

    canary: str
    inventory: str
    rights: tuple[RightOutcome, ...]
    leaks: Mapping[str, int]
    searched: int
    at: str = ""

    @property
    def whole(self) -> bool:
        """Whether all was found, nothing else, and no value in clear anywhere."""
        return all(one.whole for one in self.rights) and not self.leaked

    @property
    def leaked(self) -> int:
        """Values found in clear, each place for itself."""
        return sum(self.leaks.values())

    @property
    def recall(self) -> float:
        """The share of planted values that was found, over all rights; 0 where nothing was packed."""
        planted = sum(one.planted for one in self.rights)
        return sum(one.found for one in self.rights) / planted if planted else 0.0

    @property
    def precision(self) -> float:
        """The share of the rows given that were planted; 0 where there are none."""
        rows = sum(one.rows for one in self.rights)
        return 1 - sum(one.others for one in self.rights) / rows if rows else 0.0

    @property
    def fault(self) -> str:
        """What is wrong, the same text for as long as the same is; empty: nothing is."""
        if self.whole:
            return ""
        return "; ".join([*(one.words for one in self.rights if not one.whole), *self.lines[-1:]])

    @property
    def lines(self) -> tuple[str, ...]:
        """What it came to, for people."""
        search = wording(ENGLISH).phrase("canary_search", leaks(vars(self)))
        return (*(one.words for one in self.rights), search)

    def payload(self) -> dict[str, Any]:
        """For the trail."""
        rights = {}
        for one in self.rights:
            below = {name: list(pair) for name, pair in one.below.items()}
            rights[one.right] = {**vars(one), "below": below}
            del rights[one.right]["right"]
        return {
            "canary": self.canary,
            "inventory": self.inventory,
            "rights": rights,
            "leaks": dict(self.leaks),
            "searched": self.searched,
            "whole": self.whole,
        }


def from_payload(payload: Mapping[str, Any], at: str = "") -> CanaryCheck:
    """A check as the trail has it."""
    rights = tuple(RightOutcome(right=right, **counts) for right, counts in payload["rights"].items())
    return CanaryCheck(
        payload["canary"], payload["inventory"], rights, payload["leaks"], payload["searched"], at
    )


def record(register: Register, checked: CanaryCheck, by: str) -> None:
    """Append a check to the trail: it concerns no request."""
    register.trail.record(None, NewEvent(CHECKED, by, checked.payload()))


def history(register: Register) -> tuple[CanaryCheck, ...]:
    """Every check that the trail tells of, the oldest first."""
    events = register.evidence.of_types(None, CHECKED)
    return tuple(from_payload(payload, header.at) for header, payload in events if payload is not None)


def record_search(register: Register, files: int, found: int, by: str) -> None:
    """Append that task logs, and what tasks handed on, were searched; `found`: values that stood there."""
    register.trail.record(None, NewEvent(SEARCHED, by, {"files": files, "found": found}))


def found_in_logs(register: Register) -> int:
    """How many values of a canary searches of task logs found, over all of them."""
    events = register.evidence.of_types(None, SEARCHED)
    return sum(payload["found"] for _, payload in events if payload is not None)


def evidence(register: Register) -> str:
    """The line of the auditor's evidence; empty: no canary was ever checked."""
    checks = history(register)
    if not checks:
        return ""
    last, below, logs = checks[-1], sum(not one.whole for one in checks), found_in_logs(register)
    when = last.at[:16].replace("T", " ")
    return (
        f"Canary: checked last at {when} UTC. {'. '.join(last.lines)}. Of {counted(len(checks), 'check')} "
        f"{below} found something missing or too much; {counted(logs, 'value')} found in task logs."
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
        told = register.evidence.of_types(None, TOLD)
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
