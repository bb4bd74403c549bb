"""Deliveries as officers see them: where each lies, until when, and whether its words went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from afschrift.casework.copy_findings import last_day
from afschrift.casework.delivery.read_out import SMS
from afschrift.casework.delivery.removing import lies_there
from afschrift.casework.officer import Officer
from afschrift.domain.event import Header
from afschrift.domain.instants import on_the_wall
from afschrift.domain.language import gettext, say
from afschrift.encryption.registry import opens_by_words
from afschrift.law.clock.facts import FactKind
from afschrift.law.dispute import holds
from afschrift.questions.view import in_words
from afschrift.register.deliveries import (
    FETCHED,
    FROZEN,
    SECRET_SENT,
    SECRET_SHOWN,
    UNFROZEN,
    DeliveryRow,
)

_HIDDEN = ("sha256", "name")


@dataclass(frozen=True)
class SeenDelivery:
    """A delivery with what became of it.

    Attributes:
        lies: its file was not removed, as far as the register knows.
        words: what became of the words that open it, in words; empty: it takes none.
        place: where it lies and until when, or that it was removed, in words.
        remarks: of a hold, and of a letter that came back after the words went, in words.
    """

    row: DeliveryRow
    lies: bool
    words: str
    place: str
    remarks: tuple[str, ...]

    @property
    def line(self) -> str:
        """Of a list."""
        parts = (self.row.id, self.row.request, self.row.kind, self.place, self.words, *self.remarks)
        return "  ".join(filter(None, parts))

    def document(self) -> dict[str, Any]:
        """The same as JSON; no digest, and no words that open anything."""
        shown = {name: value for name, value in asdict(self.row).items() if name not in _HIDDEN}
        return {**shown, "lies": self.lies, "words": self.words, "remarks": list(self.remarks)}


def seen_deliveries(officer: Officer, request_id: str) -> list[SeenDelivery]:
    """The deliveries of a request, the newest first."""
    register = officer.register
    rows = register.deliveries.of(request_id, begun=True)
    if not rows:
        return []
    timeline = register.facts.timeline(request_id)
    types = (SECRET_SHOWN, SECRET_SENT, FETCHED, FROZEN, UNFROZEN)
    happened = register.evidence.of_types(request_id, *types, skip=True)
    returned = max((fact.at for fact in timeline.of(FactKind.LETTER_BOUNCED)), default="")
    held = bool(holds(timeline))

    def seen(row: DeliveryRow) -> SeenDelivery:
        of_row = [(header, payload or {}) for header, payload in happened]
        of_row = [(header, payload) for header, payload in of_row if payload.get("delivery") == row.id]
        went = [event for event in of_row if event[0].type in (SECRET_SHOWN, SECRET_SENT)]
        sent = [event for event in went if event[0].type == SECRET_SENT]
        lies, last = lies_there(row), went[-1] if went else None
        remarks = list(_at_portal([header for header, _ in of_row], lies, timeline.zone))
        by_sms = officer.settings.sms and officer.settings.options_of(row.destination)
        if by_sms and lies and row.has_secret and not sent and by_sms.protection().secret_by == SMS:
            remarks.append(gettext("Send the words by SMS first: the letter says that they come so."))
        if lies and held:
            remarks.append(gettext("A hold is in force: nothing of it is removed."))
        if last and returned > last[0].at:
            remarks.append(gettext("The letter came back after the words were given."))
        words = _words(row)
        if sent:
            header, payload = sent[-1]
            at = say(str(payload["on"])) if "on" in payload else on_the_wall(header.at, timeline.zone)
            channel = in_words(payload["channel"]).lower()
            words = gettext("The words went on {at}: {channel}.", at=at, channel=channel)
        elif last:
            at = on_the_wall(last[0].at, timeline.zone)
            words = gettext("The words were shown on {at}. How they went is not entered.", at=at)
        return SeenDelivery(row, lies, words, _place(officer, row, timeline.zone), tuple(remarks))

    return [seen(row) for row in reversed(rows)]


def _at_portal(events: Sequence[Header], lies: bool, zone: str) -> Iterator[str]:
    """What a portal said of it."""
    if fetched := [event for event in events if event.type == FETCHED]:
        yield gettext("It was downloaded on {at}.", at=on_the_wall(fetched[-1].at, zone))
    if lies and is_frozen(event.type for event in events):
        yield gettext("Too many wrong words were tried: it is frozen until an officer unfreezes it.")


def is_frozen(events: Iterable[str]) -> bool:
    """Whether a portal gives it to no one, by the types of its events in order."""
    last = [event for event in events if event in (FROZEN, UNFROZEN)]
    return last[-1:] == [FROZEN]


def _words(row: DeliveryRow) -> str:
    if row.has_secret:
        return gettext("The words did not go yet.")
    return gettext("The words are destroyed.") if opens_by_words(row.encryption) else ""


def _place(officer: Officer, row: DeliveryRow, zone: str) -> str:
    where = {"destination": row.destination}
    if row.destroyed_at:
        return gettext("Removed from {destination} on {at}.", at=on_the_wall(row.destroyed_at, zone), **where)
    if not row.delivered_at:
        return gettext("Begun, and not arrived at {destination}.", **where)
    if row.confirmed_at:
        return gettext("The person has it; it lies at {destination} still.", **where)
    until = last_day(row, officer.settings.days(row.destination), zone)
    return gettext("Lies at {destination} until {day}.", day=say(str(until)), **where)
