"""Parts of documents in Parquet files, as pyarrow reads the files: for the second reading of a lake."""

from __future__ import annotations

import json
import re

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from afschrift.domain.value_kind import DocumentPart, MemberPath, ValueKind
from afschrift.sources.json_parts import Tree, member, paths, rest, tree, written

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\s+')


def part_of_column(column: pa.Array, part: DocumentPart) -> pa.Array:
    """A part of each document of a column; of a struct in the type of the field.

    Raises:
        DocumentError: a document is no JSON, or has two members of one name.
    """
    return _member(column, part.path) if part.path else _rest(column, tree(part.named))


def document_forms(texts: pa.Array, kind: ValueKind | None) -> pa.Array:
    """Documents in one spelling: no space between values, no escape without need, numbers as they stand."""
    if kind is not ValueKind.JSON:
        return texts
    return pa.array([None if t is None else _TOKEN.sub(_plain, t) for t in texts.to_pylist()], pa.string())


def _plain(token: re.Match[str]) -> str:
    return json.dumps(json.loads(token[0]), ensure_ascii=False) if token[0].startswith('"') else ""


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
