"""One spelling of a value for both sides of a second reading, whose texts are not all of one database.

Numbers are compared as numbers and times as moments; everything else by its text.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation

import pyarrow as pa

from afschrift.domain.value_kind import ValueKind

_EXACT = Context(prec=2_000)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MOMENT = re.compile(
    r"(?:([0-9]{4,}-[0-9]{2}-[0-9]{2})[ T])?([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_UTC = ("Z", "+00", "+0000", "+00:00")


def canonical(kind: ValueKind | None, text: str) -> str:
    """A value form, or a database's text of a value of this kind; a text that is none stays as it is."""
    change = _CHANGES.get(kind) if kind else None
    try:
        return text if change is None else change(text)
    except (ValueError, ArithmeticError, InvalidOperation):
        return text


def canonical_text(kind: ValueKind | None, text: str) -> str | None:
    """A database's text of a value; None for the document `null`."""
    if kind is ValueKind.JSON:
        text = text.strip(" \t\r\n").replace("\r", " ").replace("\n", " ")
        if text == "null":
            return None
    return canonical(kind, text)


def canonical_forms(kind: ValueKind | None, forms: pa.Array) -> pa.Array:
    """Value forms of a column, each in this spelling; bytes are hexadecimal."""
    change = _hexadecimal if kind is ValueKind.BINARY else lambda form: canonical(kind, form)
    return pa.array([None if form is None else change(form) for form in forms.to_pylist()], pa.string())


def _hexadecimal(form: str) -> str:
    return b64decode(form).hex()


def _decimal(text: str) -> str:
    number = Decimal(text)
    return format(number.normalize(_EXACT), "f") if number.is_finite() else str(float(number))


def _moment(text: str) -> str:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return text
    day, clock, fraction, zone = found.groups()
    fraction = (fraction or "").rstrip("0")
    if zone and zone not in _UTC and day:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC)
        day, clock = moment.date().isoformat(), moment.time().isoformat()
        zone = "Z"
    zone = "Z" if zone in _UTC else (zone or "").replace(":", "").ljust(5, "0") if zone else ""
    return f"{day or ''}T{clock}.{fraction}{zone}"


def _document(text: str) -> str:
    return repr(float(text)) if _NUMBER.fullmatch(text) and not text.lstrip("-").isdigit() else text


_CHANGES: dict[ValueKind, Callable[[str], str]] = {
    ValueKind.NUMBER: lambda text: repr(float(text)),
    ValueKind.DECIMAL: _decimal,
    ValueKind.BOOLEAN: lambda text: {"1": "true", "t": "true", "0": "false", "f": "false"}.get(text, text),
    ValueKind.TIME: _moment,
    ValueKind.DATETIME: _moment,
    ValueKind.INSTANT: _moment,
    ValueKind.UUID: lambda text: text.lower().replace("-", ""),
    ValueKind.JSON: _document,
}
