"""Batches as they come from PostgreSQL, with JSON in the place of its own texts of nested values."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.redaction import MASK
from afschrift.sources.postgres.nested_texts import JsonNullError, OwnBoundsError, documents
from afschrift.sources.postgres.shapes import Mark, Shape


def with_documents(source: str, marks: Mapping[str, Mark], batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of a statement with its documents; columns without a mark stay.

    Args:
        source: its name, for errors.
        marks: of the statement, by column.
        batch: rows as they came.

    Raises:
        ConfigurationError: a value has no document, or is of another type by now.
    """
    for number, name in enumerate(batch.schema.names):
        if name not in marks:
            continue
        try:
            found = _beside_masks(batch.column(number), marks[name].shape)
        except ValueError as error:  # its text may quote a value
            raise _no_document(f"{source}.{marks[name].table}.{name}", error) from None
        batch = batch.set_column(number, name, found)
    return batch


def _beside_masks(texts: pa.Array, shape: Shape) -> pa.Array:
    """Where only some rows are masked, masks stand between own texts."""
    masked = pc.fill_null(pc.starts_with(texts, MASK[:-1]), fill_value=False)
    own = pc.if_else(masked, pa.scalar(None, pa.string()), texts)
    return pc.if_else(masked, texts, documents(own, shape))


def _no_document(column_path: str, error: ValueError) -> ConfigurationError:
    if isinstance(error, OwnBoundsError):
        holds = "an array that does not count from 1, which no list tells"
    elif isinstance(error, JsonNullError):
        holds = "the JSON value null, which a list or object cannot tell from a missing one"
    else:
        return ConfigurationError(
            f"A value of {column_path} is not of the type that the plan was made for.",
            remedy="clear `classify` and what follows: the plan is made anew.",
        )
    return ConfigurationError(
        f"A value of {column_path} holds {holds}.",
        remedy="write `kind: text` at the column in the inventory: it gives the text of PostgreSQL.",
    )
