"""Turns PostgreSQL's errors into ours. Their text may quote values: only codes and places are passed on."""

from __future__ import annotations

import re

import pyarrow as pa
from adbc_driver_manager import Error

from afschrift.domain.errors import AfschriftError, DamagedValueError
from afschrift.domain.sources import Connection
from afschrift.sources import table_errors
from afschrift.sources.postgres.column_types import BOUNDS, NULL, TOO_LARGE, decode_message

_REFUSED = re.compile(r"authentication failed|no password supplied|does not exist|no pg_hba\.conf entry")

_NO_RIGHT = "42501"
_READ_ONLY = "25006"
_TIMEOUT = "57014"
_LOCKED = "55P03"
_NOT_UTF8 = ("22021", "22P05")
_NO_JSON = ("22P02", "22P05")
_TAKEN_APART = re.compile(r"jsonb?_(typeof|each)\(")
_WRONG_STATEMENT = "42"
_DATA_EXCEPTION = "22"
_WRONG_DATA = (_DATA_EXCEPTION, "23", "P0", "XX")


def opening_error(source: str, address: Connection, error: Error) -> AfschriftError:
    """Explain why no session could be opened."""
    if _REFUSED.search(str(error)):
        return table_errors.connection_refused(source, address, "role")
    return table_errors.not_opened(source, address, error.sqlstate or type(error).__name__)


def _unreadable_text(table: str, code: str, statement: str) -> AfschriftError | None:
    """The error for a text with an invalid encoding, or for a document that is no JSON if parts are read."""
    if code in _NO_JSON and _TAKEN_APART.search(statement):
        return DamagedValueError(
            f"A document of {table} is no JSON, or has a character that the database cannot read ({code}), "
            "such as \\u0000, and the inventory names members of it.",
            remedy="correct the value; without `path` and `kind: json` it is given unchanged.",
            damage="no_document",
        )
    if code in _NOT_UTF8:
        return table_errors.wrong_encoding(table, code, "cast the column to bytea")
    return None


def reading_error(source: str, statement: str, error: Error) -> AfschriftError:
    """Explain why a statement failed, with the table that it reads."""
    code = error.sqlstate or ""
    table = table_errors.table_of(source, statement)
    if found := decode_message(str(error)):
        what, column_path, number = found
        if what == TOO_LARGE:
            return table_errors.too_large(source, column_path, number)
        if what in (BOUNDS, NULL):
            return no_document(source, what, column_path)
        return table_errors.unreadable_part(source, column_path, what)
    if code == _NO_RIGHT:
        return table_errors.refused(table, str(error))
    if code == _READ_ONLY:
        return table_errors.would_write(source)
    if code == _TIMEOUT:
        return table_errors.took_too_long(table, code, table_errors.ENDED)
    if code == _LOCKED:
        return table_errors.locked(source, table, code)
    if unreadable := _unreadable_text(table, code, statement):
        return unreadable
    if code.startswith(_WRONG_STATEMENT):
        return table_errors.not_understood(source, table, code)
    if code.startswith(_WRONG_DATA):
        return table_errors.fails_itself(source, table, code, value=code.startswith(_DATA_EXCEPTION))
    return table_errors.failed_midway(source, table, code or "connection lost", code or "connection_lost")


def no_document(source: str, what: str, column_path: str) -> AfschriftError:
    """The error for an array or a composite value that no JSON document can represent."""
    holds = (
        "an array whose first index is not 1, which a JSON list cannot represent"
        if what == BOUNDS
        else "the JSON value null, which in a list or object looks like a missing value"
    )
    return DamagedValueError(
        f"A value of {source}.{column_path} holds {holds}.",
        remedy="write `kind: text` at the column in the inventory: it gives the text of PostgreSQL.",
        damage="no_document",
    )


def require_utf8(source: str, batch: pa.RecordBatch) -> None:
    """Require texts in UTF-8: a database with encoding SQL_ASCII stores any bytes as text.

    Raises:
        DamagedValueError: with the name of a column that has bytes other than UTF-8.
    """
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            raise DamagedValueError(
                f"Column {name} of source {source} holds bytes that are not UTF-8.",
                remedy="convert it in a view: `convert_from(convert_to(column, 'SQL_ASCII'), 'LATIN1')`.",
                damage="not_utf8",
            ) from None
