"""Parts of documents in DuckDB: fields of structs by their types, members of JSON by its functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from afschrift.domain.value_kind import DocumentPart, MemberPath
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.duckdb.json_sql import part_of_json
from afschrift.sources.json_parts import Tree, paths, tree

_COLUMN = "{column}"
_sql = StandardDialect()


@dataclass(frozen=True)
class NativePart:
    """A part as DuckDB has it.

    Attributes:
        native: its type.
        value: SQL, with `{column}` for the document.
    """

    native: str
    value: str


def place_of(native: str, part: DocumentPart, place: str) -> NativePart | None:
    """Where a part stands; None where the type is none of a document, or has no such field.

    Args:
        native: type of the document's column.
        part: which one.
        place: `table.column`, for errors.
    """
    if native == "VARCHAR":  # whoever asks knows that there is JSON in it
        native = "JSON"
    try:
        kind = duckdb.sqltype(native)
        found = (
            _member(kind, _COLUMN, part.path, place)
            if part.path
            else _rest(kind, _COLUMN, tree(part.named), place)
        )
    except duckdb.Error:
        return None
    if found is None:
        return None
    return found


def _is_json(kind: Any) -> bool:
    return str(kind) == "JSON"


def _member(kind: Any, value: str, path: MemberPath, place: str) -> NativePart | None:
    if not path:
        return NativePart(str(kind), value)
    if kind.id == "struct":
        inside = dict(kind.children).get(path[0])
        return inside and _member(inside, _field(value, path[0]), path[1:], place)
    if _is_json(kind):
        return NativePart(str(kind), _json(value, DocumentPart("", path), place))
    return None


def _rest(kind: Any, value: str, named: Tree, place: str) -> NativePart | None:
    """Of a struct the other fields, where one of them holds a value."""
    if _is_json(kind):
        return NativePart(str(kind), _json(value, DocumentPart("", named=tuple(paths(named))), place))
    if kind.id != "struct" or not named.keys() <= dict(kind.children).keys():
        return None
    fields: dict[str, NativePart] = {}
    for name, of in kind.children:
        inside = _field(value, name)
        if name not in named:
            fields[name] = NativePart(str(of), inside)
        elif named[name]:
            found = _rest(of, inside, named[name], place)
            if found is None:
                return None
            fields[name] = found
    if not fields:
        return NativePart(str(kind), f"CASE WHEN 1 = 0 THEN {value} END")
    native = ", ".join(f"{_sql.quote(name)} {one.native}" for name, one in fields.items())
    pack = ", ".join(f"{_doubled(_sql.quote(name))} := {one.value}" for name, one in fields.items())
    held = " OR ".join(f"{one.value} IS NOT NULL" for one in fields.values())
    return NativePart(f"STRUCT({native})", f"CASE WHEN {held} THEN struct_pack({pack}) END")


def _field(value: str, name: str) -> str:
    return f"struct_extract({value}, {_doubled(_sql.literal(name))})"


def _json(value: str, part: DocumentPart, place: str) -> str:
    return f"CAST({part_of_json(f'CAST({value} AS VARCHAR)', part, place)} AS JSON)"


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
