"""Actions on a delivery: let it lie longer, take it away, give it again, and what became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pydantic import Field

from afschrift.app.destination_options import SECRET_WAYS
from afschrift.casework.actions.action import (
    ActionTable,
    Code,
    Day,
    Done,
    Instant,
    NothingMore,
    Parameters,
    Situation,
    Subject,
    Words,
    codes,
    done_with,
)
from afschrift.casework.copy_findings import CONFIRMED, end_of
from afschrift.casework.delivery.again import GIVEN, give_again, openable
from afschrift.casework.delivery.misdelivered import report
from afschrift.casework.delivery.read_out import (
    enter_words_sent,
    read_link,
    read_words,
    send_words,
    words_sheet,
)
from afschrift.casework.delivery.removing import (
    lies_there,
    must_not_be_over,
    place_of,
    renewed,
    take_away,
)
from afschrift.casework.delivery.view import is_frozen
from afschrift.casework.officer import Officer
from afschrift.domain.errors import TooLateError
from afschrift.domain.files import LONGEST_LINK, ShowsBundles
from afschrift.domain.language import gettext, say
from afschrift.encryption.portal_file import PORTAL
from afschrift.law.dispute import holds, under_hold
from afschrift.register.deliveries import FROZEN, REVOKED, UNFROZEN, DeliveryRow


class MisdeliveryParameters(Parameters):
    """Of a delivery that reached another person or place."""

    known_at: Instant | None = Field(
        None,
        title="Known since",
        description="As 2026-03-02T10:00:00+01:00; empty: now. The 72 hours run from then.",
    )
    text: Words = Field(title="What happened")


class WordsSentParameters(Parameters):
    """Of words that an officer gave."""

    channel: Code = codes(
        SECRET_WAYS, title="Channel", description="How the words went; another way than the letter."
    )
    on: Day | None = Field(None, title="Day", description="On which they went; empty: today.")


class SmsParameters(Parameters):
    """Of words that go by SMS."""

    number: Words = Field(
        title="Telephone number",
        description="Of whom the delivery is for, as their identity was verified. It is not kept.",
        json_schema_extra={"kept": False},
    )


def _words_gone(officer: Officer, delivery: str) -> Done:
    line = gettext("The words can be shown again until the file is removed.")
    return _done(officer, officer.register.deliveries.get(delivery), [line])


def _arrived(officer: Officer, delivery: str) -> DeliveryRow:
    row = officer.register.deliveries.get(delivery)
    if not row.delivered_at:
        raise TooLateError(
            f"Delivery {row.id} was begun and did not arrive.",
            remedy=f"`afschrift run {row.request}` goes on with it. Nothing was changed.",
        )
    return row


def _lying(officer: Officer, delivery: str) -> DeliveryRow:
    row = _arrived(officer, delivery)
    if not lies_there(row):
        raise TooLateError(
            f"What was delivered as {row.id} does not lie at its destination any more.",
            remedy=f"to give it again, with the data of today: `afschrift delivery again {row.id}`.",
        )
    if found := officer.register.disputes.holds(row.request):
        raise under_hold(row.request, found, "what lies at its destination stays")
    return row


def _done(officer: Officer, row: DeliveryRow, lines: list[str], shown: str | None = None) -> Done:
    return done_with(officer, row.request, lines or [row.id], shown=shown)


def _lies(at: Situation) -> bool:
    return at.delivery is not None and lies_there(at.delivery) and not holds(at.timeline)


def _opens_by_words(at: Situation) -> bool:
    return at.delivery is not None and lies_there(at.delivery) and at.delivery.has_secret


def _is_frozen(at: Situation) -> bool:
    if at.delivery is None or not _has_page(at):
        return False
    row, evidence = at.delivery, at.officer.register.evidence
    found = evidence.of_types(row.request, FROZEN, UNFROZEN, skip=True)
    return is_frozen(header.type for header, payload in found if (payload or {}).get("delivery") == row.id)


def _has_page(at: Situation) -> bool:
    return _opens_by_words(at) and at.delivery is not None and at.delivery.encryption == PORTAL


def _has_gateway(at: Situation) -> bool:
    return _opens_by_words(at) and at.officer.settings.sms is not None


ACTIONS = ActionTable(Subject.DELIVERY)


@ACTIONS.row(
    "words",
    "Show the words",
    _opens_by_words,
    sheet=words_sheet,
)
def _words(officer: Officer, delivery: str, _given: NothingMore) -> Done:
    """Show the six words that open what was delivered, to read them out or to print them for an envelope.

    That you looked is recorded. Give them on another channel than the letter, and enter how they went.
    """
    row, words = officer.register.deliveries.get(delivery), read_words(officer, delivery)
    return _done(officer, row, [gettext("Then enter how they went.")], words)


@ACTIONS.row(
    "link",
    "Show the link",
    _has_page,
)
def _link(officer: Officer, delivery: str, _given: NothingMore) -> Done:
    """Show the address at which the person fetches what was delivered, as the letter has it.

    That you looked is recorded.
    """
    row, link = officer.register.deliveries.get(delivery), read_link(officer, delivery)
    line = gettext(
        "Give it only to the person whose identity was verified, and the words on another channel."
    )
    return _done(officer, row, [line], link)


@ACTIONS.row(
    "unfreeze",
    "Unfreeze it",
    _is_frozen,
)
def _unfreeze(officer: Officer, delivery: str, _given: NothingMore) -> Done:
    """Let what was frozen after too many wrong words be fetched again.

    First find out who tried: if it was not the person, take it away.
    """
    row = _arrived(officer, delivery)
    place = place_of(officer, row)
    if isinstance(place, ShowsBundles):
        place.unfreeze(row.name)
    officer.register.deliveries.record(row.id, UNFROZEN, officer.by)
    return _done(officer, row, [gettext("It can be fetched again, with the same link and words.")])


@ACTIONS.row(
    "words-sent",
    "Enter how the words went",
    _opens_by_words,
)
def _words_sent(officer: Officer, delivery: str, given: WordsSentParameters) -> Done:
    """Enter on which day and by which channel the words went to the person.

    The words are not entered.
    """
    enter_words_sent(officer, delivery, given.channel, given.on)
    return _words_gone(officer, delivery)


@ACTIONS.row(
    "words-sms",
    "Send the words by SMS",
    _has_gateway,
)
def _sms(officer: Officer, delivery: str, given: SmsParameters) -> Done:
    """Send the six words to a telephone.

    Where the SMS gateway does not take them, read them out.
    """
    send_words(officer, delivery, given.number)
    return _words_gone(officer, delivery)


@ACTIONS.row(
    "renew",
    "Let it lie longer",
    _lies,
)
def _renew(officer: Officer, delivery: str, _given: NothingMore) -> Done:
    """Let what was delivered lie at its destination longer, from today on for the days of the destination.

    A store gives a new link. No new request, and no new data.
    """
    row = _lying(officer, delivery)
    must_not_be_over(officer, row)
    zone = officer.register.requests.get(row.request).zone
    day = officer.today(zone) + timedelta(days=officer.settings.days(row.destination))
    until = end_of(day, zone)
    link = renewed(officer, row, until)
    officer.register.deliveries.expire(row.id, until, officer.by)
    lines = [gettext("It lies there until {day}.", day=say(str(day)))]
    if link:
        lines.append(gettext("Its link works for {days} days at most.", days=LONGEST_LINK.days))
    return _done(officer, row, lines, link)


@ACTIONS.row(
    "revoke",
    "Take it away",
    _lies,
)
def _revoke(officer: Officer, delivery: str, _given: NothingMore) -> Done:
    """Remove what lies at the destination, and its words:

    it can be fetched no more.
    """
    row = _lying(officer, delivery)
    return _done(officer, row, take_away(officer, row, "revoked", REVOKED))


@ACTIONS.row(
    "received",
    "Enter that the person has it",
    _lies,
)
def _received(officer: Officer, delivery: str, _given: NothingMore) -> Done:
    """Enter that the person said that they have it.

    What lies at the destination is removed at once.
    """
    row = _arrived(officer, delivery)
    officer.register.deliveries.confirm(row.id, "person", officer.by)
    goes = lies_there(row) and not officer.register.disputes.holds(row.request)
    return _done(officer, row, take_away(officer, row, CONFIRMED) if goes else [])


@ACTIONS.row(
    "again",
    "Give it again, with the data of today",
    lambda at: at.delivery is not None and at.timeline.state in GIVEN and not openable(at.delivery),
)
def _again(officer: Officer, delivery: str, _given: NothingMore) -> Done:
    """Give the answer again, where what was delivered cannot be opened or fetched any more.

    The next run of the same request reads anew, so the data are of another day. The first answer counts
    for the period.
    """
    request = officer.register.deliveries.get(delivery).request
    timeline = give_again(officer, request)
    words = gettext(
        "The next run reads the data of that day and delivers them: `afschrift run {request}`.",
        request=request,
    )
    return Done([timeline], [words])


@ACTIONS.row(
    "misdelivered",
    "Report that it reached another",
    lambda at: at.delivery is not None and bool(at.delivery.delivered_at),
)
def _misdelivered(officer: Officer, delivery: str, given: MisdeliveryParameters) -> Done:
    """Report that it reached another person or place (R71).

    What lies at the destination is removed at once, also under a hold. It is an incident with a number;
    the authority is notified within 72 hours of knowing it, unless a risk to the person is unlikely (Art.
    33).
    """
    row = _arrived(officer, delivery)
    question, lines = report(officer, row, given.known_at, given.text)
    return replace(_done(officer, row, lines), question=question)
