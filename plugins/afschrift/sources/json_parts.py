"""Parts of JSON documents, cut out of their text: no digit and no escape of a value changes.

Sessions of SQLite have it as functions, for those of its own take the first of two members of one name; and
the second reading of a lake takes its documents apart with it.
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
"""Names of members -> names inside of them; empty: the member itself is named."""


class DocumentError(ValueError):
    """A document whose parts cannot be told apart.

    Attributes:
        what: `TWICE` or `NO_DOCUMENT`.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"[afschrift: {what}]")
        self.what = what


def member(document: Any, path: str) -> str | None:
    """A member as its text in the document; None where there is none, or null.

    Args:
        document: JSON; a number of SQLite's is one, and bytes are none.
        path: as `written` gives it.

    Raises:
        DocumentError: the document is no JSON, or an object on the way has two members of one name.
    """
    value = _document(document)
    for name in _path(path):
        members = _members(value)
        if members is None or name not in members:
            return None
        value = members[name]
    return None if value.strip() == "null" else str(value)


def rest(document: Any, named: str) -> Any:
    """A document without some members; None where nothing else is in it.

    An object on the way to a member that holds nothing else is left out with it, and so is null in its place.
    What is no object where the members would be in one stays as it is.

    Args:
        document: as of `member`.
        named: paths, as `written` gives them.

    Raises:
        DocumentError: as of `member`.
    """
    return _rest(_document(document), _tree(named))


def written(path: Sequence[str] | Sequence[MemberPath]) -> str:
    """A path, or several, as the functions take them."""
    return json.dumps(path)


def call(literal: Callable[[str], str], document: str, part: DocumentPart, place: str) -> str:
    """SQL that calls the functions as a session has them, which take the place of their errors too.

    Args:
        literal: SQL of a text.
        document: SQL of the document, in which braces are single.
        part: which one.
        place: `table.column`.

    Returns:
        Braces of names are doubled, as in every template of an expression.
    """
    function, paths = ("member", part.path) if part.path else ("rest", part.named)
    given = ", ".join(in_template(literal(text)) for text in (written(paths), place))
    return f"afschrift_{function}({document}, {given})"


def tree(named: Sequence[MemberPath]) -> Tree:
    """The members that are named, each below the one that holds it."""
    found: Tree = {}
    for path in named:
        inside = found
        for name in path:
            inside = inside.setdefault(name, {})
    return found


def objects(named: Tree, way: MemberPath = ()) -> Iterator[tuple[MemberPath, Tree]]:
    """The objects that hold named members, the outer ones first, each with those that it holds."""
    yield way, named
    for name, inside in named.items():
        if inside:
            yield from objects(inside, (*way, name))


def paths(named: Tree) -> list[MemberPath]:
    """The members that a tree names."""
    return [(name, *path) for name, inside in named.items() for path in (paths(inside) if inside else [()])]


@lru_cache(maxsize=1024)
def _path(path: str) -> tuple[str, ...]:
    return tuple(json.loads(path))


@lru_cache(maxsize=1024)
def _tree(named: str) -> Tree:
    return tree(json.loads(named))


def _document(value: Any) -> Any:
    """A document: of one that is none nothing may be missing unsaid, so neither is it without members.

    An object is parsed where its members are read.
    """
    if isinstance(value, bytes):
        raise DocumentError(NO_DOCUMENT)
    if isinstance(value, str) and not _is_object(value):
        try:
            msgspec.json.decode(value, type=msgspec.Raw)
        except (ValueError, RecursionError):  # their messages quote the value
            raise DocumentError(NO_DOCUMENT) from None
    return value


def _is_object(text: str) -> bool:
    return text.lstrip(" \t\r\n").startswith("{")


def _members(value: Any) -> dict[str, str] | None:
    """The members of an object with the text of each; None for every other value."""
    if not isinstance(value, str) or not _is_object(value):
        return None
    try:
        found = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
        # each object becomes the number of its members: the outermost one is the last
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
