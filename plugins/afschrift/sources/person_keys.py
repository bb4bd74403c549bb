"""A person's keys as rows of `afschrift_key`, the temporary table that a session joins tables to.

Every kind of source gets the same rows, with times in UTC.
"""

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
"""How a column of numbers writes a value. A fraction may end in zeros, as in DECIMAL(10, 2)."""
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


def key_rows(*persons: PersonKeys, decomposed: bool = False) -> pa.Table:
    """Make a row for each key: `person, name, value, valid_from, valid_to, is_current, asked_at`.

    A value has the normal form `exact`. Values with a NUL are left out: some databases refuse them, and so
    cannot store one. Values of blanks only are left out too: they are no person's key.

    Args:
        persons: the keys of each person; `person` is the position in this order, from 0.
        decomposed: add a row with decomposed letters (NFD), for a database that cannot compose them.
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
        for value in _values(key, decomposed=decomposed)
    ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def key_json(table: pa.Table) -> str:
    """Write the rows as JSON, for a session that has no right to make a table."""
    return json.dumps(table.to_pylist(), default=datetime.isoformat)


def text_key_rows(
    *persons: PersonKeys, of_number: Callable[[str], object], decomposed: bool = False
) -> list[tuple[object, ...]]:
    """Make the rows of `key_rows` for databases without instants: times are RFC 3339 texts in UTC.

    The fourth column, `number`, holds the value as a number, so that a column of numbers is compared with a
    number. Compared with a text, some databases would compare texts, and others would round.

    Args:
        persons: as in `key_rows`.
        of_number: converts a value to a number of the database; None if no number is exactly equal.
        decomposed: as in `key_rows`.
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
        for row in key_rows(*persons, decomposed=decomposed).to_pylist()
    ]


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else rfc3339(instant)


def _values(key: Key, *, decomposed: bool) -> Iterator[str]:
    value = key.value if key.name.startswith(OF_SOFTWARE) else key_form(key.value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"A key {key.name} of the person has half a character (a lone surrogate), which no text has.",
            remedy="open the request anew with the key as the source has it.",
        ) from None
    if value and "\0" not in value:
        yield from dict.fromkeys([value, *([unicodedata.normalize("NFD", value)] if decomposed else [])])


def number(value: str, whole: int, decimals: int) -> Decimal | None:
    """Parse a number in its plain form; None for `046`, `4.0`, and numbers with more digits than given."""
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
    """Convert to UTC: `2024-07-01 12:00` in Amsterdam to `2024-07-01T10:00:00.000000Z`; None for no time.

    Args:
        text: ISO 8601; if it has an offset, that is used.
        zone: IANA name of the zone of times without an offset.
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
