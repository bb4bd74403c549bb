"""MySQL's and MariaDB's types: the server writes each value as text, exactly.

The session's settings belong to it (`mysql.py`): UTC, standard quotes, `||` joins texts.
"""

from __future__ import annotations

import re

from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind

_AS_IS = "{column}"
_AS_TEXT = "CAST({column} AS CHAR)"
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_BYTES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set")
_WITHOUT_LIMIT = ("enum", "set", "uuid", "inet4", "inet6", "bit", "date", "year")
NUMBERS = (*_INTEGERS, "decimal", "float", "double")

# MySQL shows a FLOAT with six digits, which is not always all of it.
_FLOAT = (
    "CASE WHEN CAST(CAST({column} AS CHAR) AS FLOAT) = {column} THEN CAST({column} AS CHAR) "
    "ELSE CAST(CAST({column} AS DOUBLE) AS CHAR) END"
)
_PLAIN: dict[str, tuple[ValueKind, str]] = {
    **dict.fromkeys(_INTEGERS, (ValueKind.INTEGER, _AS_IS)),
    "year": (ValueKind.INTEGER, "{column} + 0"),
    "decimal": (ValueKind.DECIMAL, _AS_IS),
    "float": (ValueKind.NUMBER, _FLOAT),
    "double": (ValueKind.NUMBER, _AS_IS),
    **dict.fromkeys(_TEXTS, (ValueKind.TEXT, _AS_IS)),
    **dict.fromkeys(_BYTES, (ValueKind.BINARY, "REPLACE(TO_BASE64({column}), CHAR(10), '')")),
    "json": (ValueKind.JSON, _AS_TEXT),
    "uuid": (ValueKind.UUID, _AS_TEXT),
    **dict.fromkeys(("inet4", "inet6"), (ValueKind.TEXT, _AS_TEXT)),
    "date": (ValueKind.DATE, _AS_IS),
    "datetime": (ValueKind.DATETIME, _AS_IS),
    "timestamp": (ValueKind.INSTANT, _AS_IS),
}
_SIZE = "octet_length({column})"
_LARGEST = 9223372036854775807
_TOO_LARGE, _NO_TIME = 1_000_000, 2_000_000
_FAILURE = re.compile(rf"{_LARGEST}.* \* ([12])([0-9]{{6}})\b")


def bare(native: str) -> str:
    """A type without its size and attributes: `int(10) unsigned` is `int`."""
    return re.split(r"[ (]", native, maxsplit=1)[0].lower()


class MysqlTypes:
    """The columns of one database, numbered: an error tells the number, so that any name fits in it.

    Args:
        cell_limit: bytes above which a cell raises an error instead of its value.
        packet: bytes of the server's `max_allowed_packet`, above which its functions give NULL.
    """

    def __init__(self, cell_limit: int, packet: int) -> None:
        self._limit = cell_limit
        self._packet = packet
        self._places: list[str] = []

    def column(self, column_path: str, native: str, *, is_json: bool = False) -> ColumnType:
        """How a column is selected; the kind is None for a type that is not known.

        Args:
            column_path: `table.column`, for errors.
            native: the type as the catalogue spells it, then character set and collation of a text.
            is_json: a check of the table holds its texts to JSON.
        """
        number = len(self._places)
        self._places.append(column_path)
        name = bare(native)
        kind, text = _PLAIN.get(name, (None, _AS_TEXT))
        if name == "bit":
            size = re.search(r"[0-9]+", native)
            kind, text = ValueKind.TEXT, f"LPAD(BIN({{column}} + 0), {size[0] if size else 1}, '0')"
        elif name == "time":
            outside = "{column} < '00:00:00' OR {column} >= '24:00:00'"
            kind, text = (
                ValueKind.TIME,
                f"CASE WHEN {outside} THEN {_failing(_NO_TIME, number)} ELSE {_AS_TEXT} END",
            )
        elif "zerofill" in native:
            text = "{column} + 0"
        elif is_json:
            kind = ValueKind.JSON
        return ColumnType(native, kind, self._guarded(number, name, text))

    def _guarded(self, number: int, name: str, text: str) -> str:
        if name in _WITHOUT_LIMIT or (name not in (*_TEXTS, *_BYTES, "json") and name in _PLAIN):
            return text
        limit = min(self._limit, self._packet * 2 // 3) if name in _BYTES else self._limit
        return f"CASE WHEN {_SIZE} > {limit} THEN {_failing(_TOO_LARGE, number)} ELSE {text} END"

    def failure(self, message: str) -> tuple[bool, str] | None:
        """What a value's own error says: whether it is too large (else: no time of day), and its place."""
        found = _FAILURE.search(message)
        return (found[1] == "1", self._places[int(found[2])]) if found else None


def _failing(code: int, number: int) -> str:
    """An expression that fails with a number in its message: SQL here has no other way.

    The sum is too large for an integer, and the server's error repeats it with its constants.
    """
    return f"{_LARGEST} + {_SIZE} * {code + number}"
