"""What a file holds for each field of a plan: its kind, its value forms, or why it has no value form."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind


class ValueFormError(Exception):
    """Why the values of a column cannot be written.

    Attributes:
        reason: end of a sentence that begins with the column; holds no value.
        remedy: what to do.
        damage: code of a fault of single values; empty: no value of this type has one.
    """

    def __init__(self, reason: str, *, remedy: str, damage: str = "") -> None:
        super().__init__(reason)
        self.damage = damage
        self.reason = reason
        self.remedy = remedy


def text_schema(fields: Sequence[FieldPlan]) -> pa.Schema:
    """Schema of a batch of value forms: one string column a field."""
    return pa.schema([(field.name, pa.string()) for field in fields])


def written_kind(field: FieldPlan) -> ValueKind:
    """The kind of a field in the file: a masked column is text, whatever it was.

    Raises:
        ConfigurationError: the plan knows no kind for the column.
    """
    if field.action is Action.MASK:
        return ValueKind.TEXT
    return known_kind(field)


def known_kind(field: FieldPlan) -> ValueKind:
    """The kind of a field as it is read.

    Raises:
        ConfigurationError: the plan knows no kind for the column.
    """
    if field.kind is None:
        raise ConfigurationError(
            f"Column {field.name} has no known type.",
            remedy="give it a `kind` in the inventory, or leave the column out there.",
        )
    return field.kind
