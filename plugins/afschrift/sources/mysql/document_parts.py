"""Parts of JSON documents, by the functions that MySQL and MariaDB share.

MariaDB keeps JSON as text. Of two members of one name its functions take the first, and one whose name is
written with an escape is found by some of them and not by others: such documents end the statement.
"""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.domain.value_kind import DocumentPart, MemberPath
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.json_parts import Tree, paths, tree
from afschrift.sources.mysql.types import UNREADABLE, UNTOLD, failing

_DOCUMENT = "{column}"
_literal = StandardDialect().literal


def value_of(part: DocumentPart) -> str:
    """SQL of the text of a part, with `{column}` for the document."""
    named = tree([part.path] if part.path else part.named)
    doubts = [f"({_ambiguous(way, inside)})" for way, inside in _objects(named)]
    # of a path that the server does not understand it only warns
    doubts.append(f"JSON_CONTAINS_PATH({_DOCUMENT}, 'one', {', '.join(map(_path, paths(named)))}) IS NULL")
    untold = " OR ".join(doubts)
    if part.path:
        found = _at(part.path)
        value = f"WHEN JSON_TYPE({found}) <> 'NULL' THEN CAST({found} AS CHAR)"
    else:
        other = f"WHEN JSON_TYPE({_DOCUMENT}) <> 'OBJECT' THEN CAST({_DOCUMENT} AS CHAR)"
        value = f"WHEN {_empty((), named)} THEN NULL {other} ELSE CAST({_without(named)} AS CHAR)"
    unreadable = f"WHEN NOT JSON_VALID({_DOCUMENT}) THEN {failing(UNREADABLE, empty=True)}"
    return (
        f"CASE WHEN {_DOCUMENT} IS NULL THEN NULL {unreadable} "
        f"WHEN {untold} THEN {failing(UNTOLD)} {value} END"
    )


def _objects(named: Tree, way: MemberPath = ()) -> Iterator[tuple[MemberPath, Tree]]:
    """The objects that hold named members, the outer ones first, each with those that it holds."""
    yield way, named
    for name, inside in named.items():
        if inside:
            yield from _objects(inside, (*way, name))


def _ambiguous(way: MemberPath, named: Tree) -> str:
    """Condition: two members have one name, or a named one may be written with an escape."""
    found = _at(way)
    keys = f"JSON_KEYS({found})"
    units = "".join(named).encode("utf-16-be").hex()
    signs = {f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)}
    signs |= {"\\/"} if "/" in "".join(named) else set()
    doubts = [f"JSON_LENGTH({found}) <> JSON_LENGTH({keys})"]
    doubts += [f"LOCATE({_literal(sign)}, LOWER({keys})) > 0" for sign in sorted(signs)]
    return f"JSON_TYPE({found}) = 'OBJECT' AND ({' OR '.join(doubts)})"


def _empty(way: MemberPath, named: Tree) -> str:
    """Condition: a value is null, or an object that holds nothing but named members."""
    found = _at(way)
    counts = [
        f"CASE WHEN {_empty((*way, name), inside)} THEN 1 ELSE 0 END"
        if inside
        else f"JSON_CONTAINS_PATH({_DOCUMENT}, 'one', {_path((*way, name))})"
        for name, inside in named.items()
    ]
    only = f"JSON_TYPE({found}) = 'OBJECT' AND JSON_LENGTH({found}) = {' + '.join(counts)}"
    return f"(JSON_TYPE({found}) = 'NULL' OR ({only}))"


def _without(named: Tree) -> str:
    """The document without its named members, and without the objects that hold nothing else."""
    gone = [_path(path) for path in paths(named)]
    for way, inside in reversed(list(_objects(named))[1:]):
        already = _path((*way, *paths(inside)[0]))  # gone by then, so nothing else goes
        gone.append(f"CASE WHEN {_empty(way, inside)} THEN {_path(way)} ELSE {already} END")
    return f"JSON_REMOVE({_DOCUMENT}, {', '.join(gone)})"


def _at(path: MemberPath) -> str:
    return f"JSON_EXTRACT({_DOCUMENT}, {_path(path)})" if path else _DOCUMENT


def _path(path: MemberPath) -> str:
    """A path as a literal: `$."address"."city"`."""
    quoted = (name.replace("\\", "\\\\").replace('"', '\\"') for name in path)
    steps = "".join(f'."{name}"' for name in quoted)
    return _literal(f"${steps}").replace("{", "{{").replace("}", "}}")
