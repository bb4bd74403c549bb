"""What each error of a server or a driver means: try again, ask a person, or mend the configuration.

The sessions' tests meet the common ones for real; here is the whole table, by the numbers of the manuals.
"""

from __future__ import annotations

import adbc_driver_manager
import duckdb
import psycopg.errors
import pymysql.err
import pytest
import sqlalchemy.exc

from afschrift.domain.errors import (
    AfschriftError,
    ConfigurationError,
    NeedsPersonError,
    OutOfMemoryError,
    RetriableError,
)
from afschrift.sources.duckdb import errors as duck_errors
from afschrift.sources.mysql import errors as mysql_errors
from afschrift.sources.postgres import errors as postgres_errors
from afschrift.sources.sqlalchemy import errors as alchemy_errors

STATEMENT = 'SELECT 1\nFROM "public"."t" AS t\n'
SECRET = "secret-word"

POSTGRES: list[tuple[str, type[AfschriftError], str]] = [
    ("42501", NeedsPersonError, r"no right to read w\.public\.t"),
    ("25006", ConfigurationError, "read-only"),
    ("57014", RetriableError, "took longer"),
    ("55P03", RetriableError, "locked"),
    ("22021", ConfigurationError, "encoding"),
    ("42P01", ConfigurationError, r"does not understand the statement on w\.public\.t \(42P01\)"),
    ("22P02", ConfigurationError, r"itself fails to read w\.public\.t"),
    ("P0001", ConfigurationError, "itself fails"),
    ("53300", RetriableError, "53300"),
    ("57P01", RetriableError, "57P01"),
    ("", RetriableError, "connection lost"),
]
MYSQL: list[tuple[int, type[AfschriftError], str]] = [
    (1142, NeedsPersonError, r"no right to read w\.public\.t"),
    (1143, NeedsPersonError, "no right"),
    (1792, ConfigurationError, "read-only"),
    (1969, RetriableError, "took longer"),
    (3024, RetriableError, "took longer"),
    (1205, RetriableError, "locked"),
    (1153, ConfigurationError, "`max_allowed_packet`"),
    (1038, OutOfMemoryError, "too little memory"),
    (1054, ConfigurationError, "does not understand"),
    (2013, RetriableError, "connection lost"),
    (1690, ConfigurationError, "itself fails"),
]
DUCKDB: list[tuple[Exception, type[AfschriftError], str]] = [
    (duckdb.BinderException(f"Binder Error: {SECRET}"), ConfigurationError, "does not understand"),
    (duckdb.ConversionException(f"Conversion Error: {SECRET}"), ConfigurationError, "itself fails"),
    (OSError(f"Conversion Error: {SECRET}"), ConfigurationError, "itself fails"),
    (OSError("INTERRUPT Error: Interrupted!"), RetriableError, "took longer"),
    (OSError(f"Out of Memory Error: {SECRET}"), OutOfMemoryError, "more memory"),
    (duckdb.IOException(f"IO Error: {SECRET}"), RetriableError, r"\(io\)"),
    (OSError(SECRET), RetriableError, "OSError"),
]


def holds(error: AfschriftError, kind: type[AfschriftError], words: str) -> None:
    assert type(error) is kind
    with pytest.raises(kind, match=words):
        raise error
    assert SECRET not in str(error)
    assert error.remedy or "read-only" in str(error)


@pytest.mark.parametrize(("state", "kind", "words"), POSTGRES)
def test_postgres(state: str, kind: type[AfschriftError], words: str) -> None:
    status = adbc_driver_manager.AdbcStatusCode.UNKNOWN
    error = adbc_driver_manager.Error(SECRET, status_code=status, sqlstate=state or None)
    holds(postgres_errors.reading_error("w", STATEMENT, error), kind, words)


@pytest.mark.parametrize(("number", "kind", "words"), MYSQL)
def test_mysql(number: int, kind: type[AfschriftError], words: str) -> None:
    error = pymysql.err.OperationalError(number, SECRET)
    holds(mysql_errors.reading_error("w", STATEMENT, error), kind, words)


@pytest.mark.parametrize(("error", "kind", "words"), DUCKDB)
def test_duckdb(error: Exception, kind: type[AfschriftError], words: str) -> None:
    holds(duck_errors.reading_error("w", STATEMENT, error), kind, words)


@pytest.mark.parametrize(
    ("cause", "kind", "words"),
    [
        (psycopg.errors.InsufficientPrivilege(SECRET), NeedsPersonError, "no right"),
        (psycopg.errors.QueryCanceled(SECRET), RetriableError, "took longer"),
        (psycopg.errors.UndefinedTable(SECRET), ConfigurationError, "does not understand"),
        (psycopg.errors.InvalidTextRepresentation(SECRET), ConfigurationError, "itself fails"),
        (pymysql.err.OperationalError(1142, SECRET), NeedsPersonError, "no right"),
        (pymysql.err.OperationalError(1792, SECRET), ConfigurationError, "read-only"),
        (pymysql.err.ProgrammingError(SECRET), ConfigurationError, "does not understand"),
        (pymysql.err.InternalError(SECRET), RetriableError, "InternalError"),
    ],
)
def test_sqlalchemy(cause: Exception, kind: type[AfschriftError], words: str) -> None:
    error = sqlalchemy.exc.DBAPIError(STATEMENT, None, cause)
    holds(alchemy_errors.reading_error("w", STATEMENT, error), kind, words)


def test_sqlalchemy_knows_a_lost_connection() -> None:
    cause = pymysql.err.OperationalError(2013, SECRET)
    error = sqlalchemy.exc.DBAPIError(STATEMENT, None, cause, connection_invalidated=True)
    holds(alchemy_errors.reading_error("w", STATEMENT, error), RetriableError, "connection lost")


@pytest.mark.parametrize("number", [1044, 1045, 1049, 1698])
def test_mysql_turns_down(number: int) -> None:
    error = pymysql.err.OperationalError(number, SECRET)
    holds(mysql_errors.opening_error("w", "c", error), ConfigurationError, "refuses the connection c")
