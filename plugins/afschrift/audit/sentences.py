"""What each type of event says, in one sentence or a few. Task logs, `audit show` and its check share it.

The words lie in `include/trail`, a file a language. Logs are in English and are held against these sentences
later: a new wording goes into the changelog, as older logs are checked with the release that wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import TemplateError

from afschrift.audit.event_members import MEMBERS
from afschrift.audit.wording import Wording, wording
from afschrift.domain.event import Header
from afschrift.law.roles import AIRFLOW, TERMINAL

ENGLISH = "en"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,40}", re.ASCII)
_CHANNEL = "channel:"
_DAGS = (
    *("check_canary", "check_deadlines", "check_inventory"),
    *("checkpoint_trail", "sweep", "tell_questions"),
)


def event_types() -> frozenset[str]:
    """Types of events that have a sentence."""
    return wording(ENGLISH).types


def sentence(header: Header, payload: Mapping[str, Any] | None, language: str = ENGLISH) -> str:
    """What an event says; `payload` as read from the trail, None where it was erased."""
    words = wording(language)
    if payload is None:
        return words.phrase("erased", {})
    who = _who(words, header, payload)
    if header.type in words.types:
        try:
            add = MEMBERS.get(header.type)
            more = add(payload, words) if add else {}
            return words.event(header.type, {**payload, **more, "who": who})
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, TemplateError):
            pass  # a payload of another release: the generic line below says what it has
    return words.phrase("unknown", {"who": who, "codes": _codes(payload)})


def _who(words: Wording, header: Header, payload: Mapping[str, Any]) -> str:
    """In which role something was done, else from where; an account names a person, so it is not said."""
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
