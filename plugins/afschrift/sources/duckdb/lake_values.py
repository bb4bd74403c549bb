"""Values of Parquet files as pyarrow reads them, and parts of documents in them, as texts to compare."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from afschrift.domain.value_kind import DocumentPart, MemberPath, ValueKind
from afschrift.sources.duckdb.reconciliation import DURATION, DuckWriter
from afschrift.sources.json_parts import Tree, as_argument, member, paths, rest, tree
from afschrift.sources.reconcile.nested_texts import (
    LeafText,
    ListText,
    MapOf,
    Node,
    RecordText,
    translate_nested,
)
from afschrift.sources.reconcile.second_reading import canonical, canonical_forms
from afschrift.sources.reconcile.sql_reconciliation import SourceText

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_ONE_LINE = "trim({c}, ' ' || chr(9) || chr(10) || chr(13))"
_ENDLESS_DAYS = {2**31 - 1: "infinity", 1 - 2**31: "-infinity"}
_ENDLESS_MOMENTS = {2**63 - 1: "infinity", 1 - 2**63: "-infinity"}
_KINDS = {
    "DOUBLE": ValueKind.NUMBER,
    "FLOAT": ValueKind.NUMBER,
    "BOOLEAN": ValueKind.BOOLEAN,
    **dict.fromkeys(("TIME", "TIME_NS", "TIME WITH TIME ZONE"), ValueKind.TIME),
    "TIMESTAMP WITH TIME ZONE": ValueKind.INSTANT,
    "BLOB": ValueKind.BINARY,
    "UUID": ValueKind.UUID,
}
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_WRITER = DuckWriter()


def own(kind: ValueKind | None, native: str) -> SourceText | None:
    """How to count a column's values, and to turn its value forms into the spelling of `file_texts`.

    None if `kind: text` gives DuckDB's text of another type, which no other reader writes.

    Args:
        kind: kind in the plan.
        native: type in DuckDB's view.
    """
    if kind is ValueKind.TEXT and native not in ("VARCHAR", "BLOB") and not native.startswith("ENUM("):
        return None
    if native == "BLOB":  # base64 with `kind: text` too
        kind = ValueKind.BINARY
    nested = kind is ValueKind.JSON and native != "JSON"
    if nested and (native.endswith("]") or native.startswith(("STRUCT(", "MAP("))):
        change = partial(translate_nested, node=_node(duckdb.dtype(native)), writer=_WRITER)
        return SourceText("CAST({c} AS VARCHAR)", change, nested=True)
    number = "CAST({c} AS HUGEINT)" if native in _INTEGERS else ""
    return SourceText("CAST({c} AS VARCHAR)", _forms(kind, native), number=number).planned(kind, _ONE_LINE)


def _forms(kind: ValueKind | None, native: str) -> Callable[[pa.Array], pa.Array]:
    if native == "INTERVAL":
        return lambda forms: pa.array([f and _interval(f) for f in forms.to_pylist()], pa.string())
    if native == "TIME WITH TIME ZONE":  # Parquet stores it in UTC, and pyarrow reads it without a zone
        return lambda forms: canonical_forms(kind, pc.replace_substring_regex(forms, "(Z|[+-].*)$", ""))
    return lambda forms: canonical_forms(kind, forms)


def _node(kind: Any) -> Node:
    if kind.id in ("list", "array"):
        return ListText(_node(kind.children[0][1]))
    if kind.id == "struct":
        return RecordText(tuple((name, _node(of)) for name, of in kind.children))
    if kind.id == "map":
        key = _node(kind.children[0][1])
        return MapOf(
            key if isinstance(key, LeafText) else LeafText(lambda forms: forms), _node(kind.children[1][1])
        )
    native = str(kind)
    of = ValueKind.DECIMAL if native.startswith("DECIMAL") else _KINDS.get(native)
    of = ValueKind.DATETIME if of is None and native.startswith("TIMESTAMP") else of
    return LeafText(_forms(of, native))


def _interval(form: str) -> str:
    """Months, days and milliseconds, as Parquet stores an interval."""
    found = DURATION.fullmatch(form)
    if found is None:
        return form
    years, months, days, hours, minutes, seconds = (Decimal(part or 0) for part in found.groups())
    millis = int(((hours * 60 + minutes) * 60 + seconds) * 1000)
    return f"{years * 12 + months} {days} {millis}"


def united(of: pa.DataType, native: Any) -> pa.DataType:
    """Add to a type in a file the members that the table's type has; views of texts become texts.

    Args:
        of: the type in the file.
        native: the type in DuckDB's view; members of the file that it lacks stay, so that they are noticed.
    """
    if pt.is_string_view(of) or pt.is_binary_view(of):
        return pa.string() if pt.is_string_view(of) else pa.binary()
    if not pt.is_nested(of) or native.id not in ("list", "array", "struct", "map"):
        return of
    known = dict(native.children)
    if pt.is_struct(of):
        here = {field.name: field.type for field in of}
        return pa.struct(
            (name, united(here[name], known.get(name, native)) if name in here else pa.null())
            for name in dict.fromkeys((*known, *here))
        )
    if pt.is_map(of):
        return pa.map_(united(of.key_type, known["key"]), united(of.item_type, known["value"]))
    child = united(of.value_type, known["child"])
    if pt.is_fixed_size_list(of):
        return pa.list_(child, of.list_size)
    return pa.large_list(child) if pt.is_large_list(of) else pa.list_(child)


def file_texts(column: pa.Array, kind: ValueKind | None) -> pa.Array:
    """Write a file's values as texts.

    Args:
        column: as pyarrow reads it from the file.
        kind: the column's kind in the plan; if the type in the file is another one, the texts differ.
    """
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pt.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pt.is_timestamp(column.type) or pt.is_date(column.type):
        numbers = column.cast(pa.int32() if pt.is_date32(column.type) else pa.int64()).to_pylist()
        texts = [None if n is None else canonical(kind, _moment(n, column.type)) for n in numbers]
    elif pt.is_duration(column.type):
        numbers = column.cast(pa.int64()).to_pylist()
        texts = [None if n is None else _seconds(n, _DIGITS[column.type.unit]) for n in numbers]
    elif pt.is_time(column.type):
        texts = [None if t is None else canonical(kind, t) for t in column.cast(pa.string()).to_pylist()]
    elif pt.is_nested(column.type):
        texts = _nested(column)
    else:
        texts = [None if value is None else _text(value, column.type, kind) for value in column.to_pylist()]
    return pa.array(texts, pa.string())


def _text(value: Any, of: pa.DataType, kind: ValueKind | None) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value if pt.is_float64(of) else float(str(np.float32(value))))
    if isinstance(value, Decimal):
        return canonical(ValueKind.DECIMAL, format(value, "f"))
    if isinstance(value, bytes):
        if kind is ValueKind.DURATION:
            return " ".join(
                str(int.from_bytes(value[at : at + 4], "little", signed=True)) for at in (0, 4, 8)
            )
        return value.hex()
    if isinstance(value, str) and kind is ValueKind.JSON:
        value = value.strip(" \t\r\n").replace("\r", " ").replace("\n", " ")
        return None if value == "null" else canonical(kind, value)
    return canonical(kind, value) if isinstance(value, str) else str(value)


def _seconds(number: int, digits: int) -> str:
    """ISO 8601 in seconds only."""
    whole, rest = divmod(abs(number), 10**digits)
    fraction = f".{rest:0{digits}d}".rstrip("0").rstrip(".") if digits else ""
    return f"PT{'-' if number < 0 else ''}{whole}{fraction}S"


def _moment(number: int, of: pa.DataType) -> str:
    """A day or a time; before Christ as databases write it."""
    endless = (_ENDLESS_DAYS if pt.is_date32(of) else _ENDLESS_MOMENTS).get(number)
    if endless:
        return endless
    if pt.is_date(of):
        days = number if pt.is_date32(of) else number // 86_400_000
        return _before_christ(str(np.datetime64(days, "D")))
    zone = "" if of.tz is None else "+00"
    return _before_christ(str(np.datetime64(number, of.unit)).replace("T", " "), zone)


def _before_christ(text: str, zone: str = "") -> str:
    found = re.fullmatch(r"-?([0-9]+)(-[0-9]{2}-[0-9]{2})(.*?)(\.0*)?", text)
    if found is None or not (text.startswith("-") or int(found[1]) == 0):
        return f"{text}{zone}"
    return f"{int(found[1]) + 1:04d}{found[2]}{found[3]}{zone} BC"


def _nested(column: pa.Array) -> list[str | None]:
    """Lists, structs or maps with their leaves between separators, as in `own`.

    The leaves are not converted to Python: it has neither nanoseconds nor years before 1 and after 9999.
    """
    there = column.is_valid().to_pylist()
    if pt.is_struct(column.type):
        members = [_leaves(member) for member in column.flatten()]
        return [
            _WRITER.record(parts) if is_ else None
            for is_, parts in zip(there, zip(*members, strict=True), strict=True)
        ]
    ranges = _ranges(column)
    if pt.is_map(column.type):
        keys, items = _leaves(column.keys), _leaves(column.items)
        maps = [_WRITER.map(keys[start:end], items[start:end]) for start, end in ranges]
        return [text if is_ else None for is_, text in zip(there, maps, strict=True)]
    elements, node = _leaves(column.values), ListText(LeafText(lambda forms: forms))
    lists = [_WRITER.list(node, elements[start:end], ()) for start, end in ranges]
    return [text if is_ else None for is_, text in zip(there, lists, strict=True)]


def _leaves(column: pa.Array) -> list[str | None]:
    return file_texts(column, _kind(column.type)).to_pylist()  # type: ignore[no-any-return]


def _ranges(column: pa.Array) -> list[tuple[int, int]]:
    """Start and end of each list or map in the child's values."""
    if pt.is_fixed_size_list(column.type):
        size = column.type.list_size
        return [((column.offset + n) * size, (column.offset + n + 1) * size) for n in range(len(column))]
    return list(pairwise(column.offsets.to_pylist()))


def _kind(of: pa.DataType) -> ValueKind | None:
    if pt.is_timestamp(of):
        return ValueKind.DATETIME if of.tz is None else ValueKind.INSTANT
    return ValueKind.TIME if pt.is_time(of) else None


def part_of_column(column: pa.Array, part: DocumentPart) -> pa.Array:
    """Take a part of each document in a column; a field of a struct keeps its type.

    Raises:
        DocumentError: a document is no JSON, or has two members of one name.
    """
    return _member(column, part.path) if part.path else _rest(column, tree(part.named))


def document_forms(texts: pa.Array, kind: ValueKind | None) -> pa.Array:
    """Write documents in one spelling: sorted members, no escapes, numbers with their digits unchanged."""
    if kind is not ValueKind.JSON:
        return texts
    return pa.array(
        [None if text is None else _one_spelling(text) for text in texts.to_pylist()], pa.string()
    )


def _one_spelling(document: str) -> str:
    """Put NUL before numbers, so that they differ from texts with the same digits: JSON has no bare NUL."""
    try:
        value = json.loads(document, parse_int=_number, parse_float=_number)
    except (ValueError, RecursionError):
        return document
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _number(digits: str) -> str:
    return f"\0{digits}"


def _member(column: pa.Array, path: MemberPath) -> pa.Array:
    if not path:
        return column
    if pt.is_struct(column.type):
        return _member(pc.struct_field(column, [path[0]]), path[1:])
    return pa.array([member(text, as_argument(path)) for text in column.to_pylist()], pa.string())


def _rest(column: pa.Array, named: Tree) -> pa.Array:
    if not pt.is_struct(column.type):
        without = as_argument(paths(named))
        return pa.array([rest(text, without) for text in column.to_pylist()], pa.string())
    fields: dict[str, pa.Array] = {}
    for field in column.type:
        inside = pc.struct_field(column, [field.name])
        if field.name not in named:
            fields[field.name] = inside
        elif named[field.name]:
            fields[field.name] = _rest(inside, named[field.name])
    if not fields:
        return pa.nulls(len(column), column.type)
    empty = pa.array([not any(held) for held in zip(*map(_held, fields.values()), strict=True)])
    return pa.StructArray.from_arrays(list(fields.values()), list(fields), mask=empty)


def _held(column: pa.Array) -> list[bool]:
    return column.is_valid().to_pylist()  # type: ignore[no-any-return]
