"""Parts of documents in Parquet files, as pyarrow reads the files: for the second reading of a lake."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from afschrift.domain.value_kind import DocumentPart, MemberPath, ValueKind
from afschrift.sources.json_parts import Tree, member, paths, rest, tree, written


def part_of_column(column: pa.Array, part: DocumentPart) -> pa.Array:
    """A part of each document of a column; of a struct in the type of the field.

    Raises:
        DocumentError: a document is no JSON, or has two members of one name.
    """
    return _member(column, part.path) if part.path else _rest(column, tree(part.named))


def document_forms(texts: pa.Array, kind: ValueKind | None) -> pa.Array:
    """Documents in one spelling: members in order, no space, no escapes, numbers as they stand."""
    if kind is not ValueKind.JSON:
        return texts
    return pa.array([None if text is None else _spelled(text) for text in texts.to_pylist()], pa.string())


def _spelled(document: str) -> str:
    """A number is told from a text with the same digits by the sign before it, which no document has bare."""
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
    return pa.array([member(text, written(path)) for text in column.to_pylist()], pa.string())


def _rest(column: pa.Array, named: Tree) -> pa.Array:
    if not pt.is_struct(column.type):
        without = written(paths(named))
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
