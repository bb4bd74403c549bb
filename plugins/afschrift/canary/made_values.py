"""Values that can be recognised, made to fit the type of a column as the source's own catalogue names it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.column import Column

_MOST = 60
_LENGTH = re.compile(r"(?:char|text|string|binary|clob)[^(]*\((\d+)", re.IGNORECASE)
_DIGITS = re.compile(r"(?:dec|num)[a-z]*\s*\((\d+)(?:\s*,\s*(\d+))?", re.IGNORECASE)
_ONE_OF = re.compile(r"enum\s*\(\s*'((?:[^']|'')*)'", re.IGNORECASE)
_PLAIN_TEXT = ("json", "char", "text", "string", "clob", "variant")
_TEXTS = ("char", "text", "string", "clob", "enum", "set(", "citext", "name", "xml", "inet", "cidr", "year")
LONG_AGO, SINCE = "1990-03-05", "2024-03-05"
CLOCK = "07:39:18"


@dataclass(frozen=True)
class Mark:
    """What is part of every made-up value that has room for it.

    Attributes:
        text: ten letters and digits.
        number: a number of nine digits, and nine hundred free ones after it.
    """

    text: str
    number: int


class Place(NamedTuple):
    """A column: its name, its type in the catalogue, and what the data map says of it."""

    name: str
    type: ColumnType
    declared: Column | None


def made(places: Sequence[Place], mark: Mark, number: int) -> str | None:
    """A value as the bundle has it; None: no value is made for the type, and NULL is planted.

    Args:
        places: every column that holds this one value.
        mark: of the canary.
        number: another one for each value.
    """
    column = _narrowest(one.type for one in places)
    declared = next((d for _, _, d in places if d is not None and (d.codes or d.kind)), None)
    if declared is not None and declared.codes:
        return next(iter(declared.codes))
    native, kind = column.native.lower(), column.kind
    if one := _ONE_OF.search(column.native):
        return one[1].replace("''", "'")
    if kind is ValueKind.JSON or (declared is not None and declared.kind == "json"):
        plain = any(word in native for word in _PLAIN_TEXT) and "[" not in native and "(" not in native
        return f'{{"canary": "{mark.text}{number:03d}"}}' if plain else None
    match kind:
        case ValueKind.TEXT:
            return _text(native, mark, number, address=any(map(_is_address, places)))
        case ValueKind.INTEGER | ValueKind.DECIMAL:
            return _number(native, mark, number, whole=kind is ValueKind.INTEGER)
        case ValueKind.NUMBER:
            return f"{mark.number // 100 + number}.5"  # exact in 32 bits
        case ValueKind.BOOLEAN:
            return "true"
        case ValueKind.DATE:
            return SINCE
        case ValueKind.TIME:
            return CLOCK
        case ValueKind.DATETIME:
            return f"{SINCE}T{CLOCK}"
        case ValueKind.INSTANT:
            return f"{SINCE}T{CLOCK}Z"
        case ValueKind.BINARY:
            return base64.b64encode(f"{mark.text}{number:03d}".encode()).decode()
        case ValueKind.UUID:
            return f"{mark.number:09d}"[:8] + f"-0000-4000-8000-{number:012d}"
    return None


def own_type(column: ColumnType) -> bool:
    """Whether a text is of a type of the database's owner, such as an enumeration of unknown members."""
    native = column.native.lower()
    return column.kind is ValueKind.TEXT and not any(word in native for word in _TEXTS)


def _is_address(place: Place) -> bool:
    told = place.declared.category if place.declared is not None else None
    return told == "user.contact.email" or (told is None and "mail" in place.name.lower())


def _narrowest(columns: Iterable[ColumnType]) -> ColumnType:
    """Of columns that hold one value, the one that takes least: a number before a text, a short one first."""
    return min(columns, key=_room)


def _room(column: ColumnType) -> tuple[int, int]:
    native = column.native.lower()
    order = (ValueKind.UUID, ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.TEXT)
    at = order.index(column.kind) if column.kind in order else len(order)
    length = _LENGTH.search(native)
    return at, int(length[1]) if length else _digits(native)


def _digits(native: str) -> int:
    """How many digits before the point a number of a type has at least."""
    if found := _DIGITS.search(native):
        return int(found[1]) - int(found[2] or 0)
    if "tiny" in native or native in ("int1", "byte"):
        return 2
    if "small" in native or native in ("int2", "short"):
        return 4
    if "medium" in native:
        return 6
    return 9


def _text(native: str, mark: Mark, number: int, *, address: bool) -> str:
    text = f"{mark.text}{number:03d}"
    if address:
        text += "@example.org"
    found = _LENGTH.search(native)
    length = int(found[1]) if found else _MOST
    return text if len(text) <= length else f"{mark.text}{number:03d}"[-length:]


def _number(native: str, mark: Mark, number: int, *, whole: bool) -> str:
    digits = _digits(native)
    if native.startswith("year"):
        made = SINCE[:4]
    elif digits >= 9:
        made = str(mark.number + number)
    elif digits < 1:
        made = "0"
    else:
        made = str(10 ** (digits - 1) + number % (9 * 10 ** (digits - 1)))
    scale = _DIGITS.search(native)
    if whole or not scale or not int(scale[2] or 0):
        return made
    return f"{made}.5" + "0" * (int(scale[2]) - 1)
