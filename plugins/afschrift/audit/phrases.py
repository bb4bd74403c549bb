"""Parts of sentences about events: who, how many, how long. No name of anybody, and no value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from afschrift.domain.event import Header
from afschrift.domain.language import count
from afschrift.law.roles import AIRFLOW, TERMINAL, Role

_CODE = re.compile(r"[a-z][a-z0-9_]{0,40}", re.ASCII)
_CHANNEL = "channel:"
_DAGS = (
    *("check_canary", "check_deadlines", "check_inventory"),
    *("checkpoint_trail", "sweep", "tell_questions"),
)


def role_name(role: object) -> str:
    """A role as the glossary calls it: `keeper` is the source owner."""
    found = Role.SOURCE_OWNER.name if role == Role.SOURCE_OWNER.value else str(role)
    return found.lower().replace("_", " ")


def who(header: Header, payload: Mapping[str, Any]) -> str:
    """In which role something was done, else from where; an account names a person, so it is not said."""
    held = payload.get("held")
    role = held.get("role") if isinstance(held, dict) else payload.get("role")
    if role:
        return role_name(role)
    if header.actor.startswith(_CHANNEL):
        return f"channel {header.actor.removeprefix(_CHANNEL)}"
    if header.actor.startswith(TERMINAL):
        return "somebody at the terminal"
    if header.actor.startswith(AIRFLOW):
        name = header.actor.removeprefix(AIRFLOW)
        return f"the DAG {name}" if name in _DAGS else "an account of Airflow"
    return "the system" if header.actor == "system" else "somebody"


def listed(names: Iterable[object], most: int = 12) -> str:
    """`a, b and c`; with many, the first ones and how many more."""
    found = [str(name) for name in names]
    if len(found) > most:
        return f"{', '.join(found[:most])} and {len(found) - most} more"
    return " and ".join(filter(None, [", ".join(found[:-1]), *found[-1:]]))


def lasting(payload: Mapping[str, Any]) -> str:
    """` It took 3.2 s.`; empty where nobody measured it."""
    seconds = payload.get("seconds")
    return "" if seconds is None else f" It took {float(seconds):.1f} s."


def resting(payload: Mapping[str, Any]) -> str:
    """` The gate let it pass on identity (#3, channel portal) and plan (#14).`, with their events."""
    rests = payload.get("rests_on")
    if not isinstance(rests, dict) or not rests:
        return ""
    said = [
        f"{name} (#{one['event']}{', ' + role_name(one['by']) if one.get('by') else ''})"
        for name, one in rests.items()
    ]
    return f" The gate let it pass on {listed(said)}."


def size(number: object) -> str:
    """`625,295 bytes`."""
    return count(int(str(number)), "byte")


def short(digest: object) -> str:
    """The first twelve digits: enough to find it by."""
    return str(digest)[:12]


def spoken(code: object) -> str:
    """A code without its underscores."""
    return str(code).replace("_", " ")


def codes(payload: Mapping[str, Any]) -> str:
    """Codes and counts of a payload that nobody wrote a sentence for; nothing that may be a text."""
    found = []
    for name, value in sorted(payload.items()):
        if isinstance(value, bool | int) or (isinstance(value, str) and _CODE.fullmatch(value)):
            found.append(f"{name}={value}")
        elif isinstance(value, list | dict):
            found.append(f"{name}: {len(value)}")
    return ", ".join(found)
