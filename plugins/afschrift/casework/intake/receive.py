"""Take an incoming request, and confirm its receipt at once where the policy says so (R04)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from afschrift.app.jurisdiction import load_jurisdiction
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.store_request import StoredCase, take_in
from afschrift.casework.letters.make import make
from afschrift.casework.letters.send import send
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.keys import Key
from afschrift.law.case_facts import Matter
from afschrift.law.clock.clock import clock
from afschrift.law.clock.deadline import local_date
from afschrift.letters.mail_message import checked_address
from afschrift.register.open import open_register
from afschrift.register.register import Register
from afschrift.services import Services

KIND = "acknowledgement"
BY = "system"
_NEAR = timedelta(days=7)


def receive(
    settings: Settings,
    services: Services,
    intake: Intake,
    by: str,
    say: Callable[[str], None],
    *,
    acknowledge: bool = True,
) -> StoredCase:
    """Store a case with its requests, and acknowledge them where the channel had authenticated the person.

    The very same message once more opens no second case: the first one is found, and nothing is stored.

    Without authentication a person sends the acknowledgement: a message could name the address of a person
    who asked for nothing. A fault in making or sending the letter is reported, and stops no request.

    Args:
        settings: of the installation.
        services: of the installation.
        intake: the request as it came.
        by: who entered it.
        say: takes a line for the one who entered it.
        acknowledge: False: it is shown to them first, and they send it.

    Returns:
        The case with its requests, and what is to be handed over.

    Raises:
        ConfigurationError, RefusedError: as `casework.intake.store_request.take_in`; nothing was stored.
    """
    if services.inventory.controller.example and not settings.demo:
        raise ConfigurationError(
            "No request is taken: controller.yml still describes the organisation of the example.",
            remedy="fill in who is responsible and take `example: true` out; to try things out, set "
            "AFSCHRIFT_DEMO=1.",
        )
    stored = take_in(services, intake, by, case_of_message(services.register, intake))
    if (
        acknowledge
        and intake.authenticated is not None
        and services.inventory.policy.acknowledge == "automatic"
    ):
        register = open_register(settings)
        for request_id in stored.opened[:1]:  # one letter confirms all rights of the message
            try:
                say(_acknowledged(settings, register, request_id, _address(intake)))
            except AfschriftError as error:
                say(f"The receipt of {request_id} is not confirmed yet: {error}")
    return stored


def _acknowledged(settings: Settings, register: Register, request_id: str, to: str | None) -> str:
    """Make the letter and, if it has an address and there is a mail server, send it; returns the outcome."""
    timeline = register.facts.timeline(request_id)
    today = local_date(utc_now(), timeline.zone)
    due = clock(timeline, load_jurisdiction(settings), today).due
    if due is None or due < today:
        return f"The receipt of {request_id} is not confirmed: it was due on {due}, and that day is over."
    officer = Officer(register, load_roles(settings), BY, settings=settings)
    return acknowledge(officer, request_id, to)


def acknowledge(officer: Officer, request_id: str, to: str | None = None) -> str:
    """Make the acknowledgement and, if it has an address and there is a mail server, send it.

    Returns:
        What became of it, in a sentence.
    """
    made = make(officer, request_id, KIND, {"to": to} if to else {})
    letter = made.letter
    assert letter is not None  # `make` keeps it
    if letter.mailed and officer.settings.mail is not None:
        letter = send(officer.settings, officer.register, letter.id, officer.by)
    outcome = f"Acknowledgement {letter.id} of {', '.join((letter.request, *letter.also))} is {letter.state}"
    return f"{outcome}." if letter.sent_on else f"{outcome}: `afschrift letter send`, or `letter sent`."


def _address(intake: Intake) -> str | None:
    """The e-mail address among the keys of a person whom the channel had authenticated."""
    for value in intake.keys.values():
        try:
            return checked_address(value.strip())
        except RefusedError:
            continue
    return None


def case_of_message(register: Register, intake: Intake) -> str | None:
    """The case that this message opened, or None.

    The same are text, channel, receipt, who made it, the person's name, identity keys and rights. How the
    answer is given (formats, language, destination) is not part of it. Texts are compared by an HMAC under
    the key of each case in question, so nothing is kept for this; where a key was destroyed, none is found.
    """
    message, received = intake.message.encode(), rfc3339(intake.received_at)
    # an import of thousands of lines of one day compares each with the few of the same person alone
    among = {row.case_id for row in register.identities.with_keys(_keys(intake))} if intake.keys else None
    for case in register.cases.with_message(message, intake.channel, received, intake.made_by, among):
        requests = register.cases.get(case).requests
        before = register.cases.parties(case).get("person", {}).get("name")
        if intake.person is not None and before and intake.person.name not in (None, before):
            continue  # a representative of two persons
        if all(_same(register, request_id, intake) for request_id in requests):
            return case
    return None


def _keys(intake: Intake) -> tuple[Key, ...]:
    return tuple(Key(name, value.strip()) for name, value in intake.keys.items() if value.strip())


@dataclass(frozen=True)
class LikelySame:
    """Requests that a message may repeat, each by id.

    Attributes:
        message: of the same text, received within a week of it.
        person: with one of the same identity keys.
    """

    message: tuple[str, ...]
    person: tuple[str, ...]

    @property
    def requests(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(dict.fromkeys((*self.message, *self.person)))


def likely_same(register: Register, intake: Intake, by: str) -> LikelySame:
    """Requests that may be of the same message or person. For each of the person the search is an event."""
    near = [rfc3339(intake.received_at + days) for days in (-_NEAR, _NEAR)]
    cases = register.cases.with_text(intake.message.encode(), near[0], near[1])
    message = tuple(request for case in cases for request in register.cases.get(case).requests)
    person = tuple(row.id for row in register.identities.with_keys(_keys(intake)))
    for request in person:
        register.trail.record(request, NewEvent("request_viewed", by, {"role": "intake"}))
    return LikelySame(message, person)


def _same(register: Register, request_id: str, intake: Intake) -> bool:
    given = {key.name: key.value for key in _keys(intake)}
    try:
        kept = {key.name: key.value for key in register.identities.of(request_id)}
    except RefusedError:  # its key was destroyed, so its keys cannot be compared any more
        return False
    right = register.requests.get(request_id).right
    return kept == given and (intake.unclear or right in intake.requested)


def stored_lines(stored: StoredCase) -> Iterator[str]:
    """Lines on a message that was stored before, on what is not fulfilled here, and what is left to do."""
    if stored.found:
        yield (
            f"This message is stored as case {stored.case} already: no other is opened, and its requests "
            "keep their options."
        )
    for other in stored.matters:
        if other is Matter.DECEASED:
            yield (
                f"Case {stored.case} is about a person who died: the GDPR does not cover them (R17). Its run "
                "reads nothing and asks an officer. National rules may: hand it over to the desk that knows "
                "them. The requester may ask for their own data in another request; living persons who "
                "appear in the data keep their protection."
            )
        else:
            yield f"{other} (Art. {other.article}) is in case {stored.case}; it is not fulfilled here."
        way = f'afschrift case hand-over {stored.case} --right {other} --to "DESK" --reference CODE'
        yield f"Hand it over, then record it: `{way}`. Until then it is named as waiting (R05)."
