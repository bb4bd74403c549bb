"""Times as RFC 3339 text in UTC, for databases that keep times as text or know no zones."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from afschrift.domain.instants import rfc3339


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def utc_text(text: str | None, zone: str) -> str | None:
    """`2024-07-01 12:00` in Amsterdam is `2024-07-01T10:00:00.000000Z`; no time: None.

    Args:
        text: ISO 8601; one with an offset keeps its instant.
        zone: IANA name; whose clock a time without an offset follows.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=_zone(zone))
        return rfc3339(moment)
    except (ValueError, OverflowError):
        return None
