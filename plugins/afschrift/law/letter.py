"""States of a letter to the person, its moves between them, and its row. Only a sent letter has legal effect.

The text of a letter is in the case file. Names of states, channels and reasons are data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any


class LetterState(StrEnum):
    """The state of a letter.

    `sending` is a claim by one process. If that process died, or the mail server broke off after it had the
    text, the letter is `unknown`: a person must find out whether it was sent. It is never sent again by
    itself.
    """

    PRODUCED = "produced"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    BOUNCED = "bounced"
    DISCARDED = "discarded"


LETTER_MOVES: dict[LetterState, frozenset[LetterState]] = {
    LetterState.PRODUCED: frozenset({LetterState.SENDING, LetterState.SENT, LetterState.DISCARDED}),
    LetterState.SENDING: frozenset(
        {LetterState.PRODUCED, LetterState.UNKNOWN, LetterState.SENT, LetterState.BOUNCED}
    ),
    LetterState.UNKNOWN: frozenset({LetterState.PRODUCED, LetterState.SENT, LetterState.BOUNCED}),
    LetterState.SENT: frozenset({LetterState.BOUNCED}),
    LetterState.BOUNCED: frozenset(),
    LetterState.DISCARDED: frozenset(),
}
"""Every move there is. A bounced letter is made anew, with the right address."""

NOT_TO_ARRIVE = (LetterState.BOUNCED, LetterState.DISCARDED)
"""States of a letter that informs the person of nothing; another one must."""

UNSETTLED = (LetterState.PRODUCED, LetterState.SENDING, LetterState.UNKNOWN)
"""States of a letter that was neither sent nor returned."""

PATIENCE = timedelta(minutes=15)
"""How long a process may claim a letter; longer than all waits for a mail server together."""


LOOK = (
    "look at the log of the mail server, by the letter's id. It went: `afschrift letter sent`. It did not: "
    "`afschrift letter release`, then send it."
)
"""The way out of `unknown`."""


class SendingChannel(StrEnum):
    """How a letter went that a person sent."""

    EMAIL = "email"
    POST = "post"
    REGISTERED_POST = "registered_post"
    PORTAL = "portal"
    BY_HAND = "by_hand"


SMTP = "smtp"
"""The channel of a letter that the software itself sent."""


class Bounce(StrEnum):
    """Why a letter did not reach the person."""

    ADDRESS_UNKNOWN = "address_unknown"
    MAILBOX_FULL = "mailbox_full"
    REFUSED = "refused"  # by the mail server, or by the person
    RETURNED_BY_POST = "returned_by_post"
    NOT_COLLECTED = "not_collected"


class Discard(StrEnum):
    """Why a letter that was made is not sent."""

    WRONG_CONTENT = "wrong_content"
    WRONG_ADDRESSEE = "wrong_addressee"
    REPLACED = "replaced"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True)
class NewLetter:
    """A letter to be stored.

    Attributes:
        id: made beforehand, since the message id of the letter is built from it.
        content: the whole message (RFC 5322), as it is sent.
        same_as: identifies an equal letter: its kind, language, address and elements, without the day.
        to: e-mail address; None: it is sent another way.
        detail: codes and dates that it names, for example the due date; never texts or values.
    """

    id: str
    request: str
    kind: str
    language: str
    content: bytes = field(repr=False)
    same_as: bytes = field(repr=False)
    to: str | None = field(default=None, repr=False)
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LetterRow:
    """A letter as the register holds it, without its text.

    Attributes:
        fact: id of the fact that it announces, which counts from its sending; None: of none.
        document: id of its text in the case file.
        mailed: whether it has an e-mail address, so that it can be sent by SMTP.
        claimed_at: when a process claimed it.
        sent_on: local date of sending where the controller acts (what the clock counts from).
        sent_at: instant at which the mail server accepted it; None: a person entered the sending.
        channel: `smtp`, or one of `SendingChannel`.
        proof: id of the proof in the case file; None for `smtp`.
        bounce: one of `Bounce`.
    """

    id: str
    request: str
    kind: str
    language: str
    state: LetterState
    fact: str | None
    document: str
    mailed: bool
    produced_at: str
    produced_by: str
    claimed_at: str | None
    sent_on: str | None
    sent_at: str | None
    sent_by: str | None
    channel: str | None
    proof: str | None
    bounced_on: str | None
    bounce: str | None
    detail: dict[str, Any]

    @property
    def line(self) -> str:
        """One line; no personal data."""
        line = f"{self.id}  {self.request}  {self.kind} ({self.language})  {self.state}"
        if self.sent_on:
            line += f"  sent {self.sent_on} by {self.channel}"
        if self.bounced_on:
            line += f"  came back {self.bounced_on}: {self.bounce}"
        return line

    @property
    def also(self) -> dict[str, str]:
        """Other requests of the message that it is about -> id of the fact that it announces; "": of none."""
        return dict(self.detail.get("also", {}))

    @property
    def facts(self) -> tuple[str, ...]:
        """Ids of all facts that it announces."""
        return tuple(filter(None, (self.fact, *self.also.values())))
