"""Lists, structs and maps as JSON documents, by the rules of `json_text`, column by column."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from afschrift.domain.value_kind import ValueKind
from afschrift.values import json_text, scalars

_LISTS = (pt.is_list, pt.is_large_list, pt.is_fixed_size_list)  # pyarrow empties list views when casting


def is_nested(kind: pa.DataType) -> bool:
    """Whether `documents` takes columns of this type."""
    return pt.is_struct(kind) or pt.is_map(kind) or any(test(kind) for test in _LISTS)


def documents(array: pa.Array) -> pa.Array:
    """One JSON document a row (`pa.string`), NULL where NULL; order of members kept.

    A map becomes an object whose names are the keys' value forms.

    Raises:
        FormError: a member's type is not known.
    """
    if pt.is_struct(array.type):
        written = _structs(array)
    elif pt.is_map(array.type):
        written = _maps(array)
    else:
        written = _lists(array)
    return pc.if_else(array.is_valid(), written, pa.scalar(None, pa.string()))


def _fragments(array: pa.Array) -> pa.Array:
    if is_nested(array.type):
        return pc.fill_null(documents(array), "null")
    kind = scalars.kind_of(array.type)
    return json_text.fragments(scalars.text(array, kind), kind)


def _structs(array: pa.Array) -> pa.Array:
    if array.type.num_fields == 0:
        return pa.repeat("{}", len(array))
    parts: list[pa.Array | str] = []
    for position, name in enumerate(array.type.names):
        key = json_text.fragments(pa.array([name], pa.string()), ValueKind.TEXT)[0].as_py()
        parts += [f"{',' if position else '{'}{key}:", _fragments(array.field(position))]
    return pc.binary_join_element_wise(*parts, "}", "")


def _maps(array: pa.Array) -> pa.Array:
    keys, values = _within(array, array.keys), _within(array, array.items)
    nested = is_nested(keys.type)
    names = documents(keys) if nested else scalars.text(keys, scalars.kind_of(keys.type))
    pairs = pc.binary_join_element_wise(json_text.fragments(names, ValueKind.TEXT), _fragments(values), ":")
    return _joined(array, pairs, "{", "}")


def _lists(array: pa.Array) -> pa.Array:
    array = array.cast(pa.list_(array.type.value_type))
    return _joined(array, _fragments(_within(array, array.values)), "[", "]")


def _within(array: pa.Array, members: pa.Array) -> pa.Array:
    """The members that a slice refers to; Arrow hands out those of the whole column."""
    first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
    return members.slice(first, last - first)


def _joined(array: pa.Array, members: pa.Array, opening: str, closing: str) -> pa.Array:
    offsets = pc.subtract(array.offsets, array.offsets[0])
    rows = pa.ListArray.from_arrays(offsets, members)
    return pc.binary_join_element_wise(opening, pc.binary_join(rows, ","), closing, "")
