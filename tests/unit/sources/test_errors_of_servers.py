"""What each error of a server or a driver means: try again, ask a person, or mend the configuration.

The sessions' tests meet the common ones for real, and the last test a rare one; `data/server_errors.tsv` is the whole table, by the numbers of the
manuals: a state of PostgreSQL, or a module with its error and what it says, a number or words.
"""

import importlib
from pathlib import Path

import adbc_driver_manager
import pyarrow as pa
import pymysql.err
import pytest
import sqlalchemy.exc
from tests.support import mariadb
from tests.support.data import lines
from tests.support.warehouses import at
from tests.unit.sources.reading import forms

from afschrift.domain import errors
from afschrift.domain.errors import AfschriftError, ConfigurationError, DamagedValueError, RetriableError
from afschrift.domain.sources import Connection
from afschrift.sources.duckdb import errors as duck_errors
from afschrift.sources.mysql import errors as mysql_errors
from afschrift.sources.postgres import errors as postgres_errors
from afschrift.sources.registry import open_source
from afschrift.sources.sqlalchemy import errors as alchemy_errors
from afschrift.sources.table_errors import relation_of, table_of
from afschrift.sources.text_rows import text_batch

STATEMENT = 'SELECT 1\nFROM "public"."t" AS t\n'
SECRET = "secret-word"


def holds(error: AfschriftError, kind: type[AfschriftError], words: str) -> None:
    assert type(error) is kind
    with pytest.raises(kind, match=words):
        raise error
    assert SECRET not in str(error)
    assert error.remedy or "read-only" in str(error)


def read(source: str, error: str) -> AfschriftError:
    if source == "postgres":
        status = adbc_driver_manager.AdbcStatusCode.UNKNOWN
        cause = adbc_driver_manager.Error(SECRET, status_code=status, sqlstate=error or None)
        return postgres_errors.reading_error("w", STATEMENT, cause)
    module, name, *words = error.split(" ", 2)
    given = [int(words[0]), SECRET] if words and words[0].isdigit() else [words[0] if words else SECRET]
    made = getattr(importlib.import_module(module), name)(*given)
    if source == "sqlalchemy":
        return alchemy_errors.reading_error("w", STATEMENT, sqlalchemy.exc.DBAPIError(STATEMENT, None, made))
    return (duck_errors if source == "duckdb" else mysql_errors).reading_error("w", STATEMENT, made)


@pytest.mark.parametrize(
    "line", lines(__file__, "server_errors.tsv"), ids=lambda line: f"{line['source']} {line['error']}"
)
def test_an_error_of_a_driver(line: dict[str, str]) -> None:
    holds(read(line["source"], line["error"]), getattr(errors, line["kind"]), line["words"])


def test_sqlalchemy_knows_a_lost_connection() -> None:
    cause = pymysql.err.OperationalError(2013, SECRET)
    error = sqlalchemy.exc.DBAPIError(STATEMENT, None, cause, connection_invalidated=True)
    holds(alchemy_errors.reading_error("w", STATEMENT, error), RetriableError, "connection lost")


@pytest.mark.parametrize("number", [1044, 1045, 1049, 1698])
def test_mysql_turns_down(number: int) -> None:
    error = pymysql.err.OperationalError(number, SECRET)
    holds(
        mysql_errors.opening_error("w", Connection("c", "mysql"), error),
        ConfigurationError,
        "refuses the connection c",
    )


@pytest.mark.parametrize(
    ("relation", "named"),
    [
        ('"public"."order"', "w.public.order"),
        ("`order`", "w.order"),
        ("[dbo].[order]", "w.dbo.order"),
        ("read_parquet('x AS t.parquet')", "w.read_parquet('x AS t.parquet')"),
    ],
)
def test_the_table_that_a_statement_reads(relation: str, named: str) -> None:
    statement = f"SELECT\n  t.a AS a\nFROM {relation} AS t\nWHERE EXISTS (\n  SELECT 1 FROM other AS t1\n)\n"
    assert relation_of(statement) == relation
    assert table_of("w", statement) == named


@pytest.mark.parametrize("statement", ["", "SELECT 1", "SELECT x FROM t", "SELECT x FROM a AS t WHERE 1"])
def test_any_other_statement(statement: str) -> None:
    assert relation_of(statement) == ""
    assert table_of("w", statement) == "a statement of w"


def test_rows_of_bytes() -> None:
    batch = text_batch("w", ["n", "t", "x"], [(None, "é".encode(), 0.1), (b"2", b"", None)])
    assert batch.schema.types == [pa.string(), pa.string(), pa.float64()]
    assert batch.to_pylist() == [{"n": None, "t": "é", "x": 0.1}, {"n": "2", "t": "", "x": None}]
    assert text_batch("w", ["n"], []).num_rows == 0
    assert text_batch("w", ["n"], [(None,), (None,)]).column(0).null_count == 2


def test_text_of_mariadb_that_is_not_utf8_names_its_table(mariadb_server: mariadb.Server) -> None:
    """No statement writes one: its file is that of a table of another character set."""
    database = mariadb_server.create()
    folder = Path(mariadb_server.socket).parent / "d" / database.name
    database.execute(
        "CREATE TABLE t (a varchar(60)) ENGINE=MyISAM CHARACTER SET utf8mb4",
        "CREATE TABLE other (a varchar(240)) ENGINE=MyISAM CHARACTER SET latin1",
        "INSERT INTO other VALUES (CONVERT(x'63616ee9' USING latin1))",
        "FLUSH TABLES",
    )
    for end in ("MYD", "MYI"):
        (folder / f"t.{end}").write_bytes((folder / f"other.{end}").read_bytes())
    database.execute("FLUSH TABLES")
    with open_source("w", "mysql", {}, connection="w", connect=at(database.uri())) as session:
        with pytest.raises(DamagedValueError, match=r"A text of w\.t is not in the encoding"):
            session.rows("SELECT a\nFROM `t` AS t")
        with pytest.raises(DamagedValueError, match="Column a of source w holds a text that is not UTF-8"):
            forms(session, "t")
    mariadb_server.drop(database)
