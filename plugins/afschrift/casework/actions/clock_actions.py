"""Actions that move a request's clock, and those with an earlier request of the person."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydantic import Field

from afschrift.casework.actions.action import (
    ActionTable,
    Choices,
    Code,
    Day,
    Done,
    Instant,
    LetterParameters,
    Parameters,
    Situation,
    Words,
    agreement,
    codes,
    is_open,
)
from afschrift.casework.clock import ClockService, Result
from afschrift.casework.officer import Officer
from afschrift.casework.same_message import asked_with
from afschrift.domain.language import gettext
from afschrift.law.clock.clock import Colour
from afschrift.law.clock.facts import WITH_LETTER, FactKind, SuspensionGround, Timeline
from afschrift.law.clock.overlap import LINKS
from afschrift.law.clock.receipt import WHY
from afschrift.law.clock.sending import Sending, record_notification
from afschrift.law.clock.suspension import DOUBTS, REASONS
from afschrift.law.letter import SendingChannel
from afschrift.law.roles import Role


class SuspensionParameters(LetterParameters):
    """Of a question to the person that stops the clock."""

    ground: Code = codes(SuspensionGround, title="Ground", description="A specification: for access alone.")
    doubt: Code | None = codes(DOUBTS, None, title="Doubt", description="Of an identity: why it is asked.")
    overview: bool = Field(
        False,
        title="Overview",
        description="Of a specification: the letter gives an overview of the processing.",
    )
    term: Day | None = Field(
        None,
        title="Last day for the reply",
        description="As the letter sets it: the clock of a public body continues after it.",
    )


class Reply(Parameters):
    """Of the person's sufficient answer."""

    on: Day | None = Field(None, title="Day", description="On which it came; without one, today.")


class InsufficientReply(LetterParameters):
    """Of an answer that fell short."""

    on: Day | None = Field(None, title="Day", description="On which it came; without one, today.")


class Extension(LetterParameters):
    """Of two further months."""

    reason: tuple[Code, ...] = codes(REASONS, title="Reasons")
    text: Words | None = Field(None, title="The reasons in words")


class SentParameters(Parameters):
    """Of a letter that was sent, or an answer that was handed over."""

    on: Day = Field(title="Day", description="On which it was sent or received.")
    channel: Code = codes(SendingChannel, title="Channel", description="How it was sent.")
    proof: Code = Field(title="Proof", description="A reference without spaces.")

    @property
    def sending(self) -> Sending:
        """The sending."""
        return Sending(self.on, self.channel, self.proof)


class SentLetterParameters(SentParameters):
    """Of a letter that was sent."""

    fact: Code | None = Field(
        None, title="Of what", description="The suspension or extension, where several wait."
    )


class HandedOver(SentParameters):
    """Of an answer that the person has."""

    both: bool = Field(
        False,
        title="The other answer too",
        description="Where the message asked for access and portability, and both were given together.",
    )


class Acknowledgement(Parameters):
    """Of a day that was missed."""

    text: Words = Field(title="Why it is late, and what is done about it")


class Withdrawal(Parameters):
    """Of a request that the person withdrew."""

    channel: Code = codes(
        ("email", "phone", "letter", "portal", "counter"),
        title="Channel",
        description="How the person said so.",
    )
    on: Day | None = Field(None, title="Day", description="On which they said so; without one, today.")


class Correction(Parameters):
    """Of another time of receipt."""

    received_at: Instant = Field(
        title="First arrival", description="With its offset, as 2026-11-20T09:30:00+01:00."
    )
    reason: Code = codes(WHY, title="Reason", description="Why the time was wrong.")


class Signature(Parameters):
    """The second signer's word."""

    agree: bool = agreement("Whether what was proposed applies.")


class Merge(Parameters):
    """Of an overlapping request."""

    into: Code = Field(title="Earlier request", description="The earlier, open one.")


class LinkParameters(Parameters):
    """Of a request after a closed one."""

    to: Code = Field(title="Earlier request", description="The earlier, closed one.")
    as_: Code = Field(
        alias="as",
        json_schema_extra={"enum": list(LINKS)},
        title="How they belong together",
        description="repeat: answered in full again (R26); reminder: of an incomplete answer (R54).",
    )


def _recorded(officer: Officer, record: Callable[[ClockService], Result]) -> Done:
    timeline, clock = record(ClockService(officer, officer.jurisdiction))
    return Done([timeline], list(_waits(timeline)), clock)


def _waits(timeline: Timeline) -> Iterator[str]:
    if timeline.proposed:
        yield gettext("The later receipt applies once a second signer agrees.")
        yield f"`afschrift request sign-correction {timeline.request} --agree`."


def _asked(at: Situation) -> bool:
    return is_open(at) and at.timeline.waiting is not None


def _letters(*kinds: str) -> Callable[[Situation], Choices]:
    return lambda at: [
        (letter.id, f"{letter.kind}, made {at.timeline.local(letter.produced_at)}")
        for letter in at.letters
        if letter.kind in kinds
    ]


def _unsent(at: Situation) -> Choices:
    return [
        (fact.id, f"{fact.kind} of {at.timeline.local(fact.at)}")
        for fact in at.timeline.of(*WITH_LETTER)
        if fact.sent_on is None
    ]


def _earlier(at: Situation) -> Choices:
    return [(request, request) for request in at.earlier]


ACTIONS = ActionTable()


@ACTIONS.row(
    "suspend",
    "Stop the clock with a question to the person",
    lambda at: is_open(at) and at.timeline.waiting is None,
    {"letter": _letters("identity_request", "specify_request")},
)
def _suspend(officer: Officer, request: str, given: SuspensionParameters) -> Done:
    """Record a question to the person that stops the clock (R42).

    It counts from the day it is sent.
    """
    return _recorded(
        officer,
        lambda at: at.suspend(
            request,
            given.ground,
            doubt=given.doubt,
            overview=given.overview,
            term=given.term,
            letter=given.letter,
            sending=given.sending,
        ),
    )


@ACTIONS.row(
    "resume",
    "Record the person's answer",
    _asked,
)
def _resume(officer: Officer, request: str, given: Reply) -> Done:
    """Record the person's sufficient answer and its day:

    the clock continues (R43).
    """
    return _recorded(officer, lambda at: at.resume(request, given.on))


@ACTIONS.row(
    "insufficient",
    "Record an answer that is not sufficient",
    _asked,
    {"letter": _letters("answer_insufficient")},
)
def _insufficient(officer: Officer, request: str, given: InsufficientReply) -> Done:
    """Record that the person's answer fell short; a further question follows at once (R43)."""
    return _recorded(
        officer, lambda at: at.insufficient(request, given.on, letter=given.letter, sending=given.sending)
    )


@ACTIONS.row(
    "extend",
    "Extend by two months",
    lambda at: is_open(at) and not at.timeline.of(FactKind.EXTENDED),
    {"letter": _letters("extension")},
)
def _extend(officer: Officer, request: str, given: Extension) -> Done:
    """Decide on two further months (R39-R41).

    It holds once its letter is sent within the first month.
    """
    return _recorded(
        officer,
        lambda at: at.extend(
            request, given.reason, letter=given.letter, sending=given.sending, text=given.text
        ),
    )


@ACTIONS.row(
    "sent",
    "Record that a letter was sent",
    lambda at: bool(_unsent(at)),
    {"fact": _unsent},
)
def _sent(officer: Officer, request: str, given: SentLetterParameters) -> Done:
    """Record that the letter of a suspension or an extension was sent, how, and with which proof."""
    return _recorded(officer, lambda at: at.sent(request, given.sending, given.fact))


@ACTIONS.row(
    "handed-over",
    "Record that the person has the answer",
    lambda at: bool(at.timeline.to_inform),
)
def _inform(officer: Officer, request: str, given: HandedOver) -> Done:
    """Enter that the person received the ready answer, or was notified where it is:

    it closes the request. If a letter of the outbox notifies them, send that, or enter its sending:
    `afschrift letter sent`.
    """
    service, sending = ClockService(officer, officer.jurisdiction), given.sending
    timeline = officer.register.facts.timeline(request)
    others = [t for t in asked_with(officer.register, timeline) if t.to_inform] if given.both else []
    for other in others:  # refuse before anything is recorded
        record_notification(other, officer.today(other.zone), sending)
    done, clock = service.inform(request, sending)
    return Done([done, *(service.inform(other.request, sending)[0] for other in others)], (), clock)


@ACTIONS.row(
    "acknowledge",
    "Say why it is late",
    lambda at: at.clock.colour is Colour.RED,
)
def _acknowledge(officer: Officer, request: str, given: Acknowledgement) -> Done:
    """Acknowledge by name why a request is overdue (R37).

    It remains overdue; `check_deadlines` succeeds.
    """
    return _recorded(officer, lambda at: at.acknowledge(request, given.text))


@ACTIONS.row(
    "withdraw",
    "Record that the person withdrew it",
    is_open,
)
def _withdraw(officer: Officer, request: str, given: Withdrawal) -> Done:
    """Record that the person withdrew the request.

    Only they can: a controller refuses instead.
    """
    return _recorded(officer, lambda at: at.withdraw(request, given.channel, given.on))


@ACTIONS.row(
    "correct",
    "Correct the time of receipt",
    lambda at: is_open(at) and at.timeline.proposed is None,
)
def _correct(officer: Officer, request: str, given: Correction) -> Done:
    """Correct the time of receipt.

    Both are kept; a later one applies once a second signer agreed (R02).
    """
    return _recorded(officer, lambda at: at.correct(request, given.received_at, given.reason))


@ACTIONS.row(
    "sign-correction",
    "Sign the later time of receipt",
    lambda at: at.timeline.proposed is not None,
    role=Role.SECOND_SIGNER,
)
def _sign_correction(officer: Officer, request: str, given: Signature) -> Done:
    """As second signer:

    whether the proposed later receipt applies (R02).
    """
    return _recorded(officer, lambda at: at.sign(request, agree=given.agree))


@ACTIONS.row(
    "merge",
    "Merge it into an earlier request",
    lambda at: is_open(at) and bool(at.earlier),
    {"into": _earlier},
)
def _merge(officer: Officer, request: str, given: Merge) -> Done:
    """Merge an overlapping request into an earlier, open one of the person, whose receipt applies (R55)."""
    return _recorded(officer, lambda at: at.merge(request, given.into, at.officer.own_keys))


@ACTIONS.row(
    "link",
    "Link it to an earlier request",
    lambda at: is_open(at) and bool(at.earlier),
    {"to": _earlier},
)
def _link(officer: Officer, request: str, given: LinkParameters) -> Done:
    """Record that a request follows a closed one of the same person."""
    return _recorded(officer, lambda at: at.link(request, given.to, given.as_, at.officer.own_keys))
