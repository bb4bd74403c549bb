"""MySQL's and MariaDB's types: the server writes each value as text, exactly.

The session's settings belong to it (`source.py`): UTC, standard quotes, `||` joins texts.
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

# MySQL shows a FLOAT with six digits, which is not always all of it.
FLOAT = (
    "CASE WHEN CAST(CAST({column} AS CHAR) AS FLOAT) = {column} THEN CAST({column} AS CHAR) "
    "ELSE CAST(CAST({column} AS DOUBLE) AS CHAR) END"
)
# The server's own text of a geometry leaves its reference system out.
_SHAPE = (
    "CONCAT(CASE ST_SRID({column}) WHEN 0 THEN '' ELSE CONCAT('SRID=', ST_SRID({column}), ';') END, "
    "ST_AsText({column}))"
)
# Types without a kind, which `kind: text` gives: no cast takes them, and the server's own text of a vector
# has six digits.
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
"""How many times longer the text of a type may be than its value."""
_LARGEST = 9223372036854775807
TOO_LARGE, NO_TIME, UNTOLD, UNREADABLE = 1_000_000, 2_000_000, 3_000_000, 4_000_000
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
        """How a column is selected; the kind is None for a type that is not known.

        Args:
            number: of the column in its table: what its errors tell (`failure`).
            native: the type as the catalogue spells it, then character set and collation of a text.
            is_json: a check of the table holds its texts to JSON.
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
        guarded = self._guarded(number, name, text)
        verbatim = self._guarded(number, name, verbatim)
        return ColumnType(native, kind, guarded, verbatim=verbatim, loose=name in _TEXTS)

    def _guarded(self, number: int, name: str, text: str) -> str:
        if name in _WITHOUT_LIMIT or (name not in (*_TEXTS, *BYTES, "json") and name in _PLAIN):
            return text
        limit = self._limit
        if name in _GROWS:
            limit = min(limit, int(self._packet / _GROWS[name]))
        return f"CASE WHEN {_SIZE} > {limit} THEN {failing(TOO_LARGE, number)} ELSE {text} END"


def failure(message: str, statement: str) -> tuple[int, str] | None:
    """What a value's own error says: `TOO_LARGE`, `NO_TIME`, `UNTOLD` or `UNREADABLE`, and its column.

    The name is in the statement, in front of the number that the error repeats: the session that reads
    need not be the one that planned.
    """
    found = _FAILURE.search(message)
    if found is None:
        return None
    place = re.search(rf'octet_length\([^"]*"((?:[^"]|"")+)"\)* \* {found[1]}\b', statement)
    return int(found[1][0]) * 1_000_000, place[1].replace('""', '"') if place else "a column"


def failing(code: int, number: int = 0, *, empty: bool = False) -> str:
    """An expression that fails with a number in its message: SQL here has no other way.

    The sum is too large for an integer, and the server's error repeats it with its constants.

    Args:
        code: what is wrong.
        number: of the column in its table.
        empty: the value may be a text without signs, whose size would add nothing.
    """
    size = f"greatest(1, {_SIZE})" if empty else _SIZE
    return f"{_LARGEST} + {size} * {code + number}"
