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
from afschrift.casework.question_kinds import kind_named
from afschrift.domain.event import Header
from afschrift.domain.language import gettext, served_language
from afschrift.law.clock.clock import Clock
from afschrift.law.clock.facts import Timeline
from afschrift.law.dispute import holds
from afschrift.law.roles import Roles
from afschrift.questions.view import in_words
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
_LEFT_OUT = frozenset({"state_changed"})
"""What another event says too."""
_ID = re.compile(
    r" ?(?:\b[a-z]{1,5}-[0-9a-z]{12}(?:\.\d+)?\b|(?<!\w)#\d+|\b[0-9a-f]{12,64}\b)|(?<=\S) \(R\d+(?:, R\d+)*\)"
)
_EMPTY = re.compile(r" ?\(\s*[,;]?\s*\)|(?<=\()[,;] ?")


@dataclass(frozen=True)
class HistoryEntry:
    """An event, or several that are shown as one.

    Attributes:
        at: instant of the last of them.
        by: name of who acted; empty: the system.
        text: sentence in the language that is served; empty for looks and what is folded.
        first: instant of the first.
        looks: how often this person looked; 0: it is no look.
        due: last day for the answer that it led to; None: it did not move it.
        parts: steps of the system that are folded.
    """

    at: str
    by: str
    text: str
    first: str = ""
    looks: int = 0
    due: date | None = None
    parts: tuple[HistoryEntry, ...] = field(default=(), repr=False)


def history(events: Iterable[Recorded], first_due: date | None, roles: Roles) -> list[HistoryEntry]:
    """The events of a request, the newest first.

    Args:
        events: of the request, in order.
        first_due: last day by the receipt alone.
        roles: who has which account.
    """
    entries: list[HistoryEntry] = []
    for kind, group in groupby(_folds(events, first_due, roles), key=lambda found: found[0]):
        found = [entry for _, entry in group]
        if kind == SYSTEM:
            found = [HistoryEntry(found[-1].at, "", "", found[0].at, parts=tuple(reversed(found)))]
        elif found[0].looks:
            found = [replace(found[-1], first=found[0].at, looks=len(found))]
        entries += found
    return entries[::-1]


def _folds(events: Iterable[Recorded], due: date | None, roles: Roles) -> Iterator[tuple[str, HistoryEntry]]:
    """Each event with what it is folded with: looks of a person, steps of the system, or none."""
    known: date | None = None
    for header, payload in events:
        moved = due if header.type == "request_received" else _due(payload) or known
        moved, known = (moved, moved) if moved != known else (None, known)
        by = "" if header.actor == SYSTEM else shown_name(roles, header.actor)
        if header.type in LOOKS:
            yield f"look {by}", HistoryEntry(header.at, by, "", looks=1)
        elif header.type not in _LEFT_OUT:
            alone = by or header.type.startswith(_ALONE) or header.type in _OF_RUNS
            text = readable(header, payload, by if roles.person(header.actor).roles else "")
            yield (
                str(header.seq) if alone else SYSTEM,
                HistoryEntry(header.at, by, text, header.at, due=moved),
            )


def shown_name(roles: Roles, account: str) -> str:
    """The name of who has an account; of a program or channel its own."""
    person = roles.person(account)
    return person.name if person.roles else account.partition(":")[2] or account


def _due(payload: dict[str, Any] | None) -> date | None:
    """The last day that was stored with a fact that moved the clock."""
    clock = _fact(payload or {}).get("detail", {}).get("clock") or {}
    return date.fromisoformat(clock["due"]) if clock.get("due") else None


def _fact(payload: dict[str, Any]) -> dict[str, Any]:
    """The fact of an event; a letter names that of its decision by its id alone."""
    fact = payload.get("fact")
    return fact if isinstance(fact, dict) else {}


def readable(header: Header, payload: dict[str, Any] | None, who: str) -> str:
    """The sentence of an event without ids, digests and rules, which are in the trail."""
    given = {name: value for name, value in (payload or {}).items() if name not in ("rests_on", "seconds")}
    title = gettext(kind_named(str(given.get("kind"))).title)
    match header.type if given else "":
        case "request_received":
            return gettext("The request was entered.")
        case "question_asked":
            return gettext("A question was asked: {title}.", title=title)
        case "decision_taken":
            return gettext("Decided: {title}: {choice}.", title=title, choice=in_words(given["choice"]))
    if fact := _fact(given):  # what an id names is shown elsewhere on the page
        codes = {
            name: value for name, value in fact.get("detail", {}).items() if not _ID.fullmatch(str(value))
        }
        given["fact"] = {**fact, "detail": codes, "other": None}
    text = sentence(header, given if payload is not None else None, served_language(), who)
    return _EMPTY.sub("", _ID.sub("", text)).replace(" .", ".")


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
