"""A delivery that reached another person or place: an incident, and the 72 hours of Art. 33 (R71)."""

from __future__ import annotations

from datetime import datetime

from afschrift.casework.delivery.removing import freeze
from afschrift.casework.identity.breach import HOURS, ask_about_incident
from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError
from afschrift.domain.instants import on_the_wall, rfc3339
from afschrift.domain.language import gettext
from afschrift.domain.request import new_id
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.register.deliveries import MISDELIVERED, DeliveryRow


def report(officer: Officer, row: DeliveryRow, known_at: datetime | None, text: str) -> tuple[str, list[str]]:
    """Take what was delivered away, record an incident, and ask whether it is a breach.

    Args:
        officer: who reports it.
        row: the delivery.
        known_at: when the controller got to know it; None: now.
        text: what happened, in words.

    Returns:
        The id of the question, and what remains to be done, in words.

    Raises:
        NotAllowedError: they may not decide; the attempt is an event.
        RefusedError: the instant is in the future, or before the delivery.
    """
    known = rfc3339(known_at or officer.now)
    if not row.delivered_at <= known <= rfc3339(officer.now):
        raise RefusedError(
            "What is known of a delivery was known after it, and not in the future.",
            remedy="give the instant with its zone, such as 2026-03-02T10:00:00+01:00. Nothing was recorded.",
        )
    register, incident = officer.register, new_id("inc")
    authority = officer.deciding(row.request, "misdelivered")
    detail = {"delivery": row.id, "incident": incident}
    fact = NewFact(FactKind.MISDELIVERED, instant=known, detail=detail)
    with register.write_together():
        timeline = register.facts.record(
            row.request, lambda _: [fact], officer.by, authority=authority, text=text
        )
        asked, until = ask_about_incident(register, row, incident, known)
    lines = [
        gettext("Incident {incident}. Ask the data protection officer for advice now.", incident=incident),
        gettext(
            "If it is a risk to the person, the authority is notified by {until} ({hours} hours, Art. 33).",
            until=on_the_wall(rfc3339(until), timeline.zone),
            hours=HOURS,
        ),
        *freeze(officer, row.request, MISDELIVERED, "misdelivered"),
    ]
    return asked, lines
