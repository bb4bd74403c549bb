"""Take away what lies at a destination, with the words that open it."""

from __future__ import annotations

from datetime import datetime

from afschrift.app.settings import Settings
from afschrift.casework.copy_findings import of_copy
from afschrift.casework.officer import Officer
from afschrift.destinations.registry import open_destination
from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError, TooLateError
from afschrift.domain.files import LONGEST_LINK, Destination, ShowsBundles
from afschrift.domain.language import gettext
from afschrift.encryption.portal_file import PORTAL
from afschrift.encryption.secret import apart
from afschrift.register.deliveries import ARRIVED, DeliveryRow
from afschrift.register.register import Register


def place_of(officer: Officer, row: DeliveryRow) -> Destination:
    """The destination of a delivery.

    Raises:
        ConfigurationError: it is not configured any more, or has another address now.
    """
    place = open_destination(row.destination, officer.settings.destination(row.destination))
    must_be_its_place(row, place)
    return place


def must_be_its_place(row: DeliveryRow, destination: Destination) -> None:
    """Refuse a destination that has another address than a delivery went to.

    Raises:
        ConfigurationError: it has; the file would be looked for where it is not.
    """
    now = destination.address(row.name)
    if row.uri and row.uri.removeprefix("file://") != now.removeprefix("file://"):
        raise ConfigurationError(
            f"Delivery {row.id} lies at {row.uri}, and destination '{row.destination}' is now at {now}.",
            remedy="set its address back until what lies there is removed, and give the new address to a "
            "destination of another name.",
        )


def lies_there(row: DeliveryRow) -> bool:
    """Whether its file was not removed, as far as the register knows."""
    return bool(row.delivered_at) and row.destroyed_at is None


def must_lie_there(register: Register, request_id: str, bundle: str | None) -> None:
    """Refuse a letter about an answer whose file was taken away, unless the person has it.

    Raises:
        RefusedError: it was.
    """
    rows = [row for row in register.deliveries.of(request_id) if row.sha256 == bundle]
    if rows and all(row.destroyed_at and not row.confirmed_at for row in rows):
        row = rows[-1]
        raise RefusedError(
            f"What was delivered as {row.id} does not lie at its destination any more.",
            remedy=f"to give it again, with the data of today: `afschrift delivery again {row.id}`.",
        )


def must_not_be_over(officer: Officer, row: DeliveryRow) -> None:
    """Refuse to give the words of a file, or to let it lie longer, that the next sweep removes.

    Raises:
        TooLateError: the request was given up, or its time is over.
    """
    status = officer.register.oversight.status(row.request)
    if of_copy(row, status, officer.settings.days(row.destination), officer.now):
        raise TooLateError(
            f"What was delivered as {row.id} is to be removed: it is over.",
            remedy=f"if the answer is still due once it is gone: `afschrift delivery again {row.id}`.",
        )


def link_of(settings: Settings, register: Register, row: DeliveryRow) -> str | None:
    """Address of the page of a delivery; None: it lies at no portal, or not any more."""
    place = settings.options_of(row.destination)
    if row.encryption != PORTAL or not place.is_portal or not lies_there(row):
        return None
    link, fetched = apart(register.deliveries.secret(row.id) or "")[1], place.fetched_at()
    return fetched[0].replace("{file}", link) if link and fetched else None


def renewed(officer: Officer, row: DeliveryRow, until: datetime) -> str | None:
    """Let a place keep a file longer; a new link of a store, for `LONGEST_LINK` at most, or None."""
    if row.encryption == "none":
        return None
    place = place_of(officer, row)
    if isinstance(place, ShowsBundles):
        place.renew(row.name, until)
    return place.link(row.name, min(until, officer.now + LONGEST_LINK))


def take_away(officer: Officer, row: DeliveryRow, why: str, event: str | None = None) -> list[str]:
    """Remove a file and its words; returns what remains to be done, in words.

    `event`: of the record that it is over. That comes first: where the destination does not answer, the words
    go at once and the sweep goes on. It also takes what was begun: a run may be sending that.
    """
    deliveries = officer.register.deliveries
    if event:
        deliveries.expire(row.id, officer.now, officer.by, event)
    remains = gettext("It is not removed yet: the sweep tries again. Until then it can be fetched.")
    if row.state != ARRIVED:
        return [remains]
    try:
        place = place_of(officer, row)
        must_be_ours(officer.register, row, place)
        was_there = place.remove(row.name)
    except AfschriftError as error:
        if event:
            deliveries.destroy_secret(row.id, officer.by)
        return [remains, str(error)]
    deliveries.removed(row.id, why, officer.by)
    where = {"destination": row.destination}
    if not was_there:
        return [gettext("It was not at {destination} any more; its words are destroyed.", **where)]
    return [gettext("It is removed from {destination}, with its words.", **where)]


def must_be_ours(register: Register, row: DeliveryRow, destination: Destination) -> None:
    """Refuse to remove another file than was delivered, where its digest can still be known.

    Raises:
        RefusedError: another file has its name.
    """
    if row.state != ARRIVED:
        return
    try:
        known = register.deliveries.arrived(row.id)
    except (ConfigurationError, RefusedError):  # the key is destroyed, or this log-in cannot read it
        known = None
    digest = known[0] if known else row.sha256 if row.encryption == "none" else None
    if digest is None:
        return
    if (there := destination.find(row.name)) and there.sha256 != digest:
        raise RefusedError(
            f"Another file has the name {row.name} at the destination '{row.destination}'.",
            remedy="find out what it is and move it away; the next sweep goes on.",
        )


def freeze(officer: Officer, request_id: str, event: str, why: str) -> list[str]:
    """Take away all that lies at a destination for a request, also under a hold."""
    found = officer.register.deliveries.remaining(request_id)
    return [line for row in found for line in take_away(officer, row, why, event)]
