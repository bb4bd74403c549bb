"""Which column type a field gets, and how its values are read. `afschrift:kind` is finer than `type`."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

BIG = 2**63


def _boolean(value: Any) -> bool:
    return value if isinstance(value, bool) else {"true": True, "false": False}[value]


def _number(value: Any) -> float:
    return float(value.replace("INF", "inf") if isinstance(value, str) else value)


def _document(value: Any, *, in_json: bool) -> Any:
    return value if in_json else json.loads(value)


_READ: dict[str, tuple[sa.types.TypeEngine[Any], Callable[[Any], Any]]] = {
    "text": (sa.Text(), str),
    "integer": (sa.BigInteger(), int),
    "decimal": (sa.Numeric(), Decimal),
    "number": (sa.Double(), _number),
    "boolean": (sa.Boolean(), _boolean),
    "date": (sa.Date(), date.fromisoformat),
    "time": (sa.Time(), time.fromisoformat),
    "datetime": (sa.DateTime(), datetime.fromisoformat),
    "instant": (sa.DateTime(timezone=True), datetime.fromisoformat),
    "duration": (sa.Text(), str),
    "binary": (sa.LargeBinary(), base64.b64decode),
    "uuid": (sa.Uuid(), uuid.UUID),
}
# Kinds by the standard's types, for packages that others made.
_BY_TYPE = {"string": "text", "any": "json", "object": "json", "array": "json", "number": "decimal"}


def agree(left: Reader, right: Reader) -> None:
    """Give both sides of a relation the wider one of their types."""
    for wide in (sa.Text, sa.Numeric):
        for mine, theirs in ((left, right), (right, left)):
            if isinstance(mine.type, wide) and not isinstance(theirs.type, sa.Text):
                theirs.follow(mine)
                return


class Reader:
    """Reads the values of one field.

    Attributes:
        type: of the column; text where some value does not fit the declared one, such as a date `infinity`.
        note: what was done otherwise than declared.
    """

    def __init__(self, field: dict[str, Any], format_: str) -> None:
        self.name = field["name"]
        self.note = ""
        kind = field.get("afschrift:kind") or _BY_TYPE.get(field["type"], field["type"])
        if kind == "json":
            self.type: sa.types.TypeEngine[Any] = sa.JSON(none_as_null=True)
            self._read: Callable[[Any], Any] = lambda v: _document(v, in_json=format_ != "csv")
        else:
            self.type, self._read = _READ[kind]

    def follow(self, other: Reader) -> None:
        """Take over how another field is read."""
        self.type, self._read = other.type, other._read

    def look(self, value: Any) -> None:
        """See whether a value fits, before the table is made."""
        if value is None or isinstance(self.type, sa.Text):
            return
        try:
            read = self._read(value)
        except (ValueError, ArithmeticError, KeyError):
            self.note = f"{self.name}: some values fit no {self.type}; the column is text."
            self.type, self._read = sa.Text(), str
        else:
            if isinstance(self.type, sa.BigInteger) and not -BIG <= read < BIG:
                self.type = sa.Numeric(precision=60, scale=0)

    def __call__(self, value: Any) -> Any:
        """A value for the database."""
        if value is None:
            return None
        read = self._read(value)
        # PostgreSQL has no text with this character.
        return read.replace("\0", "\ufffd") if isinstance(read, str) else read
