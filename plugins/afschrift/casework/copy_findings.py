"""When a file goes that lies at a destination, with the words that open it, and why (R69, R78).

At its end, or at once where the request is given up or its key is destroyed. The letter names the last day of
the file; days are counted as Regulation 1182/71 does: not the day of delivery, and the last one whole.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from afschrift.casework.run_findings import SweepCode, SweepFinding
from afschrift.domain.instants import rfc3339
from afschrift.domain.request import RequestStatus
from afschrift.domain.state import State
from afschrift.law.clock.deadline import local_date
from afschrift.register.deliveries import BEGUN, DeliveryRow

KEY_DESTROYED, NEVER_ARRIVED, CONFIRMED, EXPIRED = "key_destroyed", "never_arrived", "confirmed", "expired"
_GIVEN_UP = (State.WITHDRAWN, State.MERGED, State.REFUSED, State.NOT_RECEIVED, State.PERSON_DECEASED)
_CLOCK = time(1)
"""A clock may be an hour ahead, and the last day is the person's whole."""


def end_of(day: date, zone: str) -> datetime:
    """Return when a file goes whose last day this is."""
    return datetime.combine(day + timedelta(1), _CLOCK, ZoneInfo(zone)).astimezone(UTC)


def last_day(row: DeliveryRow, days: int, zone: str) -> date:
    """Return the last whole day on which a file is there; `days`: of its destination."""
    if row.expires_at is None:  # of an earlier version
        return local_date(row.delivered_at, zone) + timedelta(days)
    ends = datetime.fromisoformat(row.expires_at).astimezone(ZoneInfo(zone))
    return (ends - timedelta(days=1, hours=_CLOCK.hour)).date()  # by the clock on the wall


def goes_at(row: DeliveryRow, days: int, zone: str) -> datetime:
    """Return when a file goes at the latest."""
    return (
        datetime.fromisoformat(row.expires_at) if row.expires_at else end_of(last_day(row, days, zone), zone)
    )


def of_copy(row: DeliveryRow, status: RequestStatus, days: int, now: datetime) -> SweepFinding | None:
    """Return the finding about a file that should be gone, or None.

    Where the rest of a request is refused, the part that it gave stays as long as the letter of that part
    says.
    """
    why, since = "", status.active_at
    if not status.readable:
        why = KEY_DESTROYED
    elif status.state in _GIVEN_UP and (status.state is not State.REFUSED or row.kind == "full"):
        why = status.state.value
    elif row.state == BEGUN:
        is_open = status.state is None or status.state.open
        why = "" if is_open and row.expires_at is None else NEVER_ARRIVED
    else:
        ends = goes_at(row, days, status.zone)
        why, since = "" if now < ends else CONFIRMED if row.confirmed_at else EXPIRED, rfc3339(ends)
    if not why:
        return None
    return SweepFinding(SweepCode.COPY, row.request, since, delivery=row.id, why=why)
