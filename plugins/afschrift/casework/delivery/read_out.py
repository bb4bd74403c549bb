"""Words that open a delivered file, given by an officer on another channel than its letter (R69)."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from afschrift.app.destination_options import SECRET_WAYS
from afschrift.app.options import read_options
from afschrift.app.settings import Settings
from afschrift.casework.delivery.removing import lies_there, link_of, must_not_be_over
from afschrift.casework.letters.addressee import WITH_BUNDLE
from afschrift.casework.letters.make import facts_with
from afschrift.casework.officer import Officer
from afschrift.domain.errors import (
    ConfigurationError,
    FormError,
    RetriableError,
    TooLateError,
)
from afschrift.domain.language import gettext
from afschrift.encryption.secret import apart
from afschrift.law.letter import SMTP, LetterState, SendingChannel
from afschrift.letters.compose import letter_templates
from afschrift.letters.html import ElementTexts
from afschrift.letters.words import LetterWords
from afschrift.register.deliveries import LINK_SHOWN, SECRET_SENT, SECRET_SHOWN, DeliveryRow

SMS = "sms"
_CHANNELS = {
    SMTP: "mail",
    SendingChannel.EMAIL: "mail",
    SendingChannel.REGISTERED_POST: "post",
}
"""Ways of a letter that are one channel; any other is a channel of its own."""
_NUMBER = re.compile(r"\+?[0-9]{6,15}")
_SECONDS = 20
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def read_words(officer: Officer, delivery: str) -> str:
    """The words of a delivery. The look is an event.

    Raises:
        TooLateError: they are destroyed, there never were any, or the file is to be removed.
    """
    row, words = kept_words(officer, delivery)
    must_not_be_over(officer, row)
    officer.register.deliveries.record(row.id, SECRET_SHOWN, officer.by)
    return words


def read_link(officer: Officer, delivery: str) -> str:
    """Address at which a person fetches a delivery from a portal. The look is an event.

    Raises:
        TooLateError: it does not lie there any more, or at no portal.
    """
    row = officer.register.deliveries.get(delivery)
    link = link_of(officer.settings, officer.register, row)
    if link is None:
        raise TooLateError(
            f"Delivery {row.id} lies at no portal.",
            remedy=f"to give the answer again: `afschrift delivery again {row.id}`.",
        )
    officer.register.deliveries.record(row.id, LINK_SHOWN, officer.by)
    return link


def kept_words(officer: Officer, delivery: str) -> tuple[DeliveryRow, str]:
    """A delivery with its words.

    Raises:
        TooLateError: as `read_words`.
    """
    row = officer.register.deliveries.get(delivery)
    secret = officer.register.deliveries.secret(delivery) if lies_there(row) else None
    if secret is None:
        raise TooLateError(
            f"No words are kept that open delivery {row.id}.",
            remedy=f"to give the answer again, with new words: `afschrift delivery again {row.id}`.",
        )
    return row, apart(secret)[0]


def enter_words_sent(officer: Officer, delivery: str, channel: str, on: date | None) -> None:
    """Record how the words went, and on which day; never the words.

    Raises:
        FormError: the letter went by the same channel, the channel is none, or the day lies in the future.
        TooLateError: as `read_words`.
    """
    row, _ = kept_words(officer, delivery)
    require_second_channel(officer, row, channel)
    today = officer.today(officer.register.facts.timeline(row.request).zone)
    day = on or today
    if day > today:
        raise FormError.listing(
            gettext("The words did not go yet."),
            {"on": gettext("lies in the future")},
            remedy=gettext("enter it once they went. Nothing was recorded."),
        )
    payload = {"channel": channel, "on": day.isoformat()}
    officer.register.deliveries.record(row.id, SECRET_SENT, officer.by, payload)


def require_second_channel(officer: Officer, row: DeliveryRow, channel: str) -> None:
    """Refuse the channel by which the letter went: who reads the one then reads the other.

    Raises:
        FormError: it is that channel, or none of `SECRET_WAYS`.
    """
    if channel not in SECRET_WAYS:
        raise FormError.listing(
            gettext("The words do not go this way."),
            {"channel": gettext("is none of {ways}", ways=", ".join(SECRET_WAYS))},
            remedy=gettext(
                "the letter goes by e-mail, so the words go by another channel. Nothing was recorded."
            ),
        )
    letters = officer.register.letters.all(request_id=row.request)
    went = [each for each in letters if each.kind in WITH_BUNDLE and each.state is LetterState.SENT]
    if channel in {_CHANNELS.get(each.channel or "", each.channel) for each in went}:
        raise FormError.listing(
            gettext("The letter went by this channel too."),
            {"channel": gettext("who opens the letter would have the words as well")},
            remedy=gettext(
                "read the words out on the telephone, or give them in person. Nothing was recorded."
            ),
        )


def send_words(officer: Officer, delivery: str, number: str) -> None:
    """Send the words by SMS; the number is not kept.

    Raises:
        FormError: it is no telephone number.
        ConfigurationError: no SMS gateway is configured, or not well.
        RetriableError: the gateway did not take it.
        TooLateError: as `read_words`.
    """
    row, words = kept_words(officer, delivery)
    must_not_be_over(officer, row)
    require_second_channel(officer, row, SMS)
    digits = re.sub(r"[\s().-]", "", number)
    if not _NUMBER.fullmatch(digits):
        raise FormError.listing(
            gettext("This is no telephone number."),
            {"number": gettext("digits alone, with + and the country before them")},
            remedy=gettext("correct it. Nothing was sent."),
        )
    request = officer.register.requests.get(row.request)
    texts = LetterWords.load(officer.settings.folder("letters"), request.language)
    text = texts.say("words_sheet", "sms").format(reference=request.id, words=words)
    _post(officer.settings, digits, text)
    enter_words_sent(officer, delivery, SMS, None)


def _post(settings: Settings, number: str, text: str) -> None:
    """Hand an SMS to the gateway: one POST of a JSON body."""
    import httpx  # heavy, and seldom needed

    options = gateway(settings)
    body = {**options.get("body", {}), options.get("number", "to"): number, options.get("text", "text"): text}
    login = (options["login"], options.get("password") or "") if options.get("login") else None
    way_out = gettext("read the words out on the telephone instead.")
    try:
        answer = httpx.post(
            options["url"], json=body, headers=options.get("headers"), auth=login, timeout=_SECONDS
        )
    except httpx.ConnectError:
        raise RetriableError(
            gettext("The SMS gateway cannot be reached. Nothing was sent."), remedy=way_out
        ) from None
    except httpx.HTTPError:
        raise RetriableError(
            gettext("The SMS gateway did not answer in time: the words may have gone."), remedy=way_out
        ) from None
    if not answer.is_success:
        raise RetriableError(
            gettext("The SMS gateway refused it (HTTP {status}).", status=answer.status_code), remedy=way_out
        )


def gateway(settings: Settings) -> dict[str, Any]:
    """Options of the SMS gateway.

    Raises:
        ConfigurationError: there is none, or its address would send words in the clear.
    """
    if settings.sms is None:
        raise ConfigurationError(
            "No SMS gateway is configured (AFSCHRIFT_SMS).",
            remedy="set it (docs/delivery.md), or let `secret_by` be another channel.",
        )
    options = read_options(settings.sms, "the SMS gateway (AFSCHRIFT_SMS)", "docs/delivery.md")
    url = urlsplit(str(options.get("url", "")))
    if not url.hostname or (
        url.scheme != "https" and (url.scheme != "http" or url.hostname not in _LOOPBACK)
    ):
        raise ConfigurationError(
            "The address of the SMS gateway (AFSCHRIFT_SMS) is no https address.",
            remedy="give it as `url`; docs/delivery.md lists the rest.",
        )
    return options


def words_sheet(officer: Officer, delivery: str, words: str) -> str:
    """A page with the words, addressed as letters are, to be printed and put into an envelope."""
    row = officer.register.deliveries.get(delivery)
    facts = facts_with(officer, row.request, WITH_BUNDLE[0])
    folder = officer.settings.folder("letters")
    texts = LetterWords.load(folder, facts.language).to(facts.relation, facts.names)
    values = {name: value for name, value in facts.values.items() if value}
    template = letter_templates(folder, facts.language).get_template("words_sheet.html.j2")
    return template.render(
        e=ElementTexts(values, texts, {}),
        w=texts,
        words=words.split(),
        language=facts.language,
        subject=texts.say("words_sheet", "title"),
    )
