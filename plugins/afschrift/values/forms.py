"""From Arrow batches of a source to batches of value forms: one exact text a value."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa
import pyarrow.types as pt

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.values import json_text, nested, scalars
from afschrift.values.errors import ValueFormError
from afschrift.values.written import known_kind, text_schema


def text_batch(
    batch: pa.RecordBatch, fields: Sequence[FieldPlan], valid: Collection[str] = ()
) -> pa.RecordBatch:
    """Turn every column into its value form; masks come after this.

    Args:
        batch: columns named as the fields, in their order; awkward types already exact text.
        fields: the selected columns of the plan (`ExtractPlan.selected`).
        valid: columns whose type in the source holds nothing but JSON documents, each on one line.

    Returns:
        The same columns as `pa.string`, null where NULL.

    Raises:
        ConfigurationError: names the column whose type or values have no value form, or says that
            the columns are not the plan's. Never holds a value.
    """
    names = [field.name for field in fields]
    if batch.schema.names != names:
        raise ConfigurationError(
            f"The source gave {batch.num_columns} columns that are not the {len(names)} columns of the plan.",
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
        raise ConfigurationError(f"Column {field.name} {fault.reason}.", remedy=fault.remedy) from None
    except (pa.ArrowException, ValueError, OverflowError):
        # their messages quote the value
        raise ConfigurationError(
            f"Column {field.name} holds values that do not fit its kind, {kind}.",
            remedy="let the source cast it to text in SQL, or mend the column's kind.",
        ) from None


def _text(array: pa.Array, kind: ValueKind, *, valid: bool) -> pa.Array:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if nested.is_nested(array.type):
        return nested.documents(array)
    texts = scalars.text(array, kind)
    is_text = pt.is_string(array.type) or pt.is_large_string(array.type) or pt.is_string_view(array.type)
    return json_text.documents(texts, valid=valid) if kind is ValueKind.JSON and is_text else texts
