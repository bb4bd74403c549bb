"""Actions on a letter that was made: send it, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import Field

from afschrift.casework.actions.action import (
    ActionTable,
    Code,
    Day,
    Done,
    NothingMore,
    Parameters,
    Situation,
    Subject,
    Words,
    codes,
    done_with,
    one_of,
)
from afschrift.casework.decision.answer import letter_again
from afschrift.casework.informing.question import ask_to_inform
from afschrift.casework.letters.letter_form import make_letter
from afschrift.casework.letters.send import enter_sent, send
from afschrift.casework.officer import Officer
from afschrift.domain.language import gettext
from afschrift.law.case_documents import checked_content, media_type
from afschrift.law.clock.facts import FactKind
from afschrift.law.letter import NOT_TO_ARRIVE, Bounce, Discard, LetterRow, LetterState, SendingChannel
from afschrift.law.person import PARTIES
from afschrift.law.roles import Act
from afschrift.letters.kinds import KINDS
from afschrift.questions.forms import WORDS
from afschrift.questions.view import in_words
from afschrift.register.outbox import Proof

_BY_NAME: dict[str, Any] = {**WORDS, "additionalProperties": {}}


class MakeParameters(Parameters):
    """Of a letter to be made."""

    kind: Code = codes(KINDS, title="Kind of letter")
    elements: dict[str, Any] = Field({}, title="What it says", json_schema_extra=_BY_NAME)
    to: Words | None = Field(None, title="E-mail address")
    party: Code | None = codes(PARTIES, None, title="To whom")
    language: Code | None = Field(None, title="Language")
    again: bool = Field(False, title="Make a second one of this kind")

    @property
    def given(self) -> dict[str, Any]:
        """As letters are made from."""
        return self.elements | {"to": self.to, "party": self.party, "language": self.language}


class SentByHand(Parameters):
    """Of a letter that the officer sent themselves."""

    on: Day = Field(title="Day", description="On which it was sent.")
    channel: Code = codes(SendingChannel, title="Channel", description="How it was sent.")
    proof: Words = Field(
        title="Proof",
        description="What shows it: the number of the receipt, who handed it over. Never a copy of an "
        "identity document.",
    )


class BounceParameters(Parameters):
    """Of a letter that came back."""

    on: Day = Field(title="Day", description="Local day on which it came back.")
    reason: Code = codes(Bounce, title="Reason", description="Why it did not arrive.")


class AgainParameters(Parameters):
    """Of a letter to be made again."""

    to: Words | None = Field(None, title="Another e-mail address")


class DiscardParameters(Parameters):
    """Of a letter that is not sent."""

    reason: Code = codes(Discard, title="Reason", description="Why it is not sent.")


def _authority(officer: Officer, letter: str) -> dict[str, str]:
    return officer.acting(officer.register.letters.get(letter).request, Act.DECIDE, "letter")


def _to_inform(officer: Officer, letter: LetterRow) -> Iterator[str]:
    """If the answer is ready, ask an officer to inform the person again, and say so."""
    if question := ask_to_inform(officer.register, letter.request):
        yield gettext(
            "The person was not notified of the answer of request {request}, which is open and runs. Notify "
            "them another way: `afschrift answer {question} --choice make_letter`, or record how you did: "
            "`afschrift request handed-over`.",
            request=letter.request,
            question=question,
        )


def _done(officer: Officer, letter: LetterRow, lines: Iterator[str] | list[str] | tuple[()] = ()) -> Done:
    return done_with(officer, letter.request, [letter.line, *lines], letter=letter)


def _in(*states: LetterState) -> Callable[[Situation], bool]:
    return lambda at: at.letter is not None and at.letter.state in states


ACTIONS = ActionTable(Subject.LETTER)


@ACTIONS.row(
    "letter",
    "Make a letter",
    of=Subject.REQUEST,
    command=False,
)
def _make(officer: Officer, request: str, given: MakeParameters) -> Done:
    """Make a letter to the person.

    It is shown as it goes out before it is made, and is not sent yet.
    """
    made = make_letter(officer, request, given.kind, given.given, again=given.again)
    lines = [made.warning] if made.warning else []
    return done_with(officer, request, lines, letter=made.letter)


@ACTIONS.row(
    "send",
    "Send it by e-mail",
    lambda at: at.letter is not None and at.letter.mailed and at.letter.state is LetterState.PRODUCED,
)
def _send(officer: Officer, letter: str, _given: NothingMore) -> Done:
    """Send a letter by e-mail, once.

    It counts from the day on which the mail server accepted it. If the connection breaks while the server
    has the letter, it is not known whether it was sent: its state is then `unknown`, and it is not sent
    again before an officer has checked.
    """
    _authority(officer, letter)
    found = send(officer.settings, officer.register, letter, officer.by)
    if found.state is not LetterState.BOUNCED:
        return _done(officer, found)
    why = in_words(found.bounce).lower()
    line = gettext("It came back at once: {why}. Make it again, or send it another way.", why=why)
    return _done(officer, found, [line, *_to_inform(officer, found)])


@ACTIONS.row(
    "sent",
    "Enter that you sent it yourself",
    _in(LetterState.PRODUCED, LetterState.UNKNOWN),
    command=False,
)
def _sent(officer: Officer, letter: str, given: SentByHand) -> Done:
    """Enter that you sent a letter yourself, by post or otherwise, with what shows it.

    It counts from the day that you give.
    """
    channel, text = one_of(SendingChannel, given.channel, "channel"), given.proof.encode()
    kept = checked_content("proof.txt", [text], officer.settings.document_bytes)
    proof = Proof("proof.txt", media_type("proof.txt", text), kept)
    return _done(officer, enter_sent(officer, letter, given.on, channel, proof))


@ACTIONS.row(
    "bounced",
    "Enter that it came back",
    _in(LetterState.SENT, LetterState.SENDING, LetterState.UNKNOWN),
)
def _bounced(officer: Officer, letter: str, given: BounceParameters) -> Done:
    """Enter that a letter came back.

    It no longer counts as sent; make it again with the right address. If its sending had closed the
    request, the request is open again, and its period runs: the person was not informed (R45).
    """
    register, authority = officer.register, _authority(officer, letter)
    request = register.letters.get(letter).request
    was_open = register.requests.get(request).state.open
    reason = one_of(Bounce, given.reason)
    found = register.outbox.enter_bounce(letter, given.on, reason, officer.by, authority=authority)
    lines = list(_to_inform(officer, found))
    if not lines and register.requests.get(request).state.open and not was_open:
        facts = {fact.id: fact.kind for fact in register.facts.timeline(request).facts}
        decided = facts.get(found.fact or "") is FactKind.DECIDED
        way = f"again {found.id}" if decided else f"make {request} {found.kind}"
        lines.append(
            gettext(
                "Request {request} is open again: its letter '{kind}' of {day} came back, so the person was "
                "not informed (R45). Make it again, then send it: `afschrift letter {way}`.",
                request=request,
                kind=found.kind,
                day=found.sent_on,
                way=way,
            )
        )
    return _done(officer, found, lines)


@ACTIONS.row(
    "again",
    "Make it again",
    _in(*NOT_TO_ARRIVE),
)
def _again(officer: Officer, letter: str, given: AgainParameters) -> Done:
    """Make a letter that came back again, with the words of its decision.

    It is not sent yet.
    """
    return _done(officer, letter_again(officer, letter, to=given.to, authority=_authority(officer, letter)))


@ACTIONS.row(
    "release",
    "Enter that it was not sent",
    _in(LetterState.UNKNOWN),
)
def _release(officer: Officer, letter: str, _given: NothingMore) -> Done:
    """Enter that you checked, and a letter in state `unknown` was not sent:

    it may be sent again.
    """
    authority = _authority(officer, letter)
    return _done(officer, officer.register.outbox.release(letter, officer.by, authority=authority))


@ACTIONS.row(
    "discard",
    "Discard it",
    _in(LetterState.PRODUCED),
)
def _discard(officer: Officer, letter: str, given: DiscardParameters) -> Done:
    """Enter that a letter that was made will not be sent.

    It stays in the case file and in the trail.
    """
    reason, authority = one_of(Discard, given.reason), _authority(officer, letter)
    found = officer.register.outbox.discard(letter, reason, officer.by, authority=authority)
    return _done(officer, found, _to_inform(officer, found))


MAKE = ACTIONS[0]
