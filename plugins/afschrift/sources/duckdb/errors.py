"""Turns DuckDB's errors into ours. Their text may quote values, so only places are passed on."""

from __future__ import annotations

import re

import duckdb

from afschrift.domain.errors import AfschriftError, OutOfMemoryError
from afschrift.sources import table_errors
from afschrift.sources.duckdb.column_types import TOO_LARGE
from afschrift.sources.json_parts import NO_DOCUMENT, TWICE

FAILURES = (duckdb.Error, OSError)
"""What a statement raises. An error in the middle of a stream is raised by Arrow, as an OSError."""

_TOO_LARGE = re.compile(re.escape(TOO_LARGE) + r"(.*)\|([0-9]+)", re.DOTALL)
_UNREADABLE_PART = re.compile(rf"\[afschrift: ({TWICE}|{NO_DOCUMENT})\](.*)\|", re.DOTALL)
_KIND = re.compile(r"\s*([A-Za-z -]+?) Error:")
_WRONG_STATEMENT = ("binder", "catalog", "parser", "syntax")
_OUT_OF_MEMORY = "out of memory"
_READ_ONLY = "read-only mode"
_SORT = (
    "raise `statement_timeout` under the source's `options`; a lake that is sorted by the person's key is "
    "read faster."
)
_READABLE = (
    "where it is a view, see whether it can be selected from; where it is a file, whether another program "
    "reads all of it."
)
_WRONG_VALUE = ("conversion", "invalid input", "out of range")


def reading_error(source: str, statement: str, error: Exception) -> AfschriftError:
    """Explain why a statement failed, with the table that it reads."""
    text, table, kind = str(error), table_errors.table_of(source, statement), _kind(error)
    if large := _TOO_LARGE.search(text):
        return table_errors.too_large(source, large[1], large[2])
    if unreadable := _UNREADABLE_PART.search(text):
        return table_errors.unreadable_part(source, unreadable[2], unreadable[1])
    if _READ_ONLY in text:
        return table_errors.would_write(source)
    if kind == "interrupt":
        return table_errors.took_too_long(table, kind, remedy=_SORT)
    if kind in _WRONG_STATEMENT:
        return table_errors.not_understood(
            source, table, kind, f"{table_errors.COMPARE} A view must be one that can be selected from."
        )
    if kind == _OUT_OF_MEMORY:
        return OutOfMemoryError(
            f"Source {source} needs more memory than its limit while {table} is being read.",
            remedy="raise `memory` under the source's `options`, or lower `threads`: each keeps the rows "
            "that it reads.",
        )
    if kind in _WRONG_VALUE or kind == "constraint":
        return table_errors.fails_itself(source, table, kind, _READABLE, value=kind in _WRONG_VALUE)
    reason = kind or type(error).__name__
    remedy = "see whether its files exist and are complete; the step is tried again."
    return table_errors.failed_midway(source, table, reason, reason, remedy)


def out_of_memory(error: Exception) -> bool:
    """Whether a statement needed more memory than its session may have."""
    return _kind(error) == _OUT_OF_MEMORY


def _kind(error: Exception) -> str:
    found = _KIND.match(str(error))
    return found[1].lower() if found else ""
