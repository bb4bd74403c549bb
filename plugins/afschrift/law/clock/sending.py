"""That a letter really left, as a person says it; and what every fact of a person is held against."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.state import State
from afschrift.law.clock.facts import WITH_LETTER, FactKind, FactRow, NewFact, Timeline

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,40}")
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,99}")


@dataclass(frozen=True)
class Sending:
    """That a letter really left: the local date, how, and a reference of the proof."""

    on: date
    channel: str
    proof: str

    def check(self, timeline: Timeline, today: date) -> None:
        """Turn down what cannot be.

        Raises:
            RefusedError: in the future, before the receipt, or no codes.
        """
        must_lie_within(self.on, timeline, today, "A letter")
        code(self.channel, "The channel")
        proof(self.proof)

    def fact(self, about: str | None = None, to: State | None = None) -> NewFact:
        """The fact that tells of it; `to`: the state that the request takes by it."""
        return NewFact(
            FactKind.LETTER_SENT, self.on, about=about, channel=self.channel, proof=self.proof, to=to
        )


def record_sending(timeline: Timeline, today: date, about: str | None, sending: Sending) -> list[NewFact]:
    """The letter of a fact was sent, as a person says it. Recorded on closed requests too: it is evidence.

    Args:
        timeline: of the request.
        today: local date.
        about: id of the fact; None: the one whose letter is not sent.
        sending: when, how, and the proof.

    Raises:
        TooLateError: it was sent already.
        RefusedError: no such fact, or several; the day cannot be.
    """
    sending.check(timeline, today)
    with_letter = timeline.of(*WITH_LETTER)
    unsent = [f for f in with_letter if f.sent_on is None]
    if about is None and len(unsent) != 1:
        listing = ", ".join(f"{f.id} ({f.kind})" for f in unsent)
        raise RefusedError(
            f"{len(unsent) or 'No'} letters of this request are not sent{': ' if listing else ''}{listing}.",
            remedy="name the fact with --fact; `afschrift request show` lists them.",
        )
    found = next((f for f in with_letter if f.id == about), None) if about else unsent[0]
    if found is None:
        raise RefusedError(
            "No fact of this request with a letter bears this id.", remedy="see `afschrift request show`."
        )
    if found.sent_on is not None:
        raise TooLateError(
            f"The letter of {found.id} was sent on {found.sent_on} already.",
            remedy="nothing; where it came back, the outbox records that first.",
        )
    if found.kind is FactKind.ANSWER_READY:
        _must_be_ready(timeline, found, sending.on)
    if found.kind is FactKind.SUSPENDED:
        must_not_overlap(timeline, sending.on, but=found)
    return [sending.fact(found.id, to=timeline.closed_by(found))]


def record_notification(timeline: Timeline, today: date, sending: Sending) -> list[NewFact]:
    """The person was told of the answer that is ready, or got it handed over, as somebody says it.

    Parts of which nobody was told are handed over with it (R44).

    Args:
        timeline: of the request.
        today: local date.
        sending: when, how, and the proof.

    Raises:
        TooLateError: the request is closed.
        RefusedError: no answer is ready, or the day cannot be.
    """
    must_be_open(timeline)
    sending.check(timeline, today)
    if not timeline.to_inform:
        raise RefusedError(
            f"No answer of request {timeline.request} is ready: it is {timeline.state}.",
            remedy=f"run it further: `afschrift run {timeline.request}`.",
        )
    *before, last = timeline.to_inform
    for ready in timeline.to_inform:
        _must_be_ready(timeline, ready, sending.on)
    nothing = last.detail.get("state") in (State.NOTHING_HELD, State.NOTHING_PORTABLE)
    kind = FactKind.LETTER_SENT if nothing else FactKind.HANDED_OVER
    end = State.DELIVERED if before else timeline.closed_by(last)
    facts = [sending.fact(ready.id) for ready in before] + [sending.fact(last.id, to=end)]
    return [replace(fact, kind=kind) for fact in facts]


def _must_be_ready(timeline: Timeline, ready: FactRow, day: date) -> None:
    """Nobody can be told of an answer before it is there; an earlier day would hide that it is late (R37)."""
    since = timeline.local(ready.at)
    if day < since:
        raise RefusedError(
            f"The answer has been ready since {since}, so nobody was told of it on {day} (R37).",
            remedy=f"give the day on which it happened, from {since} on.",
        )


def code(text: str, what: str) -> None:
    """Turn down anything that is no code: free text must not reach the trail.

    Raises:
        RefusedError: it is none.
    """
    if not _CODE.fullmatch(text):
        raise RefusedError(
            f"{what} is no code.", remedy="write small letters without spaces: post, email, portal."
        )


def proof(text: str) -> None:
    """Turn down a proof that is no reference: free text must not reach the trail.

    Raises:
        RefusedError: it is none.
    """
    if not REFERENCE.fullmatch(text):
        raise RefusedError(
            "The proof is no reference.",
            remedy="write a number or id without spaces and @, such as 3SABC123; words and documents go "
            "into the case file: `afschrift case add`.",
        )


def must_be_open(timeline: Timeline) -> None:
    """Turn down what changes the clock of a closed request.

    Raises:
        TooLateError: it is closed.
    """
    if not timeline.state.open:
        raise TooLateError(
            f"Request {timeline.request} is {timeline.state}: it is closed, and its clock stands.",
            remedy="open a new request, or note it in the case file: `afschrift case add`.",
        )


def must_lie_within(day: date, timeline: Timeline, today: date, what: str) -> None:
    """Turn down a day before the receipt or after today.

    Raises:
        RefusedError: it is one; `what` says of what.
    """
    if not timeline.received <= day <= today:
        when = "in the future" if day > today else f"before the receipt of {timeline.received}"
        raise RefusedError(
            f"{what} of {day} lies {when} (R02).",
            remedy=f"give a day from {timeline.received} to {today}; a wrong receipt is corrected with "
            "`afschrift request correct`.",
        )


def must_not_overlap(timeline: Timeline, day: date, but: FactRow | None = None) -> None:
    """Turn down a question that was sent while the clock stood still for another one than `but`.

    Raises:
        RefusedError: it was.
    """
    for asked in timeline.of(FactKind.SUSPENDED):
        for ended in timeline.about(asked, FactKind.RESUMED):
            inside = asked.sent_on is not None and ended.day is not None and asked.sent_on <= day < ended.day
            if inside and (but is None or asked.id != but.id):
                raise RefusedError(
                    f"On {day} the clock stood still already, for the question of {asked.sent_on}: "
                    "suspensions must not overlap (R42).",
                    remedy=f"it was answered on {ended.day}; a later question counts from then.",
                )
