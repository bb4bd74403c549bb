"""Cuts parts out of the text of JSON documents, so that no digit and no escape of a value changes.

SQLite sessions call it as SQL functions, because SQLite's own take the first of two members with the same
name. The second reading of a lake uses it too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from afschrift.domain.sources import in_template
from afschrift.domain.value_kind import DocumentPart, MemberPath

TWICE, NO_DOCUMENT = "twice", "no document"
Tree = dict[str, "Tree"]
"""Names of members -> names inside them; empty if the member itself is meant."""


class DocumentError(ValueError):
    """A document that cannot be taken apart.

    Attributes:
        what: `TWICE` (two members with the same name) or `NO_DOCUMENT`.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"[afschrift: {what}]")
        self.what = what


def member(document: Any, path: str) -> str | None:
    """Return a member as its text in the document; None if there is none, or if it is null.

    Args:
        document: JSON; numbers of SQLite count as JSON, bytes do not.
        path: as `as_argument` gives it.

    Raises:
        DocumentError: the document is no JSON, or an object on the way has two members with the same name.
    """
    value = _document(document)
    for name in _path(path):
        members = _members(value)
        if members is None or name not in members:
            return None
        value = members[name]
    return None if value.strip() == "null" else str(value)


def rest(document: Any, named: str) -> Any:
    """Return a document without some members; None if nothing else is in it.

    An object on the way to a member is left out with it if it has nothing else, or if it is null. Other
    values in its place are kept.

    Args:
        document: as in `member`.
        named: paths, as `as_argument` gives them.

    Raises:
        DocumentError: as in `member`.
    """
    return _rest(_document(document), _tree(named))


def as_argument(path: Sequence[str] | Sequence[MemberPath]) -> str:
    """Write a path, or several, as the functions take them."""
    return json.dumps(path)


def call(literal: Callable[[str], str], document: str, part: DocumentPart, place: str) -> str:
    """SQL that calls the functions of a SQLite session.

    Args:
        literal: SQL of a text.
        document: SQL of the document, in which braces are single.
        part: the part.
        place: `table.column`, for their errors.

    Returns:
        A template, with braces in names doubled.
    """
    function, paths = ("member", part.path) if part.path else ("rest", part.named)
    given = ", ".join(in_template(literal(text)) for text in (as_argument(paths), place))
    return f"afschrift_{function}({document}, {given})"


def tree(named: Sequence[MemberPath]) -> Tree:
    """Nest paths: each member below the one that holds it."""
    found: Tree = {}
    for path in named:
        inside = found
        for name in path:
            inside = inside.setdefault(name, {})
    return found


def objects(named: Tree, way: MemberPath = ()) -> Iterator[tuple[MemberPath, Tree]]:
    """Path and named members of each object that has such members, outer objects first."""
    yield way, named
    for name, inside in named.items():
        if inside:
            yield from objects(inside, (*way, name))


def paths(named: Tree) -> list[MemberPath]:
    """The paths in a tree."""
    return [(name, *path) for name, inside in named.items() for path in (paths(inside) if inside else [()])]


@lru_cache(maxsize=1024)
def _path(path: str) -> tuple[str, ...]:
    return tuple(json.loads(path))


@lru_cache(maxsize=1024)
def _tree(named: str) -> Tree:
    return tree(json.loads(named))


def _document(value: Any) -> Any:
    """Refuse what is no JSON, also if it has no members: it must not pass as a document without the part.

    Objects are not parsed here but where their members are read.
    """
    if isinstance(value, bytes):
        raise DocumentError(NO_DOCUMENT)
    if isinstance(value, str) and not _is_object(value):
        try:
            msgspec.json.decode(value, type=msgspec.Raw)
        except (ValueError, RecursionError):  # these errors' messages quote the value
            raise DocumentError(NO_DOCUMENT) from None
    return value


def _is_object(text: str) -> bool:
    return text.lstrip(" \t\r\n").startswith("{")


def _members(value: Any) -> dict[str, str] | None:
    """Name -> text of the members of an object; None for any other value."""
    if not isinstance(value, str) or not _is_object(value):
        return None
    try:
        found = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
        # Each object is replaced by its number of members, duplicates included; the result is the
        # outermost's.
        number = json.loads(value, object_pairs_hook=len, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):  # their messages quote the value
        raise DocumentError(NO_DOCUMENT) from None
    if number != len(found):
        raise DocumentError(TWICE)
    return {name: bytes(raw).decode() for name, raw in found.items()}


def _rest(value: Any, named: Tree) -> Any:
    members = _members(value)
    if members is None:
        return None if isinstance(value, str) and value.strip() == "null" else value
    kept = {name: text for name, text in members.items() if name not in named}
    for name in members.keys() & named.keys():
        inside = _rest(members[name], named[name]) if named[name] else None
        if inside is not None:
            kept[name] = inside
    if not kept:
        return None
    inside = (f"{json.dumps(n, ensure_ascii=False)}:{kept[n]}" for n in members if n in kept)
    return "{" + ",".join(inside) + "}"
