"""A column that has no exact text; the caller adds the column's name."""

from __future__ import annotations


class FormError(Exception):
    """Why the values of a column cannot be written.

    Attributes:
        reason: end of a sentence that begins with the column; holds no value.
        way_out: what to do.
    """

    def __init__(self, reason: str, *, way_out: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.way_out = way_out
