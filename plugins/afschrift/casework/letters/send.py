"""Send letters of the outbox by SMTP, each once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import SplitResult

from afschrift.app.jurisdiction import jurisdiction_of, load_controller, load_jurisdiction
from afschrift.app.options import read_options
from afschrift.app.settings import Settings
from afschrift.casework.delivery.removing import must_lie_there
from afschrift.casework.identity.breach import require_no_breach
from afschrift.casework.identity.confirmed import identity_decision, mandate_is_over
from afschrift.casework.letters.prefilled_elements import missed_day
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError, RetriableError
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.inventory.organisation import Organisation
from afschrift.law.clock.clock import clock
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import FactKind, FactRow, Timeline
from afschrift.law.letter import LOOK, Bounce, LetterRow, LetterState, SendingChannel
from afschrift.law.roles import Act
from afschrift.letters.kinds import AFTER_DEATH, KINDS
from afschrift.letters.mail_message import checked_address
from afschrift.mail.server import MailOutcome, MailResult, hand_over, server_address
from afschrift.register.outbox import Claimed, Proof
from afschrift.register.register import Register

_WHAT = "letters (AFSCHRIFT_MAIL)"
_SETTLED = {
    MailOutcome.TAKEN: LetterState.SENT,
    MailOutcome.NOT_SENT: LetterState.PRODUCED,
    MailOutcome.MISCONFIGURED: LetterState.PRODUCED,
    MailOutcome.NO_SUCH_ADDRESS: LetterState.BOUNCED,
    MailOutcome.REFUSED: LetterState.BOUNCED,
    MailOutcome.UNKNOWN: LetterState.UNKNOWN,
}
_BOUNCES = {MailOutcome.NO_SUCH_ADDRESS: Bounce.ADDRESS_UNKNOWN, MailOutcome.REFUSED: Bounce.REFUSED}


class NoMailServerError(ConfigurationError):
    """No mail server is set."""

    for_officers = True


@dataclass(frozen=True)
class MailSettings:
    """The mail server of letters.

    Attributes:
        server: may hold a password.
        sender: address that letters come from, and that bounces go to.
    """

    server: SplitResult = field(repr=False)
    sender: str


def mail_settings(settings: Settings) -> MailSettings:
    """The mail server of the settings.

    Raises:
        ConfigurationError: none is configured, or its file cannot be used.
    """
    if settings.mail is None:
        raise NoMailServerError(
            "There is no mail server for letters.",
            remedy="set AFSCHRIFT_MAIL (docs/letters.md), or send the letter yourself and enter that with "
            "`afschrift letter sent`.",
        )
    options: Mapping[str, object] = read_options(settings.mail, _WHAT, "docs/letters.md")
    server, sender = options.get("server"), options.get("sender")
    if not isinstance(server, str) or not isinstance(sender, str):
        raise ConfigurationError(
            f"The options of {_WHAT} lack 'server' or 'sender'.", remedy="docs/letters.md lists them."
        )
    try:
        return MailSettings(server_address(server, _WHAT), checked_address(sender))
    except RefusedError:
        raise ConfigurationError(
            f"The sender of {_WHAT} is no e-mail address.", remedy="write it as privacy@example.org."
        ) from None


def sender_address(settings: Settings, controller: Organisation) -> str | None:
    """The address that letters come from; None: no mail server is set, and the contact is no address."""
    if settings.mail is not None:
        return mail_settings(settings).sender
    try:
        return checked_address(controller.contact.strip())
    except RefusedError:
        return None


def send(settings: Settings, register: Register, letter_id: str, by: str) -> LetterRow:
    """Send a letter by SMTP; returns it as sent or, if the address was refused, as bounced.

    Raises:
        UnknownRequestError: no such letter.
        TooLateError: it is not waiting to be sent.
        RefusedError: it has no address, it would promise a last day that does not hold (R41), or what it
            announces was overruled, or is an answer that is not ready; or the register was changed without
            the service.
        ConfigurationError: no mail server, or it does not let us in; nothing was sent.
        RetriableError: the server is down or asks to come again later; nothing was sent. Or the register did
            not answer after the server took the letter: then it reads as unknown.
        AfschriftError: the server broke off with the letter in its hands: it may have gone, and is `unknown`.
    """
    letter = register.letters.get(letter_id)
    for request in (letter.request, *letter.also):
        register.evidence.must_follow(request)
    _must_hold(settings, register, letter)
    mail = mail_settings(settings)
    claimed = register.outbox.claim(letter_id, by)
    zone = register.requests.get(claimed.row.request).zone
    result = hand_over(mail.server, _WHAT, mail.sender, claimed.to, claimed.content)
    row = register.outbox.settle(
        claimed,
        _SETTLED[result.outcome],
        by,
        zone=zone,
        reference=f"{result.reason}",
        bounce=_BOUNCES.get(result.outcome),
        reason=result.reason,
    )
    _raise_unless_settled(claimed, result)
    return row


def _must_hold(settings: Settings, register: Register, letter: LetterRow) -> None:
    """Refuse a letter that would mislead: about an extension that is void by now, an overruled decision."""
    if letter.state is not LetterState.PRODUCED:
        return
    for request in (letter.request, *letter.also):
        timeline = register.facts.timeline(request)
        must_be_alive(timeline, letter.kind)
        _announced_must_hold(register, letter, timeline)
    timeline = register.facts.timeline(letter.request)
    today = local_date(utc_now(), timeline.zone)
    if court_is_over(settings, register, letter):
        raise RefusedError(
            f"Letter {letter.id} was not sent: it was made before the last day was over, and now another way "
            "to court is open than it names (R45).",
            remedy="make it again, one of a decision with `afschrift letter again`. Where it left all the "
            "same, enter that with `afschrift letter sent`.",
        )
    if letter.kind != "extension":
        return
    last = clock(timeline, load_jurisdiction(settings), today).notice_due
    if last is not None and today > last:
        raise RefusedError(
            f"Letter {letter.id} was not sent: the last day for announcing an extension was {last}, and now "
            "it would be void (R41).",
            remedy="answer the request. Where the letter left another way, in time or late, enter that with "
            "`afschrift letter sent`.",
        )


def _announced_must_hold(register: Register, letter: LetterRow, timeline: Timeline) -> None:
    """Refuse where what it announces of a request was replaced, or is an answer that is not ready."""
    of = next((fact for fact in timeline.facts if fact.id in letter.facts), None)
    if of is not None and timeline.about(of, FactKind.OVERRULED):
        raise RefusedError(
            f"Letter {letter.id} was not sent: another decision or answer replaced what it announces (R45).",
            remedy="send the letter of the last one, if it has one: `afschrift letter list`. Where it "
            "left all the same, enter that with `afschrift letter sent`, and write to the person.",
        )
    if of is not None and of.kind in (FactKind.ANSWER_READY, FactKind.PARTLY_DELIVERED):
        _answer_must_be_ready(register, letter, of, timeline, local_date(utc_now(), timeline.zone))
        must_lie_there(register, timeline.request, of.detail.get("bundle"))


def must_be_alive(timeline: Timeline, kind: str) -> None:
    """Refuse a letter after a death but the one that names the other way, and that one before (R17)."""
    died = timeline.state is State.PERSON_DECEASED
    if died and kind not in AFTER_DEATH:
        raise RefusedError(
            f"A death is recorded of {timeline.request}: no letter about its data leaves any more (R17).",
            remedy=f"`afschrift letter make {timeline.request} person_deceased` writes to the representative "
            "or heir. An error is lifted by a second signer: `afschrift request not-deceased`.",
        )
    if not died and kind == "person_deceased":
        raise RefusedError(
            f"No death is recorded of request {timeline.request} (R17).",
            remedy="record it first: `afschrift request deceased`.",
        )


def court_is_over(settings: Settings, register: Register, letter: LetterRow) -> bool:
    """Whether a letter that is not sent names the way to court of an answer in time, and is late by now."""
    controller = load_controller(settings)
    if letter.state is not LetterState.PRODUCED or controller.body == "public":  # UAVG 34: the same way
        return False
    timeline = register.facts.timeline(letter.request)
    today = local_date(utc_now(), timeline.zone)
    missed = missed_day(timeline, jurisdiction_of(controller), today)
    named = "court" in KINDS[letter.kind].required
    return named and missed is not None and timeline.local(letter.produced_at) <= missed


def _answer_must_be_ready(
    register: Register, letter: LetterRow, of: FactRow, timeline: Timeline, today: date
) -> None:
    """Refuse where a question was asked since, or an identity or a mandate was taken back."""
    if identity_decision(register, timeline.request) is None:
        why = "no officer has confirmed who the requester is (R10)"
    elif mandate_is_over(register, timeline.request, today):
        why = "the representative's mandate does not hold any more (R15)"
    elif of.kind is FactKind.ANSWER_READY and timeline.state != of.detail["state"]:
        why = f"request {timeline.request} is {timeline.state}, and its answer is not ready"
    else:
        return
    raise RefusedError(
        f"Letter {letter.id} was not sent: {why}.",
        remedy=f"`afschrift questions --request {timeline.request}` says what comes first. A letter about "
        "two rights is discarded, and made anew about one: `afschrift letter discard`. Where it left all "
        "the same, enter that with `afschrift letter sent`, and inform the data protection officer.",
    )


def _raise_unless_settled(claimed: Claimed, result: MailResult) -> None:
    letter = f"Letter {claimed.row.id}"
    error: AfschriftError | None = None
    if result.outcome is MailOutcome.MISCONFIGURED:
        error = ConfigurationError(
            f"{letter} was not sent: the mail server of {_WHAT} cannot be used ({result.reason}).",
            remedy="correct account or sender; a private certificate authority is named by SSL_CERT_FILE.",
        )
    if result.outcome is MailOutcome.NOT_SENT:
        error = RetriableError(
            f"{letter} was not sent: the mail server did not take it ({result.reason}).",
            remedy="bring it back and send the letter again; it counts from the day on which it is sent.",
        )
    if result.outcome is MailOutcome.UNKNOWN:
        error = AfschriftError(
            f"{letter} may have been sent: the mail server broke off with it in its hands ({result.reason}). "
            "It is not sent again by itself.",
            remedy=LOOK,
        )
    if error is not None:
        error.for_officers = True
        raise error


def enter_sent(
    officer: Officer, letter_id: str, on: date, channel: SendingChannel, proof: Proof
) -> LetterRow:
    """Enter that an officer sent a letter themselves, with the proof, which goes into the case file.

    Raises:
        NotAllowedError: they lack the role; the attempt is an event `answer_refused`.
        NeedsPersonError: it left on a mandate that was over: a possible breach.
        AfschriftError: as `Outbox.enter_sending`.
    """
    register = officer.register
    found = register.letters.get(letter_id)
    authority = officer.acting(found.request, Act.DECIDE, "letter")
    require_no_breach(register, found.request, on, found)
    return register.outbox.enter_sending(letter_id, on, channel, proof, officer.by, authority=authority)
