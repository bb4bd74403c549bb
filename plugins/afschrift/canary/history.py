"""The results of the canary's checks in the trail: counts and names of tables, never a value.

The check of deadlines reports a fault of the last check once, for as long as it is the same.
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
NOTIFIED = "canary_told"
_FOR = frozenset({Role.OFFICER.value, Role.DPO.value, Role.AUDITOR.value})
_COLUMNS = ("Since", "Found")
_WHAT = (
    "What is missing here may be missing for every person: check the data map and its joins, then run "
    "`afschrift canary check` (docs/operator/canary.md)."
)


@dataclass(frozen=True)
class RightOutcome:
    """The outcome for one right; its fields are those of the event.

    Attributes:
        planted, found: numbers of values; recall is found / planted.
        rows, others: rows of the bundle, and those among them that are not planted; precision is
            1 - others / rows.
        kept_back, given: values that must not leave, and the number of columns or files with one.
        below: `source.table` -> found and planted, where they differ.
        others_in: `source.table` -> rows that are not planted.
        stopped: kind of the question at which the run ended; nothing was counted then.
        asked: kind of question -> how many were answered by leaving data out.
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
        """Whether all values were found, and nothing else."""
        return self.stopped is None and self.found == self.planted and not self.others and not self.given

    @property
    def words(self) -> str:
        """A sentence for logs and the auditor's evidence."""
        return wording(ENGLISH).phrase("canary_right", vars(self))


@dataclass(frozen=True)
class CanaryCheck:
    """One check.

    Attributes:
        rights: the outcome for each right.
        leaks: place -> number of values found there in clear.
        searched: number of values that were searched for.
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
        """Whether all values were found, nothing else, and none in clear anywhere."""
        return all(outcome.whole for outcome in self.rights) and not self.leaked

    @property
    def leaked(self) -> int:
        """Number of values found in clear, summed over places."""
        return sum(self.leaks.values())

    @property
    def recall(self) -> float:
        """Share of planted values that were found, over all rights; 0 if nothing was packed."""
        planted = sum(outcome.planted for outcome in self.rights)
        return sum(outcome.found for outcome in self.rights) / planted if planted else 0.0

    @property
    def precision(self) -> float:
        """Share of planted rows among those given; 0 if there are none."""
        rows = sum(outcome.rows for outcome in self.rights)
        return 1 - sum(outcome.others for outcome in self.rights) / rows if rows else 0.0

    @property
    def fault(self) -> str:
        """The fault in words, the same text for the same fault; empty: none."""
        if self.whole:
            return ""
        faults = (outcome.words for outcome in self.rights if not outcome.whole)
        return "; ".join([*faults, *self.lines[-1:]])

    @property
    def lines(self) -> tuple[str, ...]:
        """The result in words."""
        search = wording(ENGLISH).phrase("canary_search", leaks(vars(self)))
        return (*(outcome.words for outcome in self.rights), search)

    def payload(self) -> dict[str, Any]:
        """Return the payload of the event."""
        rights = {}
        for outcome in self.rights:
            below = {name: list(pair) for name, pair in outcome.below.items()}
            rights[outcome.right] = {**vars(outcome), "below": below}
            del rights[outcome.right]["right"]
        return {
            "canary": self.canary,
            "inventory": self.inventory,
            "rights": rights,
            "leaks": dict(self.leaks),
            "searched": self.searched,
            "whole": self.whole,
        }


def from_payload(payload: Mapping[str, Any], at: str = "") -> CanaryCheck:
    """Return a check from the payload of its event."""
    rights = tuple(RightOutcome(right=right, **counts) for right, counts in payload["rights"].items())
    return CanaryCheck(
        payload["canary"], payload["inventory"], rights, payload["leaks"], payload["searched"], at
    )


def record(register: Register, checked: CanaryCheck, by: str) -> None:
    """Record a check in the trail; the event belongs to no request."""
    register.trail.record(None, NewEvent(CHECKED, by, checked.payload()))


def history(register: Register) -> tuple[CanaryCheck, ...]:
    """Return every check in the trail, the oldest first."""
    events = register.evidence.of_types(None, CHECKED)
    return tuple(from_payload(payload, header.at) for header, payload in events if payload is not None)


def record_search(register: Register, files: int, found: int, by: str) -> None:
    """Record a search of task logs and outputs of tasks; `found`: number of values in them."""
    register.trail.record(None, NewEvent(SEARCHED, by, {"files": files, "found": found}))


def found_in_logs(register: Register) -> int:
    """Return how many values of a canary were found in task logs, over all searches."""
    events = register.evidence.of_types(None, SEARCHED)
    return sum(payload["found"] for _, payload in events if payload is not None)


def evidence(register: Register) -> str:
    """Return the line of the auditor's evidence; empty: no canary was ever checked."""
    checks = history(register)
    if not checks:
        return ""
    last, below, logs = checks[-1], sum(not check.whole for check in checks), found_in_logs(register)
    when = last.at[:16].replace("T", " ")
    return (
        f"Canary: checked last at {when} UTC. {'. '.join(last.lines)}. Of {counted(len(checks), 'check')} "
        f"{below} found something missing or too much; {counted(logs, 'value')} found in task logs."
    )


@dataclass(frozen=True)
class CanaryFault:
    """A fault that the last checks found; `since`: the first of the checks with it."""

    since: str
    words: str


def canary_faults(register: Register) -> list[CanaryFault]:
    """Return the fault of the last check, if any."""
    checks = history(register)
    if not checks or not (fault := checks[-1].fault):
        return []
    same = list(takewhile(lambda check: check.fault == fault, reversed(checks)))
    return [CanaryFault(same[-1].at, fault)]


def canary_reminder(register: Register, by: str) -> Reminder[CanaryFault]:
    """Return the reminder for officers, the dpo, auditors and notifiers of all roles; once for each fault."""

    def due(roles: Collection[str]) -> list[CanaryFault]:
        return canary_faults(register) if not roles or _FOR & set(roles) else []

    def was_notified(fault: CanaryFault, notifier: str) -> bool:
        events = register.evidence.of_types(None, NOTIFIED)
        return any(payload == _detail(fault, notifier) for _, payload in events)

    def note(sent: Sequence[CanaryFault], notifier: str) -> None:
        register.trail.record(None, *(NewEvent(NOTIFIED, by, _detail(fault, notifier)) for fault in sent))

    return Reminder(due, was_notified, _message, note)


def _detail(fault: CanaryFault, notifier: str) -> dict[str, str]:
    return {"since": fault.since, "notifier": notifier}


def _message(due: Sequence[CanaryFault]) -> Message:
    cells = [(fault.since, fault.words) for fault in due]
    lines = [f"Since {fault.since[:16]} UTC: {fault.words}." for fault in due]
    return as_message("Afschrift: the canary is not answered as it should be", _COLUMNS, cells, lines, _WHAT)
