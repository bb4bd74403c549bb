"""The person's keys as the rows of the session's key table, with times in UTC, the same for every source."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import pyarrow as pa

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.instants import rfc3339
from afschrift.domain.keys import OF_SOFTWARE, Key, PersonKeys, key_form

KEY_TABLE = "afschrift_key"
PLAIN_NUMBER = r"0|-?[1-9][0-9]*|-?(0|[1-9][0-9]*)\.[0-9]*[1-9][0-9]*"
"""How a column of numbers spells a value. A fraction may end in noughts, as DECIMAL(10, 2) writes it."""
_PLAIN = re.compile(PLAIN_NUMBER)
_INSTANT = pa.timestamp("us", "UTC")
_SCHEMA = pa.schema(
    [
        ("person", pa.int32()),
        ("name", pa.string()),
        ("value", pa.string()),
        ("valid_from", _INSTANT),
        ("valid_to", _INSTANT),
        ("is_current", pa.bool_()),
        ("asked_at", _INSTANT),
    ]
)


def key_rows(*persons: PersonKeys, apart: bool = False) -> pa.Table:
    """One row a key: `person, name, value, valid_from, valid_to, is_current, asked_at`.

    A value has its normal form `exact`. A value with a NUL is left out: some databases cannot take one, and
    none of those holds one. So is a value of blanks alone, which is the key of no person.

    Args:
        persons: the keys of each; `person` is their number in this order, from 0.
        apart: a row with the letters taken apart (NFD) too, for a database that cannot compose them.
    """
    rows = [
        {
            "person": person,
            "name": key.name,
            "value": value,
            "valid_from": _moment(key.valid_from),
            "valid_to": _moment(key.valid_to),
            "is_current": key.valid_at(at),
            "asked_at": _moment(at),
        }
        for person, (keys, at) in enumerate(persons)
        for key in keys
        for value in _values(key, apart=apart)
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def key_json(table: pa.Table) -> str:
    """The same rows as JSON, for a session that may make no table."""
    return json.dumps(table.to_pylist(), default=datetime.isoformat)


def text_key_rows(
    *persons: PersonKeys, of_number: Callable[[str], object], apart: bool = False
) -> list[tuple[object, ...]]:
    """The same rows for databases without instants: times are RFC 3339 texts in UTC.

    The fourth column, `number`, holds a value that is a number as such, so that a column of numbers is
    compared with a number: a text would be compared as one in some databases, rounded in others.

    Args:
        persons: as of `key_rows`.
        of_number: a value as a number of the database; None: it has none that is exactly this.
        apart: as of `key_rows`.
    """
    return [
        (
            row["person"],
            row["name"],
            row["value"],
            of_number(row["value"]),
            _text(row["valid_from"]),
            _text(row["valid_to"]),
            int(row["is_current"]),
            _text(row["asked_at"]),
        )
        for row in key_rows(*persons, apart=apart).to_pylist()
    ]


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)


def _values(key: Key, *, apart: bool) -> Iterator[str]:
    value = key.value if key.name.startswith(OF_SOFTWARE) else key_form(key.value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"A key {key.name} of the person holds half of a sign (a lone surrogate), as no text does.",
            remedy="open the request anew with the key as the source has it.",
        ) from None
    if value and "\0" not in value:
        yield from dict.fromkeys([value, *([unicodedata.normalize("NFD", value)] if apart else [])])


def number(value: str, whole: int, decimals: int) -> Decimal | None:
    """A number in its plain spelling; None for `046`, `4.0`, and what has more digits than these."""
    if not _PLAIN.fullmatch(value):
        return None
    before, _, after = value.lstrip("-").partition(".")
    return Decimal(value) if len(before) <= whole and len(after) <= decimals else None


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


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
