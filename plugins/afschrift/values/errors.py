"""A column that has no exact text; the caller adds the column's name."""

from __future__ import annotations


class ValueFormError(Exception):
    """Why the values of a column cannot be written.

    Attributes:
        reason: end of a sentence that begins with the column; holds no value.
        remedy: what to do.
    """

    def __init__(self, reason: str, *, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
