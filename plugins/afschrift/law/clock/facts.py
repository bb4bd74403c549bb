"""Facts of a request, as the clock reads them: what happened to it in addition to its state.

Facts are appended and never altered; a wrong one is followed by a fact that corrects it. A fact may have a
letter: it then counts from the day on which the letter was *sent*, which is a fact too. Values of kinds and
the names of fields are data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from afschrift.domain.right import Right
from afschrift.domain.state import END_ONCE_INFORMED, State
from afschrift.law.clock.deadline import local_date


class FactKind(StrEnum):
    """Kind of a fact; `fact_` and the kind are the type of its event."""

    SUSPENDED = "suspended"  # a question to the person was decided on; `ground` in its detail
    REPLY_INSUFFICIENT = "reply_insufficient"  # of a suspension: a reply came on `day`, and one more question
    RESUMED = "resumed"  # of a suspension: enough information came on `day`
    EXTENDED = "extended"  # an extension was decided on; `reasons` in its detail
    LETTER_SENT = "letter_sent"  # of a fact with a letter: it left on `day`
    LETTER_BOUNCED = "letter_bounced"  # of a fact with a letter: it came back
    RECEIPT_PROPOSED = "receipt_proposed"  # a later receipt, which waits for a second signer
    RECEIPT_CORRECTED = "receipt_corrected"  # the receipt was at `instant`
    RECEIPT_REJECTED = "receipt_rejected"  # of a proposal: the second signer turned it down
    DECIDED = "decided"  # a decision whose letter must go out: `outcome` and `ground` in its detail
    ANSWER_READY = "answer_ready"  # the answer is known: `state` and, of a bundle, `bundle` in its detail
    HANDED_OVER = "handed_over"  # of an answer that is ready: the person got it on `day`, as a user states
    PARTLY_DELIVERED = "partly_delivered"  # a part left on `day`; its detail says what follows (R44)
    ASKED_AGAIN = "asked_again"  # of an answer: what was delivered is of no use any more, and is given anew
    MISDELIVERED = "misdelivered"  # the `delivery` in its detail reached another; known since `instant`
    OVERRULED = "overruled"  # of what the person was not informed of: another decision or answer replaced it
    WITHDRAWN = "withdrawn"  # by the person, on `day`
    MERGED = "merged"  # into the request `other`
    ABSORBED = "absorbed"  # the request `other` was merged into this one
    LINKED = "linked"  # to the earlier request `other`
    NOTICE_RAISED = "notice_raised"  # the last day comes near, or is over: `level` and `due` in its detail
    NOTICE_SENT = "notice_told"  # of a notice: the `notifier` in its detail took it
    QUESTION_ASSIGNED = "question_assigned"  # the `question` in its detail is for the person in `to` there
    ASSIGNED = "assigned"  # the request is for the person in `to` of its detail; none: for all officers
    QUESTION_NOTIFIED = "question_told"  # the `notifier` in its detail took the `question` there
    RIGHT_UNCLEAR = "right_unclear"  # the message does not say which right: read as `right` in its detail
    RIGHT_READ = "right_read"  # an officer read it as `right` in its detail; the quoted words are its text
    NOT_RECEIVED = "not_received"  # it counts as not received; `published_on` in its detail (R03)
    DECEASED = "deceased"  # an officer recorded that the person died; `rests_on` in its detail (R17)
    DECEASED_LIFTED = "deceased_lifted"  # of a death: it was recorded in error
    OVERDUE_ACKNOWLEDGED = "overdue_acknowledged"  # of the day `due` in its detail that is missed
    HELD = "held"  # nothing of it is destroyed from now on: `hold` and `ground` in its detail
    RELEASED = "released"  # of a `held`: that hold is over
    COMPLAINED = "complained"  # it came on `day`, with the reference in `proof`; `from` in its detail
    COMPLAINT_ENDED = "complaint_ended"  # of a complaint: it ended on `day`; `outcome` in its detail
    RESTRICTION_REVIEWED = "restriction_reviewed"  # the `restriction` in its detail stays or is lifted
    RESTRICTION_SIGNED = "restriction_signed"  # of a review: the second signer's word, `agree` in its detail


class SuspensionGround(StrEnum):
    """Why the clock may be suspended (R42). There is no third ground."""

    IDENTITY = "identity"
    SPECIFICATION = "specification"


WITH_LETTER = (
    FactKind.SUSPENDED,
    FactKind.REPLY_INSUFFICIENT,
    FactKind.EXTENDED,
    FactKind.DECIDED,
    FactKind.ANSWER_READY,
    FactKind.PARTLY_DELIVERED,
)
FROM_LETTER = (FactKind.SUSPENDED, FactKind.EXTENDED, FactKind.DECIDED)
"""Kinds that count from the sending of their letter alone."""
REFUSED_WHOLE = "refuse"
"""Outcome of the one decision that closes a request, with the sending of its letter."""


@dataclass(frozen=True)
class NewFact:
    """A fact to be recorded.

    Attributes:
        day: local date on which it happened, where that is not the day of its recording.
        instant: RFC 3339 in UTC.
        about: id of the fact that it concerns; empty: of the fact recorded just before it.
        letter: id of the letter in the outbox.
        channel: how a letter left, or a withdrawal came; a code.
        proof: reference of the proof; a code without spaces.
        other: id of another request.
        detail: codes and dates, never texts.
        to: state that the request moves to in the same transaction; an open one if a letter came back.
    """

    kind: FactKind
    day: date | None = None
    instant: str | None = None
    about: str | None = None
    letter: str | None = None
    channel: str | None = None
    proof: str | None = None
    other: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    to: State | None = None


@dataclass(frozen=True)
class FactRow:
    """A fact as the register holds it.

    Attributes:
        number: 1, 2, 3, ... within its request, in the order of recording.
        at: instant of recording.
        by: account that recorded it.
        text: id of the reasons in words in the case file.
        sent_on: of a fact with a letter: the local date on which the person was informed, by the letter or
            when the answer was handed over; None: not yet, or the letter bounced. Computed from the facts
            that follow (`settled`).
        sent_by: channel and proof of that.
    """

    id: str
    request: str
    number: int
    kind: FactKind
    at: str
    by: str
    day: date | None = None
    instant: str | None = None
    about: str | None = None
    letter: str | None = None
    channel: str | None = None
    proof: str | None = None
    other: str | None = None
    text: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    sent_on: date | None = None
    sent_by: tuple[str | None, str | None] = (None, None)


def settled(facts: Sequence[FactRow]) -> tuple[FactRow, ...]:
    """Set `sent_on` and `sent_by` of facts, which must be in order.

    The first sending counts; one that bounced does not, until the letter is sent again. An answer also counts
    when it is handed over; a question or an extension counts by its letter alone (R39, R42).
    """
    answers = {fact.id for fact in facts if fact.kind in (FactKind.ANSWER_READY, FactKind.PARTLY_DELIVERED)}
    sent: dict[str, FactRow] = {}
    for fact in facts:
        if fact.about is None:
            continue
        handed_over = fact.kind is FactKind.HANDED_OVER and fact.about in answers
        if fact.kind is FactKind.LETTER_SENT or handed_over:
            sent.setdefault(fact.about, fact)
        elif fact.kind is FactKind.LETTER_BOUNCED:
            sent.pop(fact.about, None)
    return tuple(
        _as_sent(fact, sent[fact.id]) if fact.id in sent else replace(fact, sent_on=None) for fact in facts
    )


def _as_sent(fact: FactRow, sent: FactRow) -> FactRow:
    return replace(
        fact, letter=fact.letter or sent.letter, sent_on=sent.day, sent_by=(sent.channel, sent.proof)
    )


@dataclass(frozen=True)
class Timeline:
    """All that the clock reads of a request. Instants are RFC 3339 in UTC.

    Attributes:
        entered_at: instant of receipt as it was entered first.
        zone: IANA time zone of the establishment that must act.
        facts: settled, in the order of recording.
        identified_at: when the identity was confirmed, by the last decision; None: it is not confirmed.
        closed_at: when it ended.
        limited: the person set limits (R24).
    """

    request: str
    case: str
    right: Right
    state: State
    entered_at: str
    zone: str
    facts: tuple[FactRow, ...] = ()
    identified_at: str | None = None
    closed_at: str | None = None
    limited: bool = False

    @property
    def received_at(self) -> str:
        """The instant that starts the clock: the last correction's, else the one entered first."""
        corrected = self.of(FactKind.RECEIPT_CORRECTED)
        return (corrected[-1].instant if corrected else None) or self.entered_at

    @property
    def received(self) -> date:
        """Local date of receipt."""
        return self.local(self.received_at)

    def of(self, *kinds: FactKind) -> tuple[FactRow, ...]:
        """Its facts of some kinds."""
        return tuple([fact for fact in self.facts if fact.kind in kinds]) if self.facts else ()

    def about(self, fact: FactRow, *kinds: FactKind) -> tuple[FactRow, ...]:
        """Its facts of some kinds that are about another fact."""
        return tuple(other for other in self.of(*kinds) if other.about == fact.id)

    def local(self, instant: str) -> date:
        """Local date of an instant where the controller must act."""
        return local_date(instant, self.zone)

    @property
    def waiting(self) -> FactRow | None:
        """The question to the person without a sufficient answer, whether its letter was sent or not."""
        asked = self.of(FactKind.SUSPENDED)
        return next((question for question in asked if not self.about(question, FactKind.RESUMED)), None)

    @property
    def proposed(self) -> FactRow | None:
        """A later receipt that waits for its second signer."""
        proposed = self.of(FactKind.RECEIPT_PROPOSED)
        done = self.of(FactKind.RECEIPT_CORRECTED, FactKind.RECEIPT_REJECTED)
        last = proposed[-1] if proposed else None
        return last if last and not any(answer.number > last.number for answer in done) else None

    def closed_by(self, fact: FactRow) -> State | None:
        """The state that it moves to once the person is informed of a fact; None: the state stays.

        An answer in parts ends the request with the last part that the person is informed of (R37, R44).
        """
        if not self.state.open or self.about(fact, FactKind.OVERRULED):
            return None
        if fact.kind is FactKind.PARTLY_DELIVERED:
            last = self.state is State.READY and [ready.id for ready in self.to_inform] == [fact.id]
            return END_ONCE_INFORMED[self.state] if last else None
        end = _end(fact)
        return None if end is State.DELIVERED and self.unsent_parts else end

    @property
    def unsent_letters(self) -> tuple[FactRow, ...]:
        """Questions, extensions and decisions whose letter was not sent, or came back (R39, R42, R45)."""
        unsent = (f for f in self.of(*FROM_LETTER) if f.sent_on is None)
        return tuple(f for f in unsent if not self.about(f, FactKind.RESUMED, FactKind.OVERRULED))

    @property
    def unsent_refusals(self) -> tuple[FactRow, ...]:
        """Refusals of the whole that were not overruled and whose letter was not sent."""
        return tuple(fact for fact in self._unsent if _end(fact) is State.REFUSED)

    @property
    def unsent_answers(self) -> tuple[FactRow, ...]:
        """Answers that are ready and were not overruled, and of which the person was not informed."""
        return tuple(fact for fact in self._unsent if fact.kind is FactKind.ANSWER_READY)

    @property
    def unsent_parts(self) -> tuple[FactRow, ...]:
        """Parts that were delivered, and of which the person was not informed."""
        return tuple(fact for fact in self.of(FactKind.PARTLY_DELIVERED) if fact.sent_on is None)

    @property
    def to_inform(self) -> tuple[FactRow, ...]:
        """The parts and the answer that end the request once the person is informed of them."""
        parts = self.unsent_parts if self.state is State.READY else ()
        return (*parts, *self.unsent_answers)

    @property
    def _unsent(self) -> Iterator[FactRow]:
        for fact in self.of(FactKind.DECIDED, FactKind.ANSWER_READY):
            if fact.sent_on is None and _end(fact) and not self.about(fact, FactKind.OVERRULED):
                yield fact

    @property
    def ended_on(self) -> date | None:
        """The day on which the person was informed of all that ended it; None: it did not end so."""
        if self.ended_by is None:
            return None
        parts = self.of(FactKind.PARTLY_DELIVERED) if self.state is State.DELIVERED else ()
        return max(fact.sent_on for fact in (self.ended_by, *parts) if fact.sent_on is not None)

    @property
    def asked_again(self) -> FactRow | None:
        """The last time that an answer was to be given again."""
        return next(reversed(self.of(FactKind.ASKED_AGAIN)), None)

    @property
    def answered_before(self) -> date | None:
        """The day on which the person was informed of an answer that is given again; None: it is not."""
        first = {fact.about for fact in self.of(FactKind.ASKED_AGAIN)}
        return next((fact.sent_on for fact in self.facts if fact.id in first and fact.sent_on), None)

    @property
    def ended_by(self) -> FactRow | None:
        """The fact that ended the request when the person was informed of it; None: it did not end so."""
        known = [fact for fact in self.facts if fact.sent_on is not None and _end(fact) is self.state]
        known = [fact for fact in known if not self.about(fact, FactKind.OVERRULED)]
        return known[-1] if known else None

    def reopened_by(self, fact: FactRow) -> State | None:
        """The state that it returns to when the letter of a fact comes back; None: another fact ended it."""
        if fact.kind is FactKind.PARTLY_DELIVERED:
            return State.READY if self.state is State.DELIVERED else None
        if self.ended_by is None or self.ended_by.id != fact.id:
            return None
        return next((s for s, end in END_ONCE_INFORMED.items() if end is self.state), State.NEEDS_PERSON)

    def with_(self, *facts: FactRow) -> Timeline:
        """The timeline with further facts."""
        return replace(self, facts=settled((*self.facts, *facts)))


def _end(fact: FactRow) -> State | None:
    """The end of a request once the person is informed of a fact; None: the fact ends nothing."""
    if fact.kind is FactKind.DECIDED and fact.detail.get("outcome") == REFUSED_WHOLE:
        return State.REFUSED
    ready = fact.detail.get("state") if fact.kind is FactKind.ANSWER_READY else None
    return END_ONCE_INFORMED[State(ready)] if ready is not None else None


def rows(timeline: Timeline, new: Sequence[NewFact], at: str, by: str, ids: Sequence[str]) -> list[FactRow]:
    """New facts as the register would hold them, to compute the clock before they are recorded."""
    made: list[FactRow] = []
    for fact, id_ in zip(new, ids, strict=True):
        about = fact.about
        if about is None and fact.kind is FactKind.LETTER_SENT and made:
            about = made[-1].id
        number = len(timeline.facts) + len(made) + 1
        given = {name: value for name, value in vars(fact).items() if name != "to"}
        given |= {"about": about, "detail": dict(fact.detail)}
        made.append(FactRow(id=id_, request=timeline.request, number=number, at=at, by=by, **given))
    return made
