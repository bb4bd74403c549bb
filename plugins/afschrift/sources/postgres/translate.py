"""Batches as they come from PostgreSQL, with JSON in the place of its own texts of nested values."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.redaction import MASK
from afschrift.sources.postgres.errors import no_document
from afschrift.sources.postgres.nested_texts import NoDocumentError, documents
from afschrift.sources.postgres.nested_types import Shape, TextMark


def with_documents(source: str, marks: Mapping[str, TextMark], batch: pa.RecordBatch) -> pa.RecordBatch:
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
        except NoDocumentError as error:
            raise no_document(source, str(error), f"{marks[name].table}.{name}") from None
        except ValueError:  # its text may quote a value
            raise _of_another_type(f"{source}.{marks[name].table}.{name}") from None
        batch = batch.set_column(number, name, found)
    return batch


def _beside_masks(texts: pa.Array, shape: Shape) -> pa.Array:
    """Where only some rows are masked, masks stand between own texts."""
    masked = pc.fill_null(pc.starts_with(texts, MASK[:-1]), fill_value=False)
    own = pc.if_else(masked, pa.scalar(None, pa.string()), texts)
    return pc.if_else(masked, texts, documents(own, shape))


def _of_another_type(column_path: str) -> ConfigurationError:
    return ConfigurationError(
        f"A value of {column_path} is not of the type that the plan was made for.",
        remedy="clear `classify` and what follows: the plan is made anew.",
    )
