"""Turns Arrow batches of a source into batches of value forms: one exact text a value.

Lists, structs and maps become JSON documents by the rules of `json_text`, a whole column at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from afschrift.domain.errors import ConfigurationError, DamagedValueError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.values import json_text, scalars
from afschrift.values.written import ValueFormError, known_kind, text_schema


def text_batch(
    batch: pa.RecordBatch, fields: Sequence[FieldPlan], valid: Collection[str] = ()
) -> pa.RecordBatch:
    """Turn every column into its value form; masks come after this.

    Args:
        batch: columns named as the fields, in their order; awkward types already exact text.
        fields: the selected columns of the plan (`ExtractPlan.selected`).
        valid: columns whose type in the source guarantees JSON documents, each on one line.

    Returns:
        The same columns as `pa.string`, null where NULL.

    Raises:
        ConfigurationError: a column's type or values have no value form (it names the column, never a
            value), or the columns are not those of the plan.
    """
    names = [field.name for field in fields]
    if batch.schema.names != names:
        raise ConfigurationError(
            f"The source returned {batch.num_columns} columns that are not the {len(names)} columns of the "
            "plan.",
            remedy="plan the request again; the table's columns may have changed.",
        )
    columns = [
        _column(column, field, valid=field.name in valid)
        for column, field in zip(batch.columns, fields, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=text_schema(fields))


def _column(array: pa.Array, field: FieldPlan, *, valid: bool) -> pa.Array:
    kind = known_kind(field)
    try:
        return _text(array, kind, valid=valid)
    except ValueFormError as fault:
        message = f"Column {field.name} {fault.reason}."
        if fault.damage:
            raise DamagedValueError(message, remedy=fault.remedy, damage=fault.damage) from None
        raise ConfigurationError(message, remedy=fault.remedy) from None
    except (pa.ArrowException, ValueError, OverflowError):
        # their messages quote the value
        raise DamagedValueError(
            f"Column {field.name} holds values that do not fit its kind, {kind}.",
            remedy="let the source cast it to text in SQL, or correct the column's kind.",
        ) from None


def _text(array: pa.Array, kind: ValueKind, *, valid: bool) -> pa.Array:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if _is_nested(array.type):
        return nested_documents(array)
    texts = scalars.text(array, kind)
    is_text = pt.is_string(array.type) or pt.is_large_string(array.type) or pt.is_string_view(array.type)
    return json_text.documents(texts, valid=valid) if kind is ValueKind.JSON and is_text else texts


_LISTS = (pt.is_list, pt.is_large_list, pt.is_fixed_size_list)  # not list views: pyarrow's cast empties them


def _is_nested(kind: pa.DataType) -> bool:
    return pt.is_struct(kind) or pt.is_map(kind) or any(test(kind) for test in _LISTS)


def nested_documents(array: pa.Array) -> pa.Array:
    """Write one JSON document a row (`pa.string`), NULL for NULL; members keep their order.

    A map becomes an object whose member names are the keys' value forms.

    Raises:
        ValueFormError: a member's type is not known.
    """
    if pt.is_struct(array.type):
        written = _structs(array)
    elif pt.is_map(array.type):
        written = _maps(array)
    else:
        written = _lists(array)
    return pc.if_else(array.is_valid(), written, pa.scalar(None, pa.string()))


def _fragments(array: pa.Array) -> pa.Array:
    if _is_nested(array.type):
        return pc.fill_null(nested_documents(array), "null")
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
    keys, values = _sliced_members(array, array.keys), _sliced_members(array, array.items)
    if _is_nested(keys.type):
        names = nested_documents(keys)
    else:
        names = scalars.text(keys, scalars.kind_of(keys.type))
    pairs = pc.binary_join_element_wise(json_text.fragments(names, ValueKind.TEXT), _fragments(values), ":")
    return _join_members(array, pairs, "{", "}")


def _lists(array: pa.Array) -> pa.Array:
    array = array.cast(pa.list_(array.type.value_type))
    return _join_members(array, _fragments(_sliced_members(array, array.values)), "[", "]")


def _sliced_members(array: pa.Array, members: pa.Array) -> pa.Array:
    """The members of a slice. Arrow returns those of the whole column, whatever part of it is sliced."""
    first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
    return members.slice(first, last - first)


def _join_members(array: pa.Array, members: pa.Array, opening: str, closing: str) -> pa.Array:
    offsets = pc.subtract(array.offsets, array.offsets[0])
    rows = pa.ListArray.from_arrays(offsets, members)
    return pc.binary_join_element_wise(opening, pc.binary_join(rows, ","), closing, "")
