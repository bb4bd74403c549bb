"""A case in chronological order: message, letters, texts, documents, decisions, holds, complaints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from afschrift.law.clock.facts import FactKind, FactRow
from afschrift.law.letter import LetterRow
from afschrift.register.cases import CaseText
from afschrift.register.records import DecisionRow
from afschrift.register.register import Register

_NOTICES = (FactKind.NOTICE_RAISED, FactKind.NOTICE_SENT, FactKind.QUESTION_NOTIFIED)
"""Automatic notices: they are in the trail, and left out of the story of a case."""


@dataclass(frozen=True)
class StoryEntry:
    """An entry of the story.

    Attributes:
        at: RFC 3339 instant in UTC, or a local date where only the day is known.
        by: account.
        what: in a few words and codes.
        request: that it belongs to; None: to the case as a whole.
        text: what was written, or the document; None: there is nothing to read.
    """

    at: str
    by: str
    what: str
    request: str | None = None
    text: CaseText | None = field(default=None, repr=False)

    def document(self) -> dict[str, str | None]:
        """As JSON, without what was written."""
        text = self.text.id if self.text else None
        return {"at": self.at, "by": self.by, "what": self.what, "request": self.request, "text": text}


def story(register: Register, owner: str, texts: Sequence[CaseText]) -> list[StoryEntry]:
    """What happened in a case, the oldest first.

    Args:
        register: the register.
        owner: a case: all of it; a request: what belongs to it or to the case as a whole.
        texts: as `case_texts` gave them, which recorded the look in the trail.
    """
    case = register.cases.get(owner)
    requests = case.requests if owner == case.id else (owner,)
    named = {text.id: text.kind for text in texts}
    entries: list[StoryEntry] = []
    for request in requests:
        for decision in register.decisions.of(request):
            _name(named, decision.text, entries, _decision(decision, request))
        for fact in register.facts.timeline(request).facts:
            if fact.kind not in _NOTICES:
                entries.append(_fact(fact))
                if fact.text in named:
                    named[fact.text] = f"note (why: {fact.kind})"
        for letter in register.letters.all(request_id=request):
            named[letter.document] = f"letter {letter.id} {letter.kind} ({letter.language}) made"
            entries += _letter(letter)
    entries += [StoryEntry(text.at, text.by, named[text.id], text.request, text) for text in texts]
    return sorted(entries, key=lambda entry: entry.at)


def _name(named: dict[str, str], text: str | None, entries: list[StoryEntry], entry: StoryEntry) -> None:
    """Give a decision's text the decision's title; a decision without a text gets an entry of its own."""
    if text in named and text is not None:
        named[text] = entry.what
    else:
        entries.append(entry)


def _decision(row: DecisionRow, request: str) -> StoryEntry:
    return StoryEntry(row.at, row.by, f"decision {row.kind}: {row.choice}{_codes(row.detail)}", request)


def _fact(fact: FactRow) -> StoryEntry:
    day = f" on {fact.day}" if fact.day else ""
    proof = f" ({fact.proof})" if fact.proof else ""
    other = f" {fact.other}" if fact.other else ""
    codes = {name: value for name, value in fact.detail.items() if name != "clock"}
    return StoryEntry(fact.at, fact.by, f"fact {fact.kind}{other}{day}{proof}{_codes(codes)}", fact.request)


def _letter(letter: LetterRow) -> Iterator[StoryEntry]:
    name = f"letter {letter.id} {letter.kind}"
    if letter.sent_on:
        at = letter.sent_at or letter.sent_on
        yield StoryEntry(
            at, letter.sent_by or "", f"{name} sent on {letter.sent_on} by {letter.channel}", letter.request
        )
    if letter.bounced_on:
        yield StoryEntry(
            letter.bounced_on, "", f"{name} came back on {letter.bounced_on}: {letter.bounce}", letter.request
        )


def _codes(detail: dict[str, object] | object) -> str:
    return f" {json.dumps(detail, ensure_ascii=False)}" if detail else ""
