"""One case on paper: what happened, in words, with a signature that shows that the file is as it was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace

from afschrift.casework.clock import ClockService
from afschrift.casework.columns import search_ledger
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import kind_named
from afschrift.casework.request_history import history, shown_name
from afschrift.domain.event import NewEvent, canonical
from afschrift.domain.instants import rfc3339
from afschrift.domain.language import gettext, in_served
from afschrift.law.clock.clock import clock as clock_of
from afschrift.law.clock.facts import Timeline
from afschrift.law.roles import Act
from afschrift.questions.view import in_words
from afschrift.register.records import DecisionRow
from afschrift.register.trail.signed import TrustedKeys, sign
from afschrift.register.trail.trail import Recorded
from afschrift.report.printing import printed

FORMAT = "afschrift-case/1"


def case_sheet(officer: Officer, request_id: str) -> tuple[bytes, bytes]:
    """A case as a page to print, and its signature as JSON. The look is an event.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they may not read its history.
        ForgedError: its rows do not follow from the trail, so nothing is signed.
    """
    register, role = officer.register, officer.roles.require(officer.by, Act.TIMELINE)
    register.requests.get(request_id)
    register.evidence.must_follow(request_id)
    register.trail.record(request_id, NewEvent("request_viewed", officer.by, {"role": role.value}))
    with register.read_snapshot():
        timeline, clocks = register.facts.timeline(request_id), ClockService(officer, officer.jurisdiction)
        clock, events = clocks.clock(timeline), register.trail.events(request_id)
        seq, head = register.trail.head()
        html = printed(
            "case_print",
            request=register.requests.get(request_id),
            received=timeline.received.isoformat(),
            channel=register.cases.get(timeline.case).channel,
            clock=clock,
            decisions=[_decision(officer, row) for row in register.decisions.of(request_id)],
            letters=register.letters.all(request_id=request_id),
            ledger=search_ledger.of_events(events),
            history=_history(officer, timeline, events),
        ).encode()
    key = register.store.keys.signing_key()
    statement = {
        "format": FORMAT,
        "request": request_id,
        "sha256": hashlib.sha256(html).hexdigest(),
        "at": rfc3339(officer.now),
        "register": register.evidence.id(),
        "seq": seq,
        "head": head,
        "key_id": key.id,
    }
    return html, canonical({"statement": statement, "signature": sign(statement, key)})


def fault_of(officer: Officer, request_id: str, html: bytes, signature: bytes) -> str:
    """Code of what is wrong with a printed case; empty: it is as this installation made it.

    Raises:
        ValueError, KeyError, TypeError: the signature has another form.
    """
    signed, keys = json.loads(signature), officer.register.store.keys
    statement = signed["statement"]
    if statement["request"] != request_id:
        return "other_request"
    if statement["sha256"] != hashlib.sha256(html).hexdigest():
        return "altered"
    return TrustedKeys(keys.public_keys(), keys.revoked()).fault(
        statement, signed["signature"], statement["at"]
    )


def _decision(officer: Officer, row: DecisionRow) -> dict[str, str]:
    ground = officer.grounds.grounds.get(str(row.detail.get("ground", "")))
    return {
        "what": gettext(kind_named(row.kind).title),
        "choice": in_words(row.choice),
        "ground": in_served(ground.title if ground else None),
        "by": shown_name(officer.roles, row.by),
        "at": row.at,
    }


def _history(officer: Officer, timeline: Timeline, events: Iterable[Recorded]) -> list[dict[str, str]]:
    """Each event in a sentence, the oldest first; looks are counted together."""
    first = clock_of(replace(timeline, facts=()), officer.jurisdiction, timeline.local(timeline.entered_at))
    entries = reversed(history(events, first.due, officer.roles))
    flat = (part for entry in entries for part in (reversed(entry.parts) if entry.parts else (entry,)))
    looked = gettext("looked at it")
    return [{"at": e.at, "by": "" if e.by in e.text else e.by, "text": e.text or looked} for e in flat]
