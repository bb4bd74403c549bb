"""What stands in a file for each field of a plan: its kind, and the columns of value forms."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind


def text_schema(fields: Sequence[FieldPlan]) -> pa.Schema:
    """Schema of a batch of value forms: one string column a field."""
    return pa.schema([(field.name, pa.string()) for field in fields])


def written_kind(field: FieldPlan) -> ValueKind:
    """The kind of what stands in the file: a masked column is text, whatever it was.

    Raises:
        ConfigurationError: the plan knows no kind for the column.
    """
    if field.action is Action.MASK:
        return ValueKind.TEXT
    return known_kind(field)


def known_kind(field: FieldPlan) -> ValueKind:
    """The kind of what is read.

    Raises:
        ConfigurationError: the plan knows no kind for the column.
    """
    if field.kind is None:
        raise ConfigurationError(
            f"Column {field.name} has no known type.",
            remedy="give it a `kind` in the inventory, or leave the column out there.",
        )
    return field.kind
