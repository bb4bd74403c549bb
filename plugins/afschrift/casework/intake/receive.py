"""Take an incoming request, and confirm its receipt at once where the policy says so (R04)."""

from __future__ import annotations

from collections.abc import Callable

from afschrift.app.jurisdiction import load_jurisdiction
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.store_request import StoredCase, take_in
from afschrift.casework.letters.make import make
from afschrift.casework.letters.send import send
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.law.clock.clock import clock
from afschrift.law.clock.deadline import local_date
from afschrift.letters.mail_message import checked_address
from afschrift.register.open import open_register
from afschrift.register.register import Register
from afschrift.services import Services

KIND = "acknowledgement"
BY = "system"


def receive(
    settings: Settings, services: Services, intake: Intake, by: str, say: Callable[[str], None]
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
    if intake.authenticated is not None and services.inventory.policy.acknowledge == "automatic":
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
    made = make(officer, request_id, KIND, {"to": to} if to else {})
    letter = made.letter
    assert letter is not None  # `make` keeps it
    if letter.mailed and settings.mail is not None:
        letter = send(settings, register, letter.id, BY)
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
    for case in register.cases.with_message(message, intake.channel, received, intake.made_by):
        requests = register.cases.get(case).requests
        before = register.cases.parties(case).get("person", {}).get("name")
        if intake.person is not None and before and intake.person.name not in (None, before):
            continue  # a representative of two persons
        if all(_same(register, request_id, intake) for request_id in requests):
            return case
    return None


def _same(register: Register, request_id: str, intake: Intake) -> bool:
    given = {name: value.strip() for name, value in intake.keys.items()}
    try:
        kept = {key.name: key.value for key in register.identities.of(request_id)}
    except RefusedError:  # its key was destroyed, so its keys cannot be compared any more
        return False
    right = register.requests.get(request_id).right
    return kept == given and (intake.unclear or right in intake.requested)
