"""The sentence of each type of event, and its line: `trail #14 plan_frozen: 31 tables ... [6d1f0c2a9b3e]`.

Task logs, `audit show` and its check share the sentences. Their texts are in `include/trail`, a file for each
language. Logs are in English and are compared with these sentences later: a new wording goes into the
changelog, since older logs are checked with the release that wrote them. The number of a line finds the event
in the trail; the last part is the beginning of its header's digest, which binds the line to that event of
that register: a trail that was rewritten has other lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from afschrift.audit.wording import Wording, wording
from afschrift.domain.decision import Action
from afschrift.domain.event import Header
from afschrift.law.case_facts import CaseFactKind
from afschrift.law.clock.facts import FactKind
from afschrift.law.roles import AIRFLOW, TERMINAL

Payload = Mapping[str, Any]
Members = dict[str, Any]

_ACTIONS = (Action.INCLUDE, Action.MASK, Action.EXISTS_ONLY, Action.EXCLUDE, Action.ASK)
_BY_ORIGIN = ("access_", "portable_", "origin_")
"""Prefixes of codes of reasons in which the origin is the reason."""
_DETAILS = (
    *("right", "state", "letter", "outcome", "ground", "reasons", "level", "due", "notifier", "question"),
    *("hold", "restriction", "agree", "matter"),
)
"""Members of a fact's detail that are codes, ids or days; others may hold a person's words."""


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
    """Members for the sentence about the search for leaks."""
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
"""Event type -> function that computes further members for its template."""


ENGLISH = "en"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,40}", re.ASCII)
_CHANNEL = "channel:"
_DAGS = (
    *("check_canary", "check_deadlines", "check_inventory"),
    *("checkpoint_trail", "sweep", "tell_questions"),
)


def sentence(
    header: Header, payload: Mapping[str, Any] | None, language: str = ENGLISH, who: str = ""
) -> str:
    """The sentence of an event; `payload`: None: it was erased; `who`: name of who acted, for pages alone."""
    words = wording(language)
    if payload is None:
        return words.phrase("erased", {})
    who = who or _who(words, header, payload)
    if header.type in words.types:
        try:
            add = MEMBERS.get(header.type)
            more = add(payload, words) if add else {}
            return words.event(header.type, {**payload, **more, "who": who})
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, TemplateError):
            pass  # a payload of another release: the generic line below says what it has
    return words.phrase("unknown", {"who": who, "codes": _codes(payload)})


def _who(words: Wording, header: Header, payload: Mapping[str, Any]) -> str:
    """The role that acted, else where the act came from; the account names a person, so it is left out."""
    held = payload.get("held")
    role = held.get("role") if isinstance(held, dict) else payload.get("role")
    if role:
        return words.role(role)
    if header.actor.startswith(_CHANNEL):
        return words.origin("channel", header.actor.removeprefix(_CHANNEL))
    if header.actor.startswith(TERMINAL):
        return words.origin("terminal")
    if header.actor.startswith(AIRFLOW):
        name = header.actor.removeprefix(AIRFLOW)
        return words.origin("dag" if name in _DAGS else "airflow", name)
    return words.origin("system" if header.actor == "system" else "other")


def _codes(payload: Mapping[str, Any]) -> str:
    """Codes and counts of a payload that has no sentence; nothing that may be a text."""
    found = []
    for name, value in sorted(payload.items()):
        if isinstance(value, bool | int) or (isinstance(value, str) and _CODE.fullmatch(value)):
            found.append(f"{name}={value}")
        elif isinstance(value, list | dict):
            found.append(f"{name}: {len(value)}")
    return ", ".join(found)


START = "trail #"
_MARK = 12
_FORM = re.compile(rf"{START}(\d{{1,18}}) ([a-z_]{{1,80}}): (.+?) \[([0-9a-f]{{{_MARK}}})\]", re.ASCII)


@dataclass(frozen=True)
class LogLine:
    """A parsed line: number and type of the event, the sentence, and the mark of its header."""

    seq: int
    type: str
    text: str
    mark: str


def line(header: Header, payload: Mapping[str, Any] | None) -> str:
    """The line of an event; `payload`: None where it was erased."""
    return f"{START}{header.seq} {header.type}: {sentence(header, payload)} [{mark(header)}]"


def mark(header: Header) -> str:
    """The beginning of a header's digest."""
    return header.digest()[:_MARK]


def parse(text: str) -> LogLine | None:
    """Parse a text that begins with a line; a log may add more after it. None: it does not have the form."""
    found = _FORM.match(text)
    return None if found is None else LogLine(int(found[1]), found[2], found[3], found[4])
