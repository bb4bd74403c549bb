"""What a sentence needs beside the members of its event's payload: sums and lists that no template makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from afschrift.audit.wording import Wording
from afschrift.domain.decision import Action
from afschrift.law.case_facts import CaseFactKind
from afschrift.law.clock.facts import FactKind

Payload = Mapping[str, Any]
Members = dict[str, Any]

_ACTIONS = (Action.INCLUDE, Action.MASK, Action.EXISTS_ONLY, Action.EXCLUDE, Action.ASK)
_BY_ORIGIN = ("access_", "portable_", "origin_")
"""What the code of a reason begins with where the origin is the reason."""
_DETAILS = (
    *("right", "state", "letter", "outcome", "ground", "reasons", "level", "due", "notifier", "question"),
    *("hold", "restriction", "agree", "matter"),
)
"""Members of a fact's detail that are codes, ids or days; the others may hold words of a person."""


def _plan_frozen(payload: Payload, words: Wording) -> Members:
    actions = []
    for action in _ACTIONS:
        columns = [column for column in payload.get("columns", ()) if column["action"] == action]
        reasons = [
            f"{words.number(column['columns'])} {words.code(_reason(column['reason']))} "
            f"({', '.join(column['rules'])})"
            for column in columns
        ]
        if columns:
            number = sum(column["columns"] for column in columns)
            actions.append({"is": action.value, "columns": number, "reasons": reasons})
    return {"actions": actions}


def _reason(code: str) -> str:
    return code.removeprefix(next((start for start in _BY_ORIGIN if code.startswith(start)), ""))


def _extracted(payload: Payload, _words: Wording) -> Members:
    active: Counter[str] = Counter()
    for name, number in payload.get("active", {}).items():
        active.update(number if isinstance(number, dict) else {name: number})
    return {
        "empty": sorted(name for name, rows in payload.get("tables", {}).items() if not rows),
        "active_kinds": sorted(active.items()),
        "unread": sorted(name for name, what in payload.get("people", {}).items() if isinstance(what, str)),
    }


def _validated(payload: Payload, _words: Wording) -> Members:
    return {"now": payload["files"] - payload.get("while_written", 0)}


def _staged_again(payload: Payload, words: Wording) -> Members:
    files = payload["files"].items()
    return {"made_again": [f"{words.count(n, kind)} {why}" for why, of in files for kind, n in of.items()]}


def _keys_changed(payload: Payload, words: Wording) -> Members:
    kinds = ("added", "changed", "removed")
    return {"corrected": {kind: words.listed(payload[kind]) for kind in kinds if payload[kind]}}


def _fact(payload: Payload, words: Wording) -> Members:
    fact = payload["fact"]
    detail = fact.get("detail", {})
    found = [words.phrase("fact_day", fact)] if fact.get("day") else []
    known = [name for name in _DETAILS if detail.get(name) is not None]
    found += [f"{words.code(name)} {words.code(detail[name])}" for name in known]
    return {"details": [*found, words.phrase("fact_other", fact)] if fact.get("other") else found}


def _deadlines_checked(payload: Payload, _words: Wording) -> Members:
    return {"numbers": sorted((name, value) for name, value in payload.items() if isinstance(value, int))}


def _canary_checked(payload: Payload, words: Wording) -> Members:
    rights = payload["rights"].items()
    found = [words.phrase("canary_right", {**outcome, "right": right}) for right, outcome in rights]
    return {"found": [*found, words.phrase("canary_search", leaks(payload))]}


def leaks(check: Payload) -> Members:
    """What the sentence about the search for leaks needs of a check."""
    found = check["leaks"]
    return {**check, "leaked": {place: number for place, number in found.items() if number}}


def _set_aside(payload: Payload, _words: Wording) -> Members:
    return {"aside": [f"#{seq}" for seq, _ in payload["events"]]}


MEMBERS: dict[str, Callable[[Payload, Wording], Members]] = {
    "plan_frozen": _plan_frozen,
    "extracted": _extracted,
    "validated": _validated,
    "staged_again": _staged_again,
    "keys_changed": _keys_changed,
    "deadlines_checked": _deadlines_checked,
    "canary_checked": _canary_checked,
    "set_aside": _set_aside,
    **{f"fact_{kind}": _fact for kind in FactKind},
    **{f"case_fact_{kind}": _fact for kind in CaseFactKind},
}
"""Type of event -> what makes them."""
