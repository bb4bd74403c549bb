"""What each type of event says, in one sentence or a few. Task logs, `audit show` and its check share it.

A log is held against these sentences later: whoever rewords one says so in the changelog, as older logs are
then checked with the release that wrote them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from afschrift.audit import case_events, fact_events, installation_events, step_events
from afschrift.audit.phrases import codes, who
from afschrift.domain.event import Header

Sentence = str | Callable[[Mapping[str, Any]], str]
"""A text with names of the payload's members in braces, or what makes it from the payload."""

SENTENCES: dict[str, Sentence] = {
    **step_events.SENTENCES,
    **case_events.SENTENCES,
    **fact_events.SENTENCES,
    **installation_events.SENTENCES,
}
"""Type of event -> its sentence; `{who}` is the role, or where it came from."""

ERASED = "What it said was erased."


class _Said(dict[str, Any]):
    """A payload of another release may lack a member."""

    def __missing__(self, _name: str) -> str:
        return "-"


def sentence(header: Header, payload: Mapping[str, Any] | None) -> str:
    """What an event says; `payload` as read from the trail, None where it was erased."""
    if payload is None:
        return ERASED
    made = SENTENCES.get(header.type)
    said = _Said({**payload, "who": who(header, payload)})
    try:
        if made is not None:
            return made.format_map(said) if isinstance(made, str) else made(said)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        pass  # a payload of another release: the generic line below tells what it has
    return f"Recorded by {said['who']}: {codes(payload) or 'no more is said'}."
