"""How to select columns of each MySQL and MariaDB type, so that the server writes each value exactly as text.

It relies on the session's settings (`source.py`): UTC, standard quotes, `||` concatenates.
"""

from __future__ import annotations

import re

from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind

_AS_IS = "{column}"
_AS_TEXT = "CAST({column} AS CHAR)"
_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
BYTES = ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob")
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set")
_SHAPES = (
    *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
    *("geometrycollection", "geomcollection"),
)
_WITHOUT_LIMIT = ("enum", "set", "uuid", "inet4", "inet6", "bit", "date", "year")
NUMBERS = (*_INTEGERS, "decimal", "float", "double")

# MySQL writes a FLOAT with six digits, which are not always enough.
FLOAT = (
    "CASE WHEN CAST(CAST({column} AS CHAR) AS FLOAT) = {column} THEN CAST({column} AS CHAR) "
    "ELSE CAST(CAST({column} AS DOUBLE) AS CHAR) END"
)
# The server's own text of a geometry lacks its spatial reference system.
_SHAPE = (
    "CONCAT(CASE ST_SRID({column}) WHEN 0 THEN '' ELSE CONCAT('SRID=', ST_SRID({column}), ';') END, "
    "ST_AsText({column}))"
)
# Texts for `kind: text` of types without a kind: no cast accepts them, and the server's own text of a vector
# has six digits only.
_UNKNOWN = {**dict.fromkeys(_SHAPES, _SHAPE), "vector": "HEX({column})"}
_PLAIN: dict[str, tuple[ValueKind, str]] = {
    **dict.fromkeys(_INTEGERS, (ValueKind.INTEGER, _AS_IS)),
    "year": (ValueKind.INTEGER, "{column} + 0"),
    "decimal": (ValueKind.DECIMAL, _AS_IS),
    "float": (ValueKind.NUMBER, FLOAT),
    "double": (ValueKind.NUMBER, _AS_IS),
    **dict.fromkeys(_TEXTS, (ValueKind.TEXT, _AS_IS)),
    **dict.fromkeys(BYTES, (ValueKind.BINARY, "REPLACE(TO_BASE64({column}), CHAR(10), '')")),
    "json": (ValueKind.JSON, _AS_TEXT),
    "uuid": (ValueKind.UUID, _AS_TEXT),
    **dict.fromkeys(("inet4", "inet6"), (ValueKind.TEXT, _AS_TEXT)),
    "date": (ValueKind.DATE, _AS_IS),
    "datetime": (ValueKind.DATETIME, _AS_IS),
    "timestamp": (ValueKind.INSTANT, _AS_IS),
}
_SIZE = "octet_length({column})"
_GROWS = {**dict.fromkeys(BYTES, 1.5), **dict.fromkeys(_SHAPES, 4), "vector": 2}
"""Factor by which the text of a type may be longer than its value."""
_LARGEST = 9223372036854775807
TOO_LARGE, NO_TIME, AMBIGUOUS, UNREADABLE = 1_000_000, 2_000_000, 3_000_000, 4_000_000
_FAILURE = re.compile(rf"{_LARGEST}.* \* ([1-4][0-9]{{6}})\b")


def bare(native: str) -> str:
    """A type without its size and attributes: `int(10) unsigned` is `int`."""
    return re.split(r"[ (]", native, maxsplit=1)[0].lower()


class MysqlTypes:
    """How the columns of one database are selected.

    Args:
        cell_limit: bytes above which a cell raises an error instead of its value.
        packet: bytes of the server's `max_allowed_packet`, above which its functions give NULL.
    """

    def __init__(self, cell_limit: int, packet: int) -> None:
        self._limit = cell_limit
        self._packet = packet

    def column(self, number: int, native: str, *, is_json: bool = False) -> ColumnType:
        """How to select a column; the kind is None for an unknown type.

        Args:
            number: position of the column in its table, which its errors contain (see `failure`).
            native: the type as the catalogue writes it, then character set and collation of a text.
            is_json: a check constraint of the table allows JSON only.
        """
        name = bare(native)
        kind, text = _PLAIN.get(name, (None, _UNKNOWN.get(name, _AS_TEXT)))
        verbatim = text
        if name == "bit":
            size = re.search(r"[0-9]+", native)
            kind, text = ValueKind.TEXT, f"LPAD(BIN({{column}} + 0), {size[0] if size else 1}, '0')"
            verbatim = text
        elif name == "time":
            outside = "{column} < '00:00:00' OR {column} >= '24:00:00'"
            kind, verbatim = ValueKind.TIME, _AS_TEXT
            text = f"CASE WHEN {outside} THEN {failing(NO_TIME, number)} ELSE {_AS_TEXT} END"
        elif "zerofill" in native:
            text, verbatim = "{column} + 0", _AS_TEXT
        elif name == "year":
            verbatim = _AS_TEXT
        elif is_json:
            kind = ValueKind.JSON
        limited = self._with_limit(number, name, text)
        verbatim = self._with_limit(number, name, verbatim)
        return ColumnType(native, kind, limited, verbatim=verbatim, loose=name in _TEXTS)

    def _with_limit(self, number: int, name: str, text: str) -> str:
        if name in _WITHOUT_LIMIT or (name not in (*_TEXTS, *BYTES, "json") and name in _PLAIN):
            return text
        limit = self._limit
        if name in _GROWS:
            limit = min(limit, int(self._packet / _GROWS[name]))
        return f"CASE WHEN {_SIZE} > {limit} THEN {failing(TOO_LARGE, number)} ELSE {text} END"


def failure(message: str, statement: str) -> tuple[int, str] | None:
    """Decode the error of a value: `TOO_LARGE`, `NO_TIME`, `AMBIGUOUS` or `UNREADABLE`, and its column.

    The column's name is taken from the statement, where it precedes the number that the error repeats: the
    session that reads may not be the one that planned.
    """
    found = _FAILURE.search(message)
    if found is None:
        return None
    place = re.search(rf'octet_length\([^"]*"((?:[^"]|"")+)"\)* \* {found[1]}\b', statement)
    return int(found[1][0]) * 1_000_000, place[1].replace('""', '"') if place else "a column"


def failing(code: int, number: int = 0, *, empty: bool = False) -> str:
    """SQL that fails with a number in its message: no function raises an error in a SELECT.

    The sum overflows an integer, and the server's message repeats the expression with its constants.

    Args:
        code: what is wrong.
        number: position of the column in its table.
        empty: the value may be an empty text, whose size of 0 would not overflow.
    """
    size = f"greatest(1, {_SIZE})" if empty else _SIZE
    return f"{_LARGEST} + {size} * {code + number}"
