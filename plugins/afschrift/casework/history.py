"""The history of a request in sentences: looks and steps of the system are folded, days to come added."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from typing import Any

from afschrift.audit.sentences import sentence
from afschrift.casework.decision.in_force import Restriction
from afschrift.domain.event import Header
from afschrift.domain.language import gettext, served_language
from afschrift.law.clock.clock import Clock
from afschrift.law.clock.facts import Timeline
from afschrift.law.dispute import holds
from afschrift.register.trail.trail import Recorded

LOOKS = frozenset(
    {
        "request_viewed",
        "case_viewed",
        "question_viewed",
        "bundle_viewed",
        "case_document_read",
        "identity_read",
    }
)
SYSTEM = "system"
_ALONE = ("fact_", "case_fact_", "letter_")
_OF_RUNS = frozenset({"question_asked", "bundle_delivered", "data_key_destroyed", "request_received"})
"""What the system records and a reader looks for; its other events are folded."""
_ID = re.compile(
    r" ?\b(?:[a-z]{1,5}-[0-9a-z]{12}(?:\.\d+)?|#\d+|[0-9a-f]{12,64})\b|(?<=\S) \(R\d+(?:, R\d+)*\)"
)
_LEFT = re.compile(r" ?\(\s*[,;]?\s*\)|(?<=\()[,;] ?")


@dataclass(frozen=True)
class Entry:
    """An event, or several that are shown as one.

    Attributes:
        at: instant of the last of them.
        by: account; empty: the system.
        text: sentence in the language that is served; of looks empty.
        first: instant of the first.
        looks: how often this account looked; 0: it is no look.
        due: last day for the answer that it led to; None: it did not move it.
        parts: what is folded.
    """

    at: str
    by: str
    text: str
    first: str = ""
    looks: int = 0
    due: date | None = None
    parts: tuple[Entry, ...] = field(default=(), repr=False)


def history(events: Iterable[Recorded], first_due: date | None) -> list[Entry]:
    """The events of a request, the newest first.

    Args:
        events: of the request, in order.
        first_due: last day by the receipt alone.
    """
    entries: list[Entry] = []
    for kind, group in groupby(_dated(events, first_due), key=lambda found: found[0]):
        found = [entry for _, entry in group]
        if kind.startswith("look ") or (kind == SYSTEM and len(found) > 1):
            last = found[-1]
            looks = len(found) if kind != SYSTEM else 0
            parts = tuple(reversed(found)) if kind == SYSTEM else ()
            found = [
                replace(last, text="" if looks else last.text, first=found[0].at, looks=looks, parts=parts)
            ]
        entries += found
    return entries[::-1]


def _dated(events: Iterable[Recorded], due: date | None) -> Iterator[tuple[str, Entry]]:
    """Each event with what it is folded with: looks of an account, steps of the system, or none."""
    known: date | None = None
    for number, (header, payload) in enumerate(events):
        moved = due if header.type == "request_received" else _due(payload) or known
        moved, known = (moved, moved) if moved != known else (None, known)
        alone = header.type.startswith(_ALONE) or header.type in _OF_RUNS
        by = "" if header.actor == SYSTEM else header.actor
        if header.type in LOOKS:
            yield f"look {by}", Entry(header.at, by, "", looks=1)
        else:
            kind = SYSTEM if not by and not alone else str(number)
            yield kind, Entry(header.at, by, readable(header, payload), header.at, due=moved)


def _due(payload: dict[str, Any] | None) -> date | None:
    """The last day that was stored with a fact that moved the clock."""
    clock = ((payload or {}).get("fact") or {}).get("detail", {}).get("clock") or {}
    return date.fromisoformat(clock["due"]) if clock.get("due") else None


def readable(header: Header, payload: dict[str, Any] | None) -> str:
    """The sentence of an event without ids, digests and rules, which are in the trail."""
    return _LEFT.sub("", _ID.sub("", sentence(header, payload, served_language()))).replace(" .", ".")


def coming(
    timeline: Timeline, clock: Clock, restrictions: Sequence[Restriction], today: date
) -> list[tuple[date, str]]:
    """The days that a request waits for from today on, the last one first."""
    found: list[tuple[date | None, str]] = [
        (clock.due, gettext("Last day for the answer")),
        (clock.target, gettext("The answer is to be ready")),
        (clock.notice_due, gettext("Last day for the letter of an extension, refusal or fee")),
        (clock.reply_by, gettext("Last day for the person's reply")),
    ]
    if clock.closed_on is not None:
        found = []
    found += [(hold.review_on, gettext("Look at a hold again")) for hold in holds(timeline)]
    found += [(r.review_on, gettext("Look at a restriction again")) for r in restrictions if not r.lifted]
    return sorted(((day, text) for day, text in found if day and day >= today), reverse=True)
