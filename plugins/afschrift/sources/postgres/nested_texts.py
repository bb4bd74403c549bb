"""Turns PostgreSQL's own texts of arrays and composite values into JSON, by the rules of `values.json_text`.

The server writes an array in one cheap call, and its planner knows that. SQL that took each array apart would
look more expensive to the planner than reading the whole table, so it would do that instead of using an index
(ADR 0053). The own text has everything: bounds, NULL, quotes.

The single values of a column are translated together. Lists of one dimension are joined together too; all
other values are taken apart row by row.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from functools import cache

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.redaction import MASK
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.postgres.column_types import BOUNDS, NULL, Leaf, ListOf, Record, Shape, TextMark
from afschrift.sources.postgres.errors import no_document
from afschrift.values import json_text, scalars

_FIELD = re.compile(r'(?:"((?:[^"\\]|""|\\\\)*)"|([^"\\,()]*))([,)])')
_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>(?:NULL|"((?:[^"\\]|\\.)*)")(?:, |$)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class NoDocumentError(ValueError):
    """A value has no JSON document; the error's text is `BOUNDS` or `NULL`."""


def documents(texts: pa.Array, shape: Shape) -> pa.Array:
    """Write one JSON document a row, NULL for NULL.

    Args:
        texts: PostgreSQL's texts of a column (`pa.string`).
        shape: structure of its type.

    Raises:
        NoDocumentError: a value has no JSON document.
        ValueError: a text is not one of this type.
    """
    if isinstance(shape, ListOf) and isinstance(shape.element, Leaf):
        if pc.any(pc.starts_with(texts, "[")).as_py():
            raise NoDocumentError(BOUNDS)
        if shape.element.of == "integer" and not pc.any(pc.match_substring_regex(texts, "[0-9]{16}")).as_py():
            return _of_numbers(texts)
        if not pc.any(pc.starts_with(texts, "{{")).as_py():
            return _flat(texts, shape.element, shape.delimiter)
    rows = texts.to_pylist()
    walk = _Walk()
    skeletons = [None if text is None else walk.value(text, shape) for text in rows]
    forms = {
        leaf: iter(_fragments(pa.array(found, pa.string()), leaf.of).to_pylist())
        for leaf, found in walk.leaves.items()
    }
    written = [None if pieces is None else _fill_leaves(pieces, forms) for pieces in skeletons]
    return pa.array(written, pa.string())


def _of_numbers(texts: pa.Array) -> pa.Array:
    """Lists of integers that are safe in JSON: only brackets and NULL have to be replaced."""
    if pc.any(pc.invert(pc.match_substring_regex(texts, r"^\{[-0-9,{}NUL]*\}$"))).as_py():
        raise ValueError
    for sign, of_json in (("{", "["), ("}", "]"), ("NULL", "null")):
        texts = pc.replace_substring(texts, sign, of_json)
    return texts


def _flat(texts: pa.Array, leaf: Leaf, delimiter: str) -> pa.Array:
    """Lists of one dimension: translate the elements of all rows at once."""
    given = texts.drop_null()
    data = "".join(given.to_pylist())
    tokens = pa.array(_element(delimiter).findall(data), pa.string())
    ends = pc.equal(tokens, "}")
    found = tokens.filter(pc.invert(ends))
    sizes = np.diff(np.flatnonzero(ends.to_numpy(zero_copy_only=False)), prepend=-1) - 1
    between = len(given) + np.maximum(sizes - 1, 0).sum()  # number of opening braces and delimiters
    length = pc.sum(pc.utf8_length(tokens)).as_py() or 0
    if (len(sizes), sizes.sum(), length + between) != (len(given), len(found), len(data)):
        raise ValueError
    quoted = pc.starts_with(found, '"')
    bare = pc.if_else(pc.equal(found, "NULL"), pa.scalar(None, pa.string()), found)
    if pc.any(quoted).as_py():
        inside = pc.utf8_slice_codeunits(found, 1, -1)
        bare = pc.if_else(quoted, pc.replace_substring_regex(inside, r"(?s)\\(.)", r"\1"), bare)
    counts = np.zeros(len(texts), np.int32)
    counts[texts.is_valid().to_numpy(zero_copy_only=False)] = sizes
    offsets = pa.array(np.cumsum([0, *counts]), pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, _fragments(bare, leaf.of)), ",")
    written = pc.binary_join_element_wise("[", joined, "]", "")
    return pc.if_else(texts.is_valid(), written, pa.scalar(None, pa.string()))


@cache
def _element(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf'"(?:[^"\\]|\\.)*"|[^"{{}}{re.escape(delimiter)}]+|}}', re.DOTALL)


@cache
def _token(delimiter: str) -> re.Pattern[str]:
    return re.compile(
        rf'"(?:[^"\\]|\\.)*"|[{{}}{re.escape(delimiter)}]|[^"{{}}{re.escape(delimiter)}]+', re.DOTALL
    )


def _fill_leaves(pieces: list[str | Leaf], forms: dict[Leaf, Iterator[str]]) -> str:
    return "".join([piece if isinstance(piece, str) else next(forms[piece]) for piece in pieces])


class _Walk:
    """Parses values: brackets and names become JSON, and the texts of the leaves are collected."""

    def __init__(self) -> None:
        self.leaves: dict[Leaf, list[str | None]] = {}

    def value(self, text: str | None, shape: Shape) -> list[str | Leaf]:
        if text is None:
            return ["null"]
        if isinstance(shape, Leaf):
            self.leaves.setdefault(shape, []).append(text)
            return [shape]
        return self._list(text, shape) if isinstance(shape, ListOf) else self._record(text, shape)

    def _list(self, text: str, shape: ListOf) -> list[str | Leaf]:
        """Parse an array: nested braces are dimensions, since an element that is an array is quoted."""
        if text.startswith("["):
            raise NoDocumentError(BOUNDS)
        tokens = _token(shape.delimiter).findall(text)
        if "".join(tokens) != text or tokens[:1] != ["{"] or tokens.count("{") != tokens.count("}"):
            raise ValueError
        found: list[str | Leaf] = []
        for token in tokens:
            if token in _SIGNS:
                found.append(_SIGNS[token])
            elif token == shape.delimiter:
                found.append(",")
            else:
                found += self.value(_unquote(token), shape.element)
        return found

    def _record(self, text: str, shape: Record) -> list[str | Leaf]:
        found: list[str | Leaf] = []
        at = 1
        for number, (name, member) in enumerate(shape.members):
            field = _FIELD.match(text, at)
            if field is None or (field[3] == ")") != (number == len(shape.members) - 1):
                raise ValueError
            at = field.end()
            label = msgspec.json.encode(name).decode()
            found.append(f"{',' if number else '{'}{label}:")
            quoted, bare, _ = field.groups()
            own = bare or None if quoted is None else quoted.replace('""', '"').replace("\\\\", "\\")
            found += self.value(own, member)
        if at != len(text):
            raise ValueError
        return [*found, "}"]


_SIGNS = {"{": "[", "}": "]"}


def _unquote(text: str) -> str | None:
    if not text.startswith('"'):
        return None if text == "NULL" else text
    return _ESCAPED.sub(r"\1", text[1:-1]) if "\\" in text else text[1:-1]


def _fragments(texts: pa.Array, of: str) -> pa.Array:
    """Turn PostgreSQL's texts of one type into JSON values."""
    if of in _INSIDE:
        inside = _INSIDE[of]
        texts = pa.array([None if text is None else inside(text) for text in texts.to_pylist()], pa.string())
    kind = _KINDS.get(of) or ValueKind(of)
    if kind is ValueKind.JSON:
        if pc.any(pc.equal(pc.ascii_trim(texts, " \t\r\n"), "null")).as_py():
            raise NoDocumentError(NULL)
        return json_text.fragments(texts, kind)
    # a float keeps the digits of the server
    forms = scalars.text(texts, ValueKind.DECIMAL if kind is ValueKind.NUMBER else kind)
    return json_text.fragments(forms, kind)


def _map(text: str) -> str:
    """Write a text of `hstore` as the server's cast to JSON does."""
    pairs = list(_PAIR.finditer(text))
    if sum(len(pair[0]) for pair in pairs) != len(text):
        raise ValueError
    return "{" + ", ".join(f"{_string(pair[1])}: {_string(pair[2])}" for pair in pairs) + "}"


def _string(text: str | None) -> str:
    return "null" if text is None else msgspec.json.encode(_ESCAPED.sub(r"\1", text)).decode()


_INSIDE: dict[str, Callable[[str], str]] = {
    "boolean": lambda text: {"t": "true", "f": "false"}[text],
    "binary": lambda text: b64encode(bytes.fromhex(text.removeprefix("\\x"))).decode(),
    "padded": lambda text: text.rstrip(" "),
    "hstore": _map,
    "vector": lambda text: "[" + text.replace(" ", ",") + "]",
}
_KINDS = {"padded": ValueKind.TEXT, "hstore": ValueKind.JSON, "vector": ValueKind.JSON}


def with_documents(source: str, marks: Mapping[str, TextMark], batch: pa.RecordBatch) -> pa.RecordBatch:
    """Replace the texts of marked columns by JSON documents.

    Args:
        source: name of the source, for errors.
        marks: marks of the statement, by column.
        batch: rows as read.

    Raises:
        ConfigurationError: a value has no JSON document, or its type has changed.
    """
    for number, name in enumerate(batch.schema.names):
        if name not in marks:
            continue
        try:
            found = _except_masks(batch.column(number), marks[name].shape)
        except NoDocumentError as error:
            raise no_document(source, str(error), f"{marks[name].table}.{name}") from None
        except ValueError:  # its message may quote a value
            raise _of_another_type(f"{source}.{marks[name].table}.{name}") from None
        batch = batch.set_column(number, name, found)
    return batch


def _except_masks(texts: pa.Array, shape: Shape) -> pa.Array:
    """Leave masks unchanged: if only some rows are masked, a column has both masks and texts."""
    masked = pc.fill_null(pc.starts_with(texts, MASK[:-1]), fill_value=False)
    own = pc.if_else(masked, pa.scalar(None, pa.string()), texts)
    return pc.if_else(masked, texts, documents(own, shape))


def _of_another_type(column_path: str) -> ConfigurationError:
    return ConfigurationError(
        f"A value of {column_path} is not of the type that the plan was made for.",
        remedy="clear `classify` and what follows: the plan is made anew.",
    )
