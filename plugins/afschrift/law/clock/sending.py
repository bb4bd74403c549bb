"""Facts that a letter was sent, as a user states; and checks of days, codes and references in all facts."""

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
    """A user's statement that a letter was sent: local date, channel, and a reference of the proof."""

    on: date
    channel: str
    proof: str

    def check(self, timeline: Timeline, today: date) -> None:
        """Check day and codes.

        Raises:
            RefusedError: the day is in the future or before the receipt, or a text is no code.
        """
        must_lie_within(self.on, timeline, today, "A letter")
        code(self.channel, "The channel")
        proof(self.proof)

    def fact(self, about: str | None = None, to: State | None = None) -> NewFact:
        """The fact that records it; `to`: the state that the request moves to."""
        return NewFact(
            FactKind.LETTER_SENT, self.on, about=about, channel=self.channel, proof=self.proof, to=to
        )


def record_sending(timeline: Timeline, today: date, about: str | None, sending: Sending) -> list[NewFact]:
    """Facts that the letter of a fact was sent, as a user states; on closed requests too, as evidence.

    Args:
        timeline: of the request.
        today: local date.
        about: id of the fact; None: the only fact whose letter was not sent.
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
    """Facts that the person was informed of the answer that is ready, or received it, as a user states.

    Parts of which the person was not informed are handed over with it (R44).

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
    """Refuse a day before the answer was ready: it would hide that the answer is late (R37)."""
    since = timeline.local(ready.at)
    if day < since:
        raise RefusedError(
            f"The answer has been ready since {since}, so no one was informed of it on {day} (R37).",
            remedy=f"give the day on which it happened, from {since} on.",
        )


def code(text: str, what: str) -> None:
    """Refuse a text that is no code: free text must not reach the trail.

    Raises:
        RefusedError: it is no code.
    """
    if not _CODE.fullmatch(text):
        raise RefusedError(
            f"{what} is no code.", remedy="write small letters without spaces: post, email, portal."
        )


def proof(text: str) -> None:
    """Refuse a proof that is no reference: free text must not reach the trail.

    Raises:
        RefusedError: it is no reference.
    """
    if not REFERENCE.fullmatch(text):
        raise RefusedError(
            "The proof is no reference.",
            remedy="write a number or id without spaces and @, such as 3SABC123; words and documents go "
            "into the case file: `afschrift case add`.",
        )


def must_be_open(timeline: Timeline) -> None:
    """Refuse what would change the clock of a closed request.

    Raises:
        TooLateError: it is closed.
    """
    if not timeline.state.open:
        raise TooLateError(
            f"Request {timeline.request} is {timeline.state}: it is closed, and its clock has stopped.",
            remedy="open a new request, or note it in the case file: `afschrift case add`.",
        )


def must_lie_within(day: date, timeline: Timeline, today: date, what: str) -> None:
    """Refuse a day before the receipt or after today; `what`: what happened on it, for the message.

    Raises:
        RefusedError: it is such a day.
    """
    if not timeline.received <= day <= today:
        when = "in the future" if day > today else f"before the receipt of {timeline.received}"
        raise RefusedError(
            f"{what} of {day} lies {when} (R02).",
            remedy=f"give a day from {timeline.received} to {today}; a wrong receipt is corrected with "
            "`afschrift request correct`.",
        )


def must_not_overlap(timeline: Timeline, day: date, but: FactRow | None = None) -> None:
    """Refuse a question that was sent while the clock was suspended for another one than `but`.

    Raises:
        RefusedError: it was.
    """
    for asked in timeline.of(FactKind.SUSPENDED):
        for ended in timeline.about(asked, FactKind.RESUMED):
            inside = asked.sent_on is not None and ended.day is not None and asked.sent_on <= day < ended.day
            if inside and (but is None or asked.id != but.id):
                raise RefusedError(
                    f"On {day} the clock was suspended already, for the question of {asked.sent_on}: "
                    "suspensions must not overlap (R42).",
                    remedy=f"it was answered on {ended.day}; a later question counts from then.",
                )
