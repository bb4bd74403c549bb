"""Writes values of any driver of Python's database interface as exact texts, or raises with the column.

In a second reading the database casts each value to text, and that is compared with the driver's value.
Trailing spaces are ignored, because a cast removes them from a `CHAR`.
"""

from __future__ import annotations

import uuid
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlalchemy import cast, literal_column
from sqlalchemy import types as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect

from afschrift.domain.errors import ConfigurationError, DamagedValueError
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.reconcile import second_reading
from afschrift.sources.reconcile.second_reading import Again
from afschrift.sources.sqlalchemy.dialect import AlchemyDialect
from afschrift.sources.table_errors import too_large

_KINDS: tuple[tuple[type[sa.TypeEngine[Any]], ValueKind], ...] = (
    (sa.Boolean, ValueKind.BOOLEAN),
    (sa.Integer, ValueKind.INTEGER),
    (sa.Float, ValueKind.NUMBER),  # before Numeric, its base class
    (sa.Numeric, ValueKind.DECIMAL),
    (sa.JSON, ValueKind.JSON),
    (sa.Uuid, ValueKind.UUID),
    (sa.String, ValueKind.TEXT),
    (sa.Date, ValueKind.DATE),
    (sa.DateTime, ValueKind.DATETIME),
    (sa.Time, ValueKind.TIME),
)
_BINARY = (sa.LargeBinary, sa.BINARY, sa.VARBINARY, mysql.TINYBLOB, mysql.MEDIUMBLOB, mysql.LONGBLOB)


def kind_of(found: sa.TypeEngine[Any]) -> ValueKind | None:
    """Kind of a reflected type; None for an unknown one, such as an interval or an array."""
    if isinstance(found, sa.DateTime) and getattr(found, "timezone", False):
        return ValueKind.INSTANT
    if isinstance(found, _BINARY):
        return ValueKind.BINARY
    return next((kind for type_, kind in _KINDS if isinstance(found, type_)), None)


TOO_LARGE = "[afschrift: too large]"
"""Read in place of a cell above the limit, so that the cell does not fill our memory."""

_MEASURED = ("postgresql", "mysql", "mariadb")


def with_limit(
    found: sa.TypeEngine[Any], kind: ValueKind | None, expression: str, dialect: Dialect, limit: int
) -> str:
    """SQL that gives `TOO_LARGE` for a cell of more than `limit` bytes, in databases that can measure it.

    No way to raise an error in SQL works in all databases, so the value is replaced. A text that is equal to
    `TOO_LARGE` is refused like the large ones, so nothing wrong is given.
    """
    if kind not in (ValueKind.TEXT, ValueKind.JSON, ValueKind.BINARY, None) or isinstance(found, sa.Enum):
        return expression
    if dialect.name not in _MEASURED:
        return expression
    word = f"'{TOO_LARGE}'"
    if kind is ValueKind.BINARY:
        word = str(cast(literal_column(word), sa.LargeBinary()).compile(dialect=dialect))
    return f"CASE WHEN octet_length({expression}) > {limit} THEN {word} ELSE {expression} END"


class ArrowRows:
    """Turns a driver's rows into Arrow.

    Args:
        source: its name, for errors.
        cell_limit: bytes above which a cell raises an error.
    """

    def __init__(self, source: str, cell_limit: int) -> None:
        self._source = source
        self._limit = cell_limit

    def batch(
        self,
        table: str,
        kinds: Mapping[str, ValueKind | None],
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
    ) -> pa.RecordBatch:
        """Write rows as texts.

        Args:
            table: the table that they are read from, for errors.
            kinds: kinds of its columns; other columns may hold any value.
            names: names of the rows' columns, in order.
            rows: rows as the driver returns them.

        Raises:
            ConfigurationError: a value is too large, or is not exactly a value of its column's kind.
        """
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
        arrays = [
            self._array(f"{table}.{name}", kinds.get(name), values)
            for name, values in zip(names, columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, names=list(names))

    def _array(self, where: str, kind: ValueKind | None, values: Sequence[Any]) -> pa.Array:
        if kind is ValueKind.NUMBER and all(value is None or isinstance(value, float) for value in values):
            return pa.array(values, pa.float64())
        return pa.array([self._text(where, kind, value) for value in values], pa.string())

    def _text(self, where: str, kind: ValueKind | None, value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, bytearray | memoryview):
            value = bytes(value)
        if isinstance(value, bytes) and kind in (ValueKind.TEXT, ValueKind.JSON):
            value = self._decode(where, value)
        if isinstance(value, str | bytes) and len(value) > self._limit:
            raise too_large(self._source, where, str(len(value)))
        if value in (TOO_LARGE, TOO_LARGE.encode()):
            raise too_large(self._source, where)
        if kind is ValueKind.BOOLEAN and value in (0, 1):
            return "true" if value else "false"
        write = _WRITERS.get(type(value))
        if write is None or (kind is ValueKind.DECIMAL and isinstance(value, float)):
            raise ConfigurationError(
                f"The driver gives {self._source}.{where} as {type(value).__name__}, which may not be exact.",
                remedy="write `kind: text` at the column in the inventory: it gives the database's own text.",
            )
        return write(value)

    def _decode(self, where: str, value: bytes) -> str:
        """Decode a text that a driver returns as bytes, because the database does not name its encoding."""
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise DamagedValueError(
                f"A text of {self._source}.{where} is not UTF-8.",
                remedy="correct the text, or convert the column in a view.",
                damage="not_utf8",
            ) from None


def _decimal(value: Decimal) -> str:
    return format(value, "f") if value.is_finite() else str(value)


def _moment(value: datetime) -> str:
    return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat(" ")


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    bool: lambda value: "true" if value else "false",
    float: repr,
    Decimal: _decimal,
    bytes: lambda value: b2a_base64(value, newline=False).decode("ascii"),
    date: date.isoformat,
    datetime: _moment,
    time: time.isoformat,
    uuid.UUID: str,
}


_HEX = {
    "postgresql": "encode({c}, 'hex')",
    "cockroachdb": "encode({c}, 'hex')",
    **dict.fromkeys(("mysql", "mariadb", "sqlite"), "lower(hex({c}))"),
}


def again(kind: ValueKind | None, dialect: AlchemyDialect) -> Again | None:
    """How to read a column of a planned kind a second time; None if its bytes cannot be read as text."""
    reads = _HEX.get(dialect.name) if kind is ValueKind.BINARY else dialect.text("{c}")
    number = dialect.whole("{c}") if kind is ValueKind.INTEGER else ""
    return None if reads is None else second_reading.again(kind, reads, number)
