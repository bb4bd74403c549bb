"""Turns value forms of lists, records and maps, which are JSON, into the texts that a database writes.

All leaves of a column are translated at once; a writer for the database composes the texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Translate = Callable[[pa.Array], pa.Array]


@dataclass(frozen=True, eq=False)
class LeafText:
    """A value that is no list, record or map.

    Attributes:
        translate: turns its value forms into the database's texts.
        raw: a JSON document, which is not translated.
        bare: text and value form are equal, and have only digits, letters, points and hyphens.
    """

    translate: Translate
    raw: bool = False
    bare: bool = False


@dataclass(frozen=True, eq=False)
class ListText:
    """A list; `deep` if it may have lists in place of elements, as dimensions."""

    element: Node
    deep: bool = False
    delimiter: str = ","


@dataclass(frozen=True, eq=False)
class RecordText:
    """A record of members with names."""

    members: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, eq=False)
class MapOf:
    """A map, whose keys are leaves."""

    key: LeafText
    value: Node


Node = LeafText | ListText | RecordText | MapOf
Parts = Sequence[str | None]


class NestedWriter(Protocol):
    """How a database writes lists, records and maps; None is NULL.

    Attributes:
        signs: for lists of bare leaves, pairs of a JSON sign and the database's sign, to replace in order.
    """

    @property
    def signs(self) -> Sequence[tuple[str, str]]:
        """Pairs of a JSON sign and the database's."""

    def list(self, node: ListText, parts: Parts, nested: Sequence[bool]) -> str:
        """Write a list; `nested` says which parts are lists in place of elements."""

    def flat(self, node: ListText, texts: pa.Array) -> tuple[pa.Array, tuple[str, str, str]]:
        """Write elements for lists, with a text for NULL; also return opening, separator and closing sign."""

    def record(self, parts: Parts) -> str:
        """Write a record."""

    def map(self, keys: Parts, values: Parts) -> str:
        """Write a map."""


class _Texts(dict[LeafText, list[str]]):
    """The value forms of each leaf, in the order of the walk."""

    def add(self, leaf: LeafText, form: str) -> str:
        self[leaf].append(form)
        return ""

    def __missing__(self, leaf: LeafText) -> list[str]:
        self[leaf] = []
        return self[leaf]


def translate_nested(forms: pa.Array, node: Node, writer: NestedWriter) -> pa.Array:
    """Turn JSON documents into the database's texts.

    Args:
        forms: `pa.string`, NULL for NULL.
        node: the column's type.
        writer: writer for the database.

    Raises:
        ValueError: a document is not one of this type.
    """
    if isinstance(node, ListText) and (flat_texts := _translate_flat(forms, node, writer)) is not None:
        return flat_texts
    documents = [None if form is None else form.encode() for form in forms.to_pylist()]
    leaves = _Texts()
    for document in documents:
        if document is not None:
            _walk(document, node, leaves.add, None)
    own: dict[LeafText, Iterator[str]] = {
        leaf: iter(leaf.translate(pa.array(found, pa.string())).to_pylist()) for leaf, found in leaves.items()
    }
    written = [
        None if document is None else _walk(document, node, lambda leaf, _: next(own[leaf]), writer)
        for document in documents
    ]
    return pa.array(written, pa.string())


def _translate_flat(forms: pa.Array, node: ListText, writer: NestedWriter) -> pa.Array | None:
    """As `translated`, in less time, for lists of bare leaves and flat lists of strings; None for others."""
    element = node.element
    while isinstance(element, ListText):
        element = element.element
    if not isinstance(element, LeafText) or element.raw:
        return None
    if element.bare:
        for sign, own in writer.signs:
            forms = pc.replace_substring(forms, sign, own)
        return forms
    if element is not node.element:
        return None
    try:
        lists = [None if form is None else _strings.decode(form) for form in forms.to_pylist()]
    except msgspec.ValidationError:
        return None
    flat = pa.array([text for texts in lists if texts for text in texts], pa.string())
    elements, (opening, between, end) = writer.flat(node, element.translate(flat))
    ends = np.cumsum([0, *(len(texts or ()) for texts in lists)])
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(ends, pa.int32()), elements), between)
    written = pc.binary_join_element_wise(opening, joined, end, "")
    return pc.if_else(forms.is_valid(), written, pa.scalar(None, pa.string()))


_strings = msgspec.json.Decoder(list[str | None])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_string = msgspec.json.Decoder(str)


def _walk(
    document: bytes, node: Node, leaf: Callable[[LeafText, str], str], writer: NestedWriter | None
) -> str | None:
    """Write a document as the database does; without a writer only visit its leaves."""
    if document == b"null":
        return None
    if isinstance(node, LeafText):
        quoted = document[:1] == b'"' and not node.raw
        return leaf(node, _string.decode(document) if quoted else document.decode())
    if isinstance(node, ListText):
        items = [bytes(item) for item in _list.decode(document)]
        nested = [node.deep and item[:1] == b"[" for item in items]
        kinds = [node if inner else node.element for inner in nested]
        parts = [_walk(item, kind, leaf, writer) for item, kind in zip(items, kinds, strict=True)]
        return writer.list(node, parts, nested) if writer else None
    found = _object.decode(document)
    if isinstance(node, RecordText):
        named = [(bytes(found[name]), kind) for name, kind in node.members]
        parts = [_walk(item, kind, leaf, writer) for item, kind in named]
        return writer.record(parts) if writer else None
    keys = [leaf(node.key, name) for name in found]
    values = [_walk(bytes(item), node.value, leaf, writer) for item in found.values()]
    return writer.map(keys, values) if writer else None
