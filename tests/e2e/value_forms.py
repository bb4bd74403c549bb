"""Values of the warehouse and of the bundle's files brought to one form, in plain Python.

Written from the design's words on value forms and from nothing of the product: integers and decimals digit
by digit, floats by their bits, times in RFC 3339, intervals in ISO 8601, binary in base64, nested values member by member, JSON
documents with every number as it was written.
"""

import base64
import json
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
from duckdb.sqltypes import DuckDBPyType

Form = Any
"""None for NULL, a text, a list, or a tuple of (name, form) pairs for an object."""

_INTEGERS = {"tinyint", "smallint", "integer", "bigint", "hugeint"}
_TEXTS = {"varchar", "enum"}
_MOMENTS = {"date", "time", "timestamp", "timestamp with time zone"}
_SPECIALS = {"NaN", "INF", "-INF"}


def parse(text: str | bytes) -> Any:
    """JSON with nothing lost: pairs in order (also double ones), numbers as ("number", digits)."""
    return json.loads(
        text,
        object_pairs_hook=tuple,
        parse_int=lambda digits: ("number", digits),
        parse_float=lambda digits: ("number", digits),
    )


def selected(name: str, kind: DuckDBPyType) -> str:
    """SQL expression that brings a column into Python without loss."""
    if kind.id == "interval":  # Python's own durations know no months
        return f'CAST("{name}" AS VARCHAR)'
    if kind.id in ("date", "timestamp", "timestamp with time zone"):  # nor do its dates know infinity
        return (
            f"CASE WHEN isinf(\"{name}\") THEN {{'infinite': CAST(\"{name}\" AS VARCHAR), 'at': NULL}} "
            + (f"WHEN \"{name}\" IS NOT NULL THEN {{'infinite': NULL, 'at': \"{name}\"}} END")
        )
    return f'"{name}"'


def of_warehouse(value: Any, kind: DuckDBPyType) -> Form:
    if isinstance(value, dict) and kind.id in _MOMENTS:
        return value["infinite"] or _moment(value["at"])
    return _of_python(value, kind)


def of_csv(text: str | None, kind: DuckDBPyType) -> Form:
    if text is None:
        return None
    if _is_document(kind):
        return of_json(parse(text), kind)
    return _float(text, kind) if kind.id in ("float", "double") else text


def of_json(value: Any, kind: DuckDBPyType) -> Form:
    if value is None or str(kind) == "JSON":
        return value
    members = _children(kind)
    if kind.id == "struct":
        assert [name for name, _ in value] == list(members)
        return tuple((name, of_json(member, members[name])) for name, member in value)
    if kind.id == "map":
        return tuple((name, of_json(member, members["value"])) for name, member in value)
    if kind.id in ("list", "array"):
        return [of_json(member, members["child"]) for member in value]
    if kind.id == "boolean":
        assert value in (True, False)
        return str(value).lower()
    digits = value[1] if isinstance(value, tuple) else value
    if kind.id in _INTEGERS:
        assert isinstance(value, tuple) == (abs(int(digits)) < 2**53), "beyond 2^53 a string"
        return str(int(digits))
    if kind.id in ("float", "double"):
        assert isinstance(value, tuple) == (digits not in _SPECIALS)
        return _float(digits, kind)
    assert isinstance(value, str), f"{kind} is a string in JSON"
    return value


def _of_python(value: Any, kind: DuckDBPyType) -> Form:
    if value is None:
        return None
    if str(kind) == "JSON":
        return parse(value)  # the document `null` is a NULL: a JSON file knows one null
    members = _children(kind)
    if kind.id == "struct":
        return tuple((name, _of_python(value[name], member)) for name, member in members.items())
    if kind.id == "map":
        return tuple((name, _of_python(member, members["value"])) for name, member in value.items())
    if kind.id in ("list", "array"):
        return [_of_python(member, members["child"]) for member in value]
    if kind.id in ("float", "double"):
        special = {"nan": "NaN", "inf": "INF", "-inf": "-INF"}.get(str(value), repr(value))
        return _float(special, kind)
    if kind.id == "decimal":
        return format(value, "f")
    if kind.id == "boolean":
        return str(value).lower()
    if kind.id == "blob":
        return base64.b64encode(value).decode("ascii")
    if kind.id in _MOMENTS:
        return _moment(value)
    if kind.id == "interval":
        return _duration(value)
    assert kind.id in _INTEGERS | _TEXTS | {"uuid"}, f"no form for {kind}"
    return str(value)


def _moment(value: date | time | datetime) -> str:
    """RFC 3339; an instant in UTC with Z, a time without zone without one."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return value.isoformat()


def _duration(text: str) -> str:
    """ISO 8601 of `1 year 2 months -3 days -04:05:06.789`, as DuckDB shows it; the clock has one sign."""
    words = text.split()
    clock = words.pop() if ":" in words[-1] else "00:00:00"
    date_part = "".join(
        number + unit[0].upper() for number, unit in zip(words[::2], words[1::2], strict=True)
    )
    sign = "-" * clock.startswith("-")
    hours, minutes, seconds = clock.lstrip("-").split(":")
    whole, _, fraction = seconds.partition(".")
    figures = (
        (str(int(hours)), "H"),
        (str(int(minutes)), "M"),
        (f"{int(whole)}.{fraction}".rstrip("0").rstrip(".") if fraction else str(int(whole)), "S"),
    )
    time_part = "".join(sign + number + unit for number, unit in figures if number != "0")
    return ("P" + date_part + ("T" + time_part if time_part else "")) if date_part or time_part else "PT0S"


def _float(text: str, kind: DuckDBPyType) -> str:
    """The bits of a float of its width, so that any text that reads back as the same float is the same."""
    if text in _SPECIALS:
        return text
    number = float(np.float32(text)) if kind.id == "float" else float(text)
    return number.hex()


def _is_document(kind: DuckDBPyType) -> bool:
    return kind.id in ("struct", "map", "list", "array") or str(kind) == "JSON"


def _children(kind: DuckDBPyType) -> dict[str, DuckDBPyType]:
    return dict(kind.children) if kind.id in ("struct", "map", "list", "array") else {}
