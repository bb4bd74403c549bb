"""A read-only session on a SQLite file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation
from afschrift.domain.sources import ColumnType, Described, Structure
from afschrift.domain.value_kind import ValueKind
from afschrift.sources import table_errors
from afschrift.sources.catalogue import foreign_keys
from afschrift.sources.options import Opening, Scratch, Write, expand, required
from afschrift.sources.person_keys import text_key_rows
from afschrift.sources.read_session import ReadSession
from afschrift.sources.reconcile.second_reading import (
    Again,
    SecondReading,
    canonical,
    canonical_forms,
    canonical_text,
)
from afschrift.sources.reconcile.sql_reconciliation import SourceText
from afschrift.sources.sqlite.catalogue import read_described, sqlite_estimate
from afschrift.sources.sqlite.column_types import column_type
from afschrift.sources.sqlite.dialect import SqliteDialect
from afschrift.sources.sqlite.functions import define, sqlite_number
from afschrift.sources.text_rows import FETCHED, text_batch

_STEPS = 20_000  # steps of SQLite's virtual machine between two checks of the time limit: some milliseconds
_KEYS = (
    "CREATE TEMP TABLE afschrift_key (person INTEGER, name TEXT, value TEXT, number INTEGER, "
    "valid_from TEXT, valid_to TEXT, is_current INTEGER, asked_at TEXT)"
)
_TABLES = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_'"

_COLLATIONS = "SELECT count(*) FROM sqlite_schema WHERE sql LIKE '%collate%'"
_VIEWS = "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name"
_FOREIGN_KEYS = """
SELECT k.id, t.name, k."from", p.name, coalesce(k."to", (
  SELECT c.name FROM pragma_table_info(p.name) AS c WHERE c.pk = k.seq + 1
))
FROM sqlite_schema AS t
JOIN pragma_foreign_key_list(t.name) AS k
CROSS JOIN sqlite_schema AS p ON p.type = 'table' AND p.name = k."table" COLLATE NOCASE
WHERE t.type = 'table'
ORDER BY t.name, k.id, k.seq
"""


class Sqlite(ReadSession[sqlite3.Connection, SqliteDialect]):
    """`kind: sqlite`. Options: `path`, `statement_timeout`, `cell_limit` (MB).

    The file is opened with `mode=ro` (R80). The transaction is the snapshot; if the file has no write-ahead
    log, writers wait until it ends.
    """

    options = ("path",)
    failures = (sqlite3.Error,)

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self.dialect = SqliteDialect()
        self._path = Path(expand(self.name, required(self.name, opening.options, "path")))
        self._until = 0.0
        self._raised: AfschriftError | None = None

    def connect(self) -> sqlite3.Connection:
        """Open the file."""
        uri = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)

    def opening_error(self, error: sqlite3.Error) -> AfschriftError:
        """Name the file's fault."""
        return table_errors.file_not_opened(self.name, self._path, "SQLite", b"SQLite", _code(error))

    def prepare(self) -> None:
        """Define functions, make the key table, and begin to read."""
        connection = self.connection
        connection.text_factory = bytes  # else sqlite3's error would quote a text that is not UTF-8
        connection.execute("PRAGMA temp_store = MEMORY")  # never spill a person's rows to a disk
        connection.execute("PRAGMA trusted_schema = OFF")
        define(connection, self.name, self._keep_error)
        connection.execute(_KEYS)
        connection.execute("CREATE INDEX temp.afschrift_number ON afschrift_key (name, number)")
        connection.execute("CREATE INDEX temp.afschrift_value ON afschrift_key (name, value)")
        connection.set_progress_handler(lambda: time.monotonic() > self._until, _STEPS)
        self._until = time.monotonic() + self._timeout
        connection.execute("BEGIN")
        # The snapshot begins with the first statement that reads.
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        super().prepare()

    def interrupt(self) -> None:
        """End the running statement."""
        if self._connection is not None:
            self._connection.interrupt()

    def _keep_error(self, error: AfschriftError) -> None:
        self._raised = error

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        """Tables and views; a view on a table that no longer exists has no columns."""
        found: dict[str, dict[str, ColumnType]] = {}
        loose = bool(self.rows(_COLLATIONS)[0][0])  # the schema does not say which column has a collation
        for (table,) in self.rows(f"{_TABLES} ORDER BY name"):
            found[table] = {}
            with suppress(ConfigurationError):
                info = f"SELECT name, type FROM pragma_table_xinfo({self.dialect.literal(table)})"  # noqa: S608 - quoted
                for column, native in self.rows(f"{info} WHERE hidden <> 1"):
                    column_path = f"{table}.{column}"
                    known = column_type(column_path, native, self._cell_limit)
                    found[table][column] = replace(known, loose=loose and self.dialect.is_text(native))
        return found

    def structure(self) -> Structure:
        """Foreign keys and views. A key without referenced columns refers to the primary key."""
        return Structure(
            foreign_keys(self.rows(_FOREIGN_KEYS)), views=tuple(view for (view,) in self.rows(_VIEWS))
        )

    def described(self) -> Described:
        """Keys, required columns, what views read; numbers of rows if ANALYZE was run."""
        return read_described(self.rows)

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        """Fill the key table, with bound values."""
        connection = self.connection
        with self._our_errors(""):
            connection.execute("DELETE FROM afschrift_key")
            connection.executemany(
                "INSERT INTO afschrift_key VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                text_key_rows((keys, at), *others, of_number=sqlite_number),
            )

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        with self._our_errors(statement):
            return [
                tuple(value.decode() if isinstance(value, bytes) else value for value in row)
                for row in self.connection.execute(statement)
            ]

    def estimate(self, statement: str) -> Estimate:
        """Estimate by EXPLAIN QUERY PLAN."""
        return sqlite_estimate(self.rows, statement)

    def stream(self, statement: str) -> Iterator[Any]:
        """Yield record batches of at most 4,096 rows."""
        with self._our_errors(statement):
            cursor = self.connection.execute(statement)
            names = [column[0] for column in cursor.description]
            while rows := cursor.fetchmany(FETCHED):
                yield text_batch(self.name, names, rows)

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Compare with a second reading of the stored values."""
        columns = {
            name: again(kind) if name in extract.whole else None for name, kind in extract.kinds.items()
        }
        document = ColumnType("JSON", ValueKind.JSON, "{column}")
        values = {
            name: self.dialect.of_table(self.dialect.part_of(document, part, part.column).value, part.column)
            for name, part in extract.parts.items()
        }
        return SecondReading(self.rows, self._raw, self.dialect, extract.statement, columns, values)

    def _raw(self, statement: str) -> Iterator[Sequence[Sequence[Any]]]:
        with self._our_errors(statement):
            cursor = self.connection.execute(statement)
            while rows := cursor.fetchmany(FETCHED):
                yield rows

    @contextmanager
    def _our_errors(self, statement: str) -> Iterator[None]:
        """Turn SQLite's errors into ours. Their text may quote values, so it is not passed on."""
        self._until, self._raised = time.monotonic() + self._timeout, None
        try:
            with super()._our_errors(statement):
                yield
        except UnicodeDecodeError:
            raise ConfigurationError(
                f"Source {self.name} holds a key that is not UTF-8.", remedy="correct the text."
            ) from None
        except AfschriftError as error:
            raise self._raised or error from None

    @staticmethod
    def reading_error(source: str, statement: str, error: sqlite3.Error) -> AfschriftError:
        """Explain it by its code."""
        code, where = _code(error), table_errors.table_of(source, statement)
        if code == "SQLITE_INTERRUPT":
            return table_errors.took_too_long(where, code)
        if code.startswith("SQLITE_READONLY"):
            return table_errors.would_write(source)
        if code == "SQLITE_ERROR":
            return table_errors.not_understood(source, where, "")
        remedy = "see whether the file is intact: `PRAGMA integrity_check`."
        return table_errors.failed_midway(source, where, code, code, remedy)


def _scratch(opening: Opening, path: str) -> tuple[Opening, Write]:
    def write(*statements: str) -> None:
        with closing(sqlite3.connect(path, timeout=0)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    write()
    return replace(opening, options={**opening.options, "path": path}), write


SCRATCH = Scratch(_scratch, fails="SELECT json('secret-value')")


def _code(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", "") or type(error).__name__


_AS_TEXT = (
    "CASE WHEN typeof({c}) IN ('blob', 'real') THEN {c} ELSE CAST({c} AS TEXT) END"  # a cast rounds reals
)
_ONE_LINE = "trim(replace(replace({c}, char(13), ' '), char(10), ' '), ' ' || char(9))"


def again(kind: ValueKind | None) -> Again:
    """How to read a column of a planned kind a second time."""
    number = "CAST({c} AS INTEGER)" if kind is ValueKind.INTEGER else ""
    own = SourceText("{c}", partial(canonical_forms, kind), number=number).planned(kind, _ONE_LINE)
    value = _AS_TEXT if kind is ValueKind.TEXT else "{c}"
    return Again(own, ("typeof({c})", value), partial(_text, kind))


def _text(kind: ValueKind | None, storage: bytes, value: Any) -> str | None:
    if value is None:
        return None
    if storage == b"blob":
        return str(value.hex())
    if isinstance(value, float):
        return (
            canonical(kind, repr(value)) if kind is not ValueKind.TEXT else repr(value).replace("inf", "Inf")
        )
    text = value.decode() if isinstance(value, bytes) else str(value)
    return canonical_text(kind, text)
