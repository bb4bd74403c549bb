"""What arrays and composite values are made of: a statement says it beside each own text that it reads.

A plan keeps its statements, and a session that read no catalogue translates what they give.
"""

from __future__ import annotations

import re

import msgspec

_MARK = re.compile(r"/\* own text: (.*?) \*/")


class Leaf(msgspec.Struct, frozen=True, tag_field="is", tag="value"):
    """A value that is neither list nor record. `of`: a kind, or `padded`, `hstore`, `vector`."""

    of: str


class ListOf(msgspec.Struct, frozen=True, tag_field="is", tag="list", omit_defaults=True):
    """An array of any number of dimensions."""

    element: Shape
    delimiter: str = ","


class Record(msgspec.Struct, frozen=True, tag_field="is", tag="record"):
    """A composite value."""

    members: tuple[tuple[str, Shape], ...]


Shape = Leaf | ListOf | Record


class TextMark(msgspec.Struct, frozen=True):
    """A column of which a statement reads the own text."""

    table: str
    column: str
    shape: Shape


def comment(mark: TextMark) -> str:
    """It in a template of SQL: no sign in it ends a comment, and its braces are doubled."""
    written = msgspec.json.encode(mark).decode().replace("*", "\\u002a")
    return f" /* own text: {written} */".replace("{", "{{").replace("}", "}}")


def marks(statement: str) -> dict[str, TextMark]:
    """Column -> its mark."""
    found = (msgspec.json.decode(text, type=TextMark) for text in _MARK.findall(statement))
    return {mark.column: mark for mark in found}
