"""Instants as they are written everywhere: RFC 3339, UTC, microseconds, `Z`; so text order is time order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from afschrift.domain.errors import RefusedError

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """Format an aware datetime, for example `2026-03-02T09:00:00.000000Z`."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def on_the_wall(text: str, zone: str) -> str:
    """An instant in local time of a zone, to the minute."""
    return datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def instant(text: str) -> str:
    """Convert an ISO 8601 time to the form of the register.

    Raises:
        RefusedError: no ISO 8601 time, or one without a zone.
    """
    try:
        return rfc3339(datetime.fromisoformat(text))
    except ValueError:
        raise RefusedError(
            "A time of the request is not an instant.",
            remedy="write date, time and offset, for example 2026-03-02T09:00:00+01:00.",
        ) from None
