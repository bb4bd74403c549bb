"""Parts of documents in DuckDB: fields of structs by their types, members of JSON by DuckDB's functions.

DuckDB rewrites numbers: 1.10 becomes 1.1. So before a document is taken apart, each number in it becomes a
text with a mark, and in the result it becomes a number again. A Python function could not do it instead: all
sessions of a process on a file share it, and it disappears with the first session that ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from afschrift.domain.sources import in_template
from afschrift.domain.value_kind import DocumentPart, MemberPath
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.json_parts import NO_DOCUMENT, TWICE, Tree, objects, paths, tree

_COLUMN = "{column}"
_sql = StandardDialect()


@dataclass(frozen=True)
class NativePart:
    """A part of a document.

    Attributes:
        native: DuckDB's type of it.
        value: SQL, with `{column}` for the document.
    """

    native: str
    value: str


def place_of(native: str, part: DocumentPart, place: str) -> NativePart | None:
    """Find a part in a document's type; None if the type is no document, or has no such field.

    Args:
        native: type of the document's column.
        part: the part.
        place: `table.column`, for errors.
    """
    if native == "VARCHAR":  # the data map says that it holds JSON
        native = "JSON"
    try:
        kind = duckdb.sqltype(native)
        if part.path:
            return _member(kind, _COLUMN, part.path, place)
        return _rest(kind, _COLUMN, tree(part.named), place)
    except duckdb.Error:
        return None


def _member(kind: Any, value: str, path: MemberPath, place: str) -> NativePart | None:
    if not path:
        return NativePart(str(kind), value)
    if kind.id == "struct":
        inside = dict(kind.children).get(path[0])
        return inside and _member(inside, _field(value, path[0]), path[1:], place)
    if str(kind) == "JSON":
        return NativePart("JSON", _json(value, DocumentPart("", path), place))
    return None


def _rest(kind: Any, value: str, named: Tree, place: str) -> NativePart | None:
    """A struct with its other fields; NULL if none of them has a value."""
    if str(kind) == "JSON":
        return NativePart("JSON", _json(value, DocumentPart("", named=tuple(paths(named))), place))
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
    native = ", ".join(f"{_sql.quote(name)} {field.native}" for name, field in fields.items())
    pack = ", ".join(f"{in_template(_sql.quote(name))} := {field.value}" for name, field in fields.items())
    held = " OR ".join(f"{field.value} IS NOT NULL" for field in fields.values())
    return NativePart(f"STRUCT({native})", f"CASE WHEN {held} THEN struct_pack({pack}) END")


def _field(value: str, name: str) -> str:
    return f"struct_extract({value}, {in_template(_sql.literal(name))})"


def _json(value: str, part: DocumentPart, place: str) -> str:
    return f"CAST({part_of_json(f'CAST({value} AS VARCHAR)', part, place)} AS JSON)"


_MARK = r"\u0001"
"""The mark, as JSON writes it. A text that begins with it gets a second one, so that it is not taken for a
number."""

_TOKENS = r'"(?:[^"\\]|\\.)*"|[-+.0-9A-Za-z]+|[{}\[\],:]'
_DOCUMENT = "\0"
_literal = StandardDialect().literal


def part_of_json(text: str, part: DocumentPart, place: str) -> str:
    """SQL of the text of a part; NULL if there is none. A document that is no JSON fails the statement.

    List functions are not nested: DuckDB plans an inner one again for every function around it.

    Args:
        text: SQL of the document as text, without braces.
        part: the part.
        place: `table.column`, for errors.

    Returns:
        A template, with braces doubled.
    """
    named = tree([part.path] if part.path else part.named)
    twice = " OR ".join(
        f"len(json_keys({_DOCUMENT}{at})) > len(list_distinct(json_keys({_DOCUMENT}{at})))"
        for at in (_at(way) for way, _ in objects(named))
    )
    if part.path:
        there = f"coalesce(json_type({_DOCUMENT}{_at(part.path)}), 'NULL') <> 'NULL'"
        found = f"json_extract({mark_numbers(_DOCUMENT)}{_at(part.path)})"
        value = f"WHEN {' AND '.join((*_not_in_arrays(part.path), there))} THEN {_unmark_numbers(found)}"
    else:
        left = _unmark_numbers(f"json_merge_patch({mark_numbers(_DOCUMENT)}, {_patch((), named)})")
        other = f"WHEN json_type({_DOCUMENT}) <> 'OBJECT' THEN {_DOCUMENT}"
        value = f"WHEN {_empty((), named)} THEN NULL {other} ELSE {left}"
    whole = (
        f"CASE WHEN {_DOCUMENT} IS NULL THEN NULL "
        f"WHEN NOT json_valid({_DOCUMENT}) THEN {_fail(NO_DOCUMENT, place)} "
        f"WHEN {twice} THEN {_fail(TWICE, place)} {value} END"
    )
    return in_template(whole).replace(_DOCUMENT, text)


def _at(path: MemberPath) -> str:
    """Second argument of a JSON function: a pointer (RFC 6901)."""
    pointer = "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in path)
    return f", {_literal(pointer)}" if path else ""


def _not_in_arrays(path: MemberPath) -> Iterator[str]:
    """Conditions that a name that looks like a number is a member's, and no position in an array."""
    for depth, name in enumerate(path):
        if name.isdigit() or name == "-":
            yield f"json_type({_DOCUMENT}{_at(path[:depth])}) = 'OBJECT'"


def _is(way: MemberPath, type_: str) -> str:
    conditions = (*_not_in_arrays(way), f"json_type({_DOCUMENT}{_at(way)}) = '{type_}'")
    return f"({' AND '.join(conditions)})"


def _empty(way: MemberPath, named: Tree) -> str:
    """Condition: a value is null, or an object that holds nothing but named members."""
    counts = [
        f"CASE WHEN {_empty((*way, name), inside)} THEN 1 ELSE 0 END"
        if inside
        else f"CASE WHEN json_exists({_DOCUMENT}{_at((*way, name))}) THEN 1 ELSE 0 END"
        for name, inside in named.items()
    ]
    only = f"{_is(way, 'OBJECT')} AND len(json_keys({_DOCUMENT}{_at(way)})) = {' + '.join(counts)}"
    return f"({_is(way, 'NULL')} OR ({only}))"


def _patch(way: MemberPath, named: Tree) -> str:
    """SQL of a merge patch (RFC 7396) that removes the members, and objects that are empty without them."""
    members = []
    for name, inside in named.items():
        label = _literal(json.dumps(name, ensure_ascii=False) + ":")
        if not inside:
            members.append(f"{label} || 'null'")
            continue
        below = (*way, name)
        further = f"WHEN {_is(below, 'OBJECT')} THEN {label} || {_patch(below, inside)}"
        members.append(f"CASE WHEN {_empty(below, inside)} THEN {label} || 'null' {further} END")
    return f"'{{' || concat_ws(',', {', '.join(members)}) || '}}'"


def _fail(what: str, place: str) -> str:
    """SQL that fails. It depends on the row: a constant expression would fail before any row is read."""
    return f"error({_literal(f'[afschrift: {what}]{place}|')} || strlen({_DOCUMENT}))"


def _tokens(text: str, changed: str) -> str:
    tokens = f"regexp_extract_all({text}, {_literal(_TOKENS)})"
    return f"array_to_string(list_transform({tokens}, lambda x: {changed}), '')"


def marked_member(document: str, name: str) -> str:
    """SQL of the text of a member in a document with marked numbers: of a number its digits."""
    at = _at((name,))
    return (
        f"CASE WHEN json_type({document}{at}) IN ('OBJECT', 'ARRAY') "
        f"THEN {_unmark_numbers(f'json_extract({document}{at})')} "
        f"ELSE regexp_replace(json_extract_string({document}{at}), '^\\x01', '') END"
    )


def mark_numbers(text: str) -> str:
    """SQL of a document in which each number is a text that begins with the mark."""
    number = (
        f"""x[1] IN ('-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9') THEN '"{_MARK}' || x || '"'"""
    )
    also = f"""starts_with(x, '"{_MARK}') THEN '"{_MARK}' || x[2:]"""
    return _tokens(text, f"CASE WHEN {number} WHEN {also} ELSE x END")


def _unmark_numbers(document: str) -> str:
    marked = len(_MARK) + 1
    number = f"x[{marked + 1}] = '-' OR x[{marked + 1}] BETWEEN '0' AND '9' THEN x[{marked + 1}:-2]"
    text = f"""CASE WHEN {number} ELSE '"' || x[{marked + 1}:] END"""
    changed = f"""CASE WHEN starts_with(x, '"{_MARK}') THEN {text} ELSE x END"""
    return _tokens(f"CAST({document} AS VARCHAR)", changed)
