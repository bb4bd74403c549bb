"""Turns errors of drivers behind SQLAlchemy into ours, without their text, which may quote values."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from afschrift.domain.errors import AfschriftError, DamagedValueError
from afschrift.sources import table_errors
from afschrift.sources.mysql import errors as mysql

# SQLSTATE (ISO/IEC 9075-2, and PostgreSQL's) and numbers of MySQL's drivers
_NO_RIGHT = ("42501", *mysql.NO_RIGHT)
_READ_ONLY = ("25006", *mysql.READ_ONLY)
_TIMEOUT = ("57014", *mysql.TIMEOUT)
_NOT_UTF8 = ("22021", "22P05")
_WRONG_STATEMENT = ("42", *mysql.WRONG_STATEMENT)
_WRONG_DATA = ("22", "23", "P0")
_BY_CLASS = {"ProgrammingError": _WRONG_STATEMENT[0], "DataError": _WRONG_DATA[0]}


def reading_error(source: str, statement: str, error: SQLAlchemyError) -> AfschriftError:
    """Explain why a statement failed, with the table that it reads."""
    where, code = table_errors.table_of(source, statement), _code(error)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return table_errors.failed_midway(source, where, "connection lost", str(code))
    if code in _NO_RIGHT:
        return table_errors.refused(where, str(error))
    if code in _READ_ONLY:
        return table_errors.would_write(source)
    if code in _TIMEOUT:
        return table_errors.took_too_long(where, str(code), table_errors.ENDED)
    if code in _NOT_UTF8:
        return table_errors.wrong_encoding(where, str(code), "convert its column")
    if code in _WRONG_STATEMENT or str(code)[:2] in _WRONG_STATEMENT:
        return table_errors.not_understood(source, where, str(code))
    if code == _BY_CLASS["DataError"]:  # an error of the driver, without a code of the server
        return DamagedValueError(
            f"The driver of source {source} cannot represent a value of {where}, such as a date outside the "
            "years 1 to 9999 or a time of 24 hours.",
            remedy="write `kind: text` at the columns that hold such values in the inventory: it gives the "
            "database's own text.",
            damage="out_of_range",
        )
    if str(code)[:2] in _WRONG_DATA:
        return table_errors.fails_itself(
            source, where, str(code), value=str(code).startswith(_BY_CLASS["DataError"])
        )
    remedy = "see whether the server is up and the table may be read; the step is tried again."
    return table_errors.failed_midway(source, where, str(code), str(code), remedy)


def _code(error: SQLAlchemyError) -> str | int:
    """SQLSTATE, the number of MySQL's drivers, or a code for the class of Python's database interface."""
    cause = getattr(error, "orig", None) or error
    if cause.args and isinstance(cause.args[0], int):  # MySQL's number is more specific than its SQLSTATE
        return cause.args[0]
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if isinstance(state, str):
        return state
    names = [parent.__name__ for parent in type(cause).__mro__]
    return next((_BY_CLASS[name] for name in names if name in _BY_CLASS), type(cause).__name__)
