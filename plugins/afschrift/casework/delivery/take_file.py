"""Take the encrypted file from its destination, to hand it over in person; an event."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack

from afschrift.casework.delivery.removing import place_of
from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.files import KeepsBundles
from afschrift.domain.language import gettext
from afschrift.law.roles import Act
from afschrift.register.deliveries import DeliveryRow

_CHUNK = 1 << 20


def take_file(officer: Officer, row: DeliveryRow) -> Iterator[bytes]:
    """The file as it arrived, checked before its first byte is given.

    Raises:
        NotAllowedError: they may not decide; the attempt is an event.
        RefusedError: it is open, is not kept any more, or is not what arrived.
        RetriableError: the destination does not answer.
    """
    authority = officer.acting(row.request, Act.DECIDE, "delivery_taken")
    place = place_of(officer, row)
    if row.encryption == "none" or not isinstance(place, KeepsBundles):
        raise RefusedError(
            gettext("Only an encrypted file, from a place that can be read, is taken from here.")
        )
    known = officer.register.deliveries.arrived(row.id)
    with ExitStack() as opened:
        try:
            file = opened.enter_context(place.opened(row.name))
        except FileNotFoundError:
            raise RefusedError(gettext("What was sent is not kept any more.")) from None
        there = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type] # any binary stream does
        if known is None or there.hexdigest() != known[0]:
            raise RefusedError(gettext("What is kept there is not what was sent."))
        payload = {"delivery": row.id, "held": authority}
        officer.register.trail.record(row.request, NewEvent("delivery_taken", officer.by, payload))
        file.seek(0)
        stays = opened.pop_all()

    def chunks() -> Iterator[bytes]:
        with stays:
            yield from iter(lambda: file.read(_CHUNK), b"")

    return chunks()
