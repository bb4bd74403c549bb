"""Functions that SQLite lacks, defined in a session: exact decimals, base64, Unicode, times, errors."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from binascii import b2a_base64
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, NoReturn

from afschrift.domain.errors import AfschriftError, DamagedValueError
from afschrift.domain.keys import key_form
from afschrift.domain.plain_text import plain
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.json_parts import DocumentError, member, rest
from afschrift.sources.person_keys import number, utc_text
from afschrift.sources.table_errors import too_large, unreadable_part
from afschrift.values.shapes import PATTERNS

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.(?P<fraction>[0-9]{1,9}))?"
_SHAPES = {
    **{kind: re.compile(PATTERNS[kind]) for kind in (ValueKind.DECIMAL, ValueKind.UUID)},
    ValueKind.DATE: re.compile(_DAY),
    ValueKind.TIME: re.compile(_CLOCK),
    ValueKind.DATETIME: re.compile(f"{_DAY}[ T]{_CLOCK}"),
    ValueKind.INSTANT: re.compile(f"{_DAY}[ T]{_CLOCK}(?P<zone>Z|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)"),
}
_NOT = {kind: f"no {kind} of ISO 8601" for kind in _SHAPES} | {
    ValueKind.DECIMAL: "no number",
    ValueKind.UUID: "no UUID",
}
_TIMES = (ValueKind.DATE, ValueKind.TIME, ValueKind.DATETIME, ValueKind.INSTANT)
_UTC = ("Z", "+00", "+00:00")
_MICROSECONDS = 6
_NUMERIC = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DIGITS, _LEAST = 400, -(1 << 63)


def define(connection: sqlite3.Connection, source: str, report: Callable[[AfschriftError], None]) -> None:
    """Define the functions in a session.

    Args:
        connection: the session.
        source: name of the source, for errors.
        report: called with the error, since SQLite only reports "user-defined function raised exception".
    """

    def fail(error: AfschriftError) -> NoReturn:
        report(error)
        raise ValueError

    def wrong(column_path: str, found: str) -> NoReturn:
        fail(
            DamagedValueError(
                f"A value of {source}.{column_path} is {found}, which does not fit its declared type.",
                remedy="write `kind: text` at the column in the inventory, which gives each value as it is "
                "stored, or correct the value.",
            )
        )

    def blob(column_path: str) -> NoReturn:
        fail(
            DamagedValueError(
                f"A value of {source}.{column_path} is a blob, which has no text.",
                remedy="leave `kind: text` out where all are blobs, or give a view with `hex(column)`.",
                damage="no_text",
            )
        )

    def large(column_path: str, size: int) -> NoReturn:
        fail(too_large(source, column_path, str(size)))

    def checked(column_path: str, kind: str, text: str | None) -> str | None:
        if text is None:
            return None
        found = kind_text(ValueKind(kind), text)
        return wrong(column_path, _NOT[ValueKind(kind)]) if found is None else found

    functions: tuple[tuple[str, int, Callable[..., Any]], ...] = (
        ("afschrift_wrong", 2, wrong),
        ("afschrift_large", 2, large),
        ("afschrift_blob", 1, blob),
        ("afschrift_checked", 3, checked),
        ("afschrift_member", 3, partial(_part, member, source, report)),
        ("afschrift_rest", 3, partial(_part, rest, source, report)),
        ("afschrift_real", 1, real_text),
        ("afschrift_decimal", 2, decimal_text),
        ("afschrift_base64", 1, _base64),
        ("afschrift_key_form", 2, sqlite_key_form),
        ("afschrift_utc", 2, utc_text),
        ("afschrift_token", 2, _token),
        ("afschrift_matches", 2, _matches),
        ("afschrift_plain", 1, _plain),
        ("afschrift_replaced", 3, _replaced),
        ("afschrift_digest", -1, lambda *values: hashlib.sha256(repr(values).encode()).hexdigest()),
    )
    for name, arguments, function in functions:
        connection.create_function(name, arguments, function, deterministic=True)


def _part(
    of: Callable[[Any, str], Any],
    source: str,
    report: Callable[[AfschriftError], None],
    document: Any,
    path: str,
    place: str,
) -> Any:
    """Cut a part out of a document, by `json_parts`."""
    try:
        return of(document, path)
    except DocumentError as error:
        report(unreadable_part(source, place, error.what))
        raise


def kind_text(kind: ValueKind, text: str) -> str | None:
    """Return a text if it is a value of its column's kind, an instant in UTC; else None.

    SQLite stores any text in a column of times: `2021/1/2`, or one without seconds. It is not guessed what
    that means, which would convert the value silently.
    """
    if kind is ValueKind.UUID:
        text = text.lower()
    found = _SHAPES[kind].fullmatch(text)
    if found is not None and kind in _TIMES and not _exists(kind, text):
        return None
    if found is None or kind is not ValueKind.INSTANT or found["zone"] in _UTC:
        return text if found else None
    return utc_text(text, "UTC") if len(found["fraction"] or "") <= _MICROSECONDS else None


def _exists(kind: ValueKind, text: str) -> bool:
    """Whether the day and the time of day exist: SQLite stores the 30th of February too."""
    try:
        if kind is not ValueKind.TIME:
            date.fromisoformat(text[:10])
        if kind is not ValueKind.DATE:
            clock = text if kind is ValueKind.TIME else text[11:]
            time.fromisoformat(clock[:8])
    except ValueError:
        return False
    return True


def real_text(value: float) -> str:
    """Write a float as SQLite does, but with all digits: SQLite's cast drops two of them."""
    return repr(value).replace("inf", "Inf")


def decimal_text(value: float | str | None, scale: int | None) -> str | None:
    """Write a number's shortest exact decimals, or as many as the column declares if that changes nothing."""
    if value is None:
        return None
    if isinstance(value, str):
        return value
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if scale is not None and exact.is_finite():
        try:
            scaled = round(exact, scale)
        except InvalidOperation:
            scaled = exact
        exact = scaled if scaled == exact else exact
    return format(exact, "f")


def sqlite_key_form(text: bytes | str | None, match: str) -> str | None:
    """The normal form of a key; NULL for text other than UTF-8, which is no key."""
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            return None
    return None if text is None else key_form(text, match) or None


def sqlite_number(value: str) -> int | float | str | None:
    """Convert a key as SQLite does in a column of numbers, which also stores texts that are no numbers."""
    exact = number(value, _DIGITS, _DIGITS)
    if exact is None:
        return None if _NUMERIC.fullmatch(value) else value
    if exact == exact.to_integral_value() and _LEAST <= exact <= -_LEAST - 1:
        return int(exact)
    return float(exact) if Decimal(repr(float(exact))) == exact else None


def _token(salt: str | None, text: str | None) -> str | None:
    if salt is None or text is None:
        return None
    return hashlib.sha256(f"{salt}{text}".encode()).hexdigest()


def _matches(text: bytes | None, pattern: str) -> bool:
    return text is not None and re.search(pattern, text.decode(errors="replace")) is not None


def _plain(text: bytes | None) -> str | None:
    return None if text is None else plain(text.decode(errors="replace"))


def _replaced(text: str | None, pattern: str, by: str) -> str | None:
    return None if text is None else re.sub(pattern, by, text)


def _base64(value: bytes | None) -> str | None:
    return None if value is None else b2a_base64(value, newline=False).decode("ascii")
