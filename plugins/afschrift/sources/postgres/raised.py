"""Values that end a statement, because they are too large, or can be read in two ways."""

from __future__ import annotations

import re

_FOUND = re.compile(r"\[afschrift: (too large|bounds|null|twice)\](.*)\|([0-9]+)", re.DOTALL)

TOO_LARGE, BOUNDS, NULL = "too large", "bounds", "null"
"""The last two: by `nested_texts`, and in SQL by statements that were frozen when it took arrays apart."""


def raised(what: str, column_path: str, number: str) -> str:
    """SQL of type text that fails, with its place in the message of its error.

    Args:
        what: `TOO_LARGE`, or `TWICE` of `json_parts`.
        column_path: `table.column`.
        number: SQL of an integer that depends on the row: a constant would fail before any row is read.

    Returns:
        A template with braces doubled, but for those of `number`.
    """
    message = f"[afschrift: {what}]{column_path}|".replace("'", "''").replace("{", "{{").replace("}", "}}")
    return f"CAST(CAST('{message}' || {number} AS integer) AS text)"


def found_in(message: str) -> tuple[str, str, str] | None:
    """What an error's message says: what it is, `table.column`, and the number."""
    found = _FOUND.search(message)
    return None if found is None else (found[1], found[2], found[3])
