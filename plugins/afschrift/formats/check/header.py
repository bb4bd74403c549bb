"""The columns of a file are those of the plan, in order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from afschrift.domain.plan import FieldPlan
from afschrift.formats.check.finding import UnreadableError


def check_header(names: Sequence[str], fields: Sequence[FieldPlan]) -> None:
    """Hold the names found in a file against the plan.

    Raises:
        UnreadableError: `header`, with the first field of the plan that is not in its place.
    """
    for found, field in zip_longest(names, fields):
        if field is None:
            raise UnreadableError("header", "the file has no columns beyond those of the plan")
        if found != field.name:
            raise UnreadableError("header", "the columns are those of the plan, in order", field=field.name)
