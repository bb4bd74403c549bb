"""Errors of drivers behind SQLAlchemy as ours. Their text may quote values: codes and places are told."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError
from afschrift.sources.mysql import errors as mysql
from afschrift.sources.table_errors import refused, table_of

# SQLSTATE (ISO/IEC 9075-2, and PostgreSQL's), beside the numbers of MySQL's drivers
_NO_RIGHT = ("42501", *mysql.NO_RIGHT)
_READ_ONLY = ("25006", *mysql.READ_ONLY)
_TIMEOUT = ("57014", *mysql.TIMEOUT)
_NOT_UTF8 = ("22021", "22P05")
_WRONG_STATEMENT = ("42", *mysql.WRONG_STATEMENT)
_WRONG_DATA = ("22", "23", "P0")
_BY_CLASS = {"ProgrammingError": _WRONG_STATEMENT[0], "DataError": _WRONG_DATA[0]}


def reading_error(source: str, statement: str, error: SQLAlchemyError) -> AfschriftError:
    """Why a statement failed, with the table that it reads."""
    where, code = table_of(source, statement), _code(error)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return RetriableError(
            f"Source {source} failed while {where} was being read (connection lost).",
            remedy="see whether the server is up; the step is tried again.",
            code=str(code),
        )
    if code in _NO_RIGHT:
        return refused(where, str(error))
    if code in _READ_ONLY:
        return ConfigurationError(f"Source {source} is read-only, and a statement would write.")
    if code in _TIMEOUT:
        return RetriableError(
            f"Reading {where} took longer than the statement's time limit, or somebody ended it.",
            remedy="add an index on the column that leads to the person, or raise `statement_timeout` "
            "under the source's `options`.",
            code=str(code),
        )
    if code in _NOT_UTF8:
        return ConfigurationError(
            f"A text of {where} is not in the encoding of its database ({code}).",
            remedy="mend the text, or convert its column in a view.",
        )
    if code in _WRONG_STATEMENT or str(code)[:2] in _WRONG_STATEMENT:
        return ConfigurationError(
            f"Source {source} does not understand what is asked of {where} ({code}).",
            remedy="compare the inventory with the tables: `afschrift inventory check --live`.",
        )
    if code == _BY_CLASS["DataError"]:  # the driver's own, without a code of the server
        return ConfigurationError(
            f"The driver of source {source} has no value for one of {where}, such as a date outside the "
            "years 1 to 9999 or a time of 24 hours.",
            remedy="write `kind: text` at the columns that hold such values in the inventory: it gives the "
            "database's own text.",
        )
    if str(code)[:2] in _WRONG_DATA:
        return ConfigurationError(
            f"Source {source} fails itself over {where} ({code}).",
            remedy="where it is a view, see whether it can be selected from; else see the server's log.",
        )
    return RetriableError(
        f"Source {source} failed while {where} was being read ({code}).",
        remedy="see whether the server is up and the table may be read; the step is tried again.",
        code=str(code),
    )


def _code(error: SQLAlchemyError) -> str | int:
    """SQLSTATE, the number of MySQL's drivers, or what the class of Python's database interface says."""
    cause = getattr(error, "orig", None) or error
    if cause.args and isinstance(cause.args[0], int):  # MySQL's tell more than its SQLSTATE
        return cause.args[0]
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if isinstance(state, str):
        return state
    names = [parent.__name__ for parent in type(cause).__mro__]
    return next((_BY_CLASS[name] for name in names if name in _BY_CLASS), type(cause).__name__)
