"""Facts of a request and of a case: what moves the clock, what was told, and what holds something back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from afschrift.audit.phrases import listed, spoken
from afschrift.law.case_facts import CaseFactKind
from afschrift.law.clock.facts import FactKind

Payload = Mapping[str, Any]

_WORDS: dict[FactKind | CaseFactKind, str] = {
    FactKind.SUSPENDED: "The period stops",
    FactKind.REPLY_INSUFFICIENT: "A reply came and was not enough",
    FactKind.RESUMED: "The period goes on",
    FactKind.EXTENDED: "The period is extended",
    FactKind.LETTER_SENT: "The letter about an earlier fact was sent",
    FactKind.LETTER_BOUNCED: "The letter about an earlier fact came back",
    FactKind.RECEIPT_PROPOSED: "A later receipt waits for a second signature",
    FactKind.RECEIPT_CORRECTED: "The receipt was corrected",
    FactKind.RECEIPT_REJECTED: "A later receipt was turned down",
    FactKind.DECIDED: "A decision has to be told to the person",
    FactKind.ANSWER_READY: "The answer is ready",
    FactKind.HANDED_OVER: "The person got the answer, as somebody says",
    FactKind.PARTLY_DELIVERED: "A part of the answer was delivered",
    FactKind.OVERRULED: "Another decision or answer took the place of an earlier one",
    FactKind.WITHDRAWN: "The person withdrew the request",
    FactKind.MERGED: "The request was merged into another one",
    FactKind.ABSORBED: "Another request was merged into this one",
    FactKind.LINKED: "The request was linked to an earlier one",
    FactKind.NOTICE_RAISED: "The last day is near or over",
    FactKind.NOTICE_TOLD: "A notice of the last day was given",
    FactKind.QUESTION_ASSIGNED: "A question was assigned to somebody",
    FactKind.QUESTION_TOLD: "A notice of an open question was given",
    FactKind.RIGHT_UNCLEAR: "The message does not say which right it exercises",
    FactKind.RIGHT_READ: "An officer read which right the message exercises",
    FactKind.NOT_RECEIVED: "The message counts as not received",
    FactKind.OVERDUE_ACKNOWLEDGED: "Somebody said why the last day is missed",
    FactKind.HELD: "Under hold: nothing of it is destroyed",
    FactKind.RELEASED: "A hold is over",
    FactKind.COMPLAINED: "A complaint came",
    FactKind.COMPLAINT_ENDED: "A complaint ended",
    FactKind.RESTRICTION_REVIEWED: "A restriction was looked at again",
    FactKind.RESTRICTION_SIGNED: "A second signer spoke on a restriction",
    CaseFactKind.MATTER_RECORDED: "The message asks for something that another desk fulfils",
    CaseFactKind.HANDED_OVER: "What another desk fulfils was handed over",
    CaseFactKind.MATTER_TOLD: "A notice of what another desk fulfils was given",
    CaseFactKind.FORWARDED: "The message was passed on inside the organisation",
}

_TOLD = ("right", "state", "letter", "outcome", "ground", "reasons", "level", "due", "notifier", "question")
_TOLD_TOO = ("hold", "restriction", "agree", "matter")
"""Members of a fact's detail that are codes, ids or days; the others may hold words of somebody."""


def _fact(kind: FactKind | CaseFactKind) -> Callable[[Payload], str]:
    def said(payload: Payload) -> str:
        fact = payload["fact"]
        detail = fact.get("detail", {})
        told = [f"{spoken(n)} {_code(detail[n])}" for n in (*_TOLD, *_TOLD_TOO) if detail.get(n) is not None]
        if fact.get("day"):
            told.insert(0, f"on {fact['day']}")
        if fact.get("other"):
            told.append(f"request {fact['other']}")
        return f"{_WORDS[kind]}{': ' if told else ''}{', '.join(told)}, recorded by {payload['who']}."

    return said


def _code(value: object) -> str:
    return listed(map(spoken, value)) if isinstance(value, list) else spoken(value)


SENTENCES: dict[str, str | Callable[[Payload], str]] = {
    **{f"fact_{kind}": _fact(kind) for kind in FactKind},
    **{f"case_fact_{kind}": _fact(kind) for kind in CaseFactKind},
}
