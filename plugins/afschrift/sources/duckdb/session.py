"""Sessions on DuckDB: the base class that a database file and a Parquet lake share, and the file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation
from afschrift.domain.sources import ColumnType, Described, ForeignKey, Structure
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.sources.duckdb.catalogue import file_estimate, read_described
from afschrift.sources.duckdb.column_types import column_type
from afschrift.sources.duckdb.dialect import DuckDialect
from afschrift.sources.duckdb.document_parts import NativePart, place_of
from afschrift.sources.duckdb.errors import FAILURES, out_of_memory, reading_error
from afschrift.sources.duckdb.ordered_ranges import Tries, in_order
from afschrift.sources.duckdb.reconciliation import DuckReconciliation, digest, own
from afschrift.sources.duckdb.time_limit import TimeLimit
from afschrift.sources.options import Opening, Scratch, Write, expand, required
from afschrift.sources.person_keys import key_rows
from afschrift.sources.read_session import ReadSession
from afschrift.sources.table_errors import file_not_opened, relation_of, unquoted

BATCH_ROWS = 65_536
THREADS = 4
"""Threads at most, by default: each keeps rows, so memory would grow with the cores of the machine."""

MEMORY = "2GB"
"""Default limit of a session."""

_OF_A_RANGE = "160MB"
"""Default limit while a range is sorted. Without it DuckDB would fill the memory with pages of the file."""

_TOO_LITTLE = 3
"""After so many ranges in a row that did not fit into this limit, no more are tried with it."""

LIMITS = ("threads", "memory")
_GIVEN = "afschrift_given"
_KEYS = (
    "CREATE OR REPLACE TEMP TABLE afschrift_key (person INTEGER, name VARCHAR, value VARCHAR, "
    "valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, is_current BOOLEAN, asked_at TIMESTAMPTZ)"
)

_FOREIGN_KEYS = """
SELECT schema_name, table_name, constraint_column_names, referenced_table, referenced_column_names
FROM duckdb_constraints()
WHERE constraint_type = 'FOREIGN KEY' AND database_name = current_database()
ORDER BY schema_name, table_name, constraint_index
"""
# The first condition spares DuckDB from making all views of other databases, its own among them.
_COLLATIONS = """
SELECT count(*) FROM (
  SELECT database_name, sql FROM duckdb_tables()
  UNION ALL SELECT database_name, sql FROM duckdb_views() WHERE NOT internal
) WHERE database_name = current_database() AND sql ILIKE '%collate%'
"""
_VIEWS = """
SELECT schema_name, view_name FROM duckdb_views()
WHERE NOT internal AND database_name = current_database() ORDER BY schema_name, view_name
"""


class DuckSession(ReadSession[duckdb.DuckDBPyConnection, DuckDialect]):
    """A read-only session on one snapshot. Subclasses open the connection.

    Args:
        opening: its options `threads` and `memory` limit the session, `statement_timeout` each statement, and
            `cell_limit` (MB) each cell.
    """

    failures = FAILURES
    reading_error = staticmethod(reading_error)

    def __init__(self, opening: Opening, *options: str) -> None:
        super().__init__(opening, *options, *LIMITS)
        self._threads = int(opening.options.get("threads") or min(THREADS, os.cpu_count() or 1))
        self._memory = opening.options.get("memory") or MEMORY
        self._of_a_range = opening.options.get("memory") or _OF_A_RANGE
        self._too_little = 0
        self.dialect = DuckDialect(self._cell_limit)
        self._keys = key_rows()
        self._limit: TimeLimit | None = None

    def prepare(self) -> None:
        """Set the limits, make the key table and begin to read."""
        con = self.connection
        self._limit = TimeLimit(self._timeout, self.interrupt)
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET temp_directory = ''")  # never spill a person's rows to a disk in plain text
        con.execute(f"SET threads = {self._threads}")
        con.execute("SET memory_limit = ?", [self._memory])
        con.execute(_KEYS)
        con.execute("BEGIN TRANSACTION")
        super().prepare()

    def close(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Stop watching the time, and close."""
        if self._limit is not None:
            self._limit.close()
        connection.close()

    def interrupt(self) -> None:
        """End the running statement."""
        if self._connection is not None:
            self._connection.interrupt()

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        """Tables and views of the database; those of another schema as `schema.table`."""
        found: dict[str, dict[str, ColumnType]] = {}
        self.dialect.has_collations = bool(self.rows(_COLLATIONS)[0][0])
        rows = self.rows(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE NOT internal AND database_name = current_database() "
            "ORDER BY schema_name, table_name, column_index"
        )
        for schema, table, column, native in rows:
            name = _named(schema, table)
            known = column_type(f"{name}.{column}", native, self._cell_limit)
            if known.kind is ValueKind.TEXT and self.dialect.has_collations:
                known = replace(known, loose=True)
            found.setdefault(self.dialect.table(name, schema, table), {})[column] = known
        return found

    def structure(self) -> Structure:
        """Foreign keys and views. DuckDB's foreign keys stay within a schema."""
        found = (
            ForeignKey(_named(schema, table), tuple(columns), _named(schema, parent), tuple(theirs))
            for schema, table, columns, parent, theirs in self.rows(_FOREIGN_KEYS)
        )
        return Structure(
            tuple(found), views=tuple(_named(schema, view) for schema, view in self.rows(_VIEWS))
        )

    def described(self) -> Described:
        """Keys, comments, numbers of rows, what views read."""
        return read_described(self.rows, _named)

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        """Fill the key table from memory, so that no statement holds the values."""
        self._keys = key_rows((keys, at), *others)
        with self._our_errors(""):
            self._fill()

    def _fill(self) -> None:
        self.connection.execute("DELETE FROM afschrift_key")
        self.connection.register(_GIVEN, self._keys)
        self.connection.execute(f"INSERT INTO afschrift_key FROM {_GIVEN}")
        self.connection.unregister(_GIVEN)

    def _view_again(self) -> None:
        """Make again what a subclass made within the transaction; nothing here."""

    def rows(self, statement: str, reads: str = "") -> list[tuple[Any, ...]]:
        """All rows of a small result; errors name the table of the statement `reads`."""
        with self._our_errors(reads or statement):
            return self.connection.execute(statement).fetchall()

    def estimate(self, statement: str) -> Estimate:
        """Estimate by EXPLAIN."""
        return file_estimate(partial(self.rows, reads=statement), statement)

    def stream(self, statement: str) -> Iterator[Any]:
        """Yield record batches of at most 65,536 rows."""
        yield from in_order(
            statement, self.rows, self._read, Tries(self._in_little, self._in_all, self._read_range)
        )

    def _read(self, statement: str) -> Iterator[Any]:
        with self._our_errors(statement):
            yield from self._batches(statement)

    def _batches(self, statement: str) -> Iterator[Any]:
        return iter(self.connection.sql(statement).to_arrow_reader(BATCH_ROWS))

    def _read_range(self, statement: str) -> Iterator[Any] | None:
        """Read a range, sorted within little memory, or within all of it if that does not suffice."""
        if self._of_a_range == self._memory or self._too_little == _TOO_LITTLE:
            return self._in_all(statement)  # these ranges need memory for something else than their rows
        batches = self._in_little(statement)
        self._too_little = 0 if batches else self._too_little + 1
        return batches or self._in_all(statement)

    def _in_little(self, statement: str) -> Iterator[Any] | None:
        """Read within the memory of a range; None if it does not suffice."""
        return self._in(statement, self._of_a_range)

    def _in_all(self, statement: str) -> Iterator[Any] | None:
        """Read within the memory of the session; None if it does not suffice."""
        return self._in(statement, self._memory)

    def _in(self, statement: str, memory: str) -> Iterator[Any] | None:
        with self._our_errors(statement):
            try:
                return self._within(statement, memory)
            except FAILURES as error:
                if not out_of_memory(error):
                    raise
                # The error ended the transaction, and with it the key table's rows and the views made in it.
                self.connection.execute("ROLLBACK")
                self.connection.execute("BEGIN TRANSACTION")
                self._fill()
                self._view_again()
                return None

    def _within(self, statement: str, memory: str) -> Iterator[Any]:
        """The batches of a statement. When the first one arrives all rows are sorted, so the limit can go."""
        self._limit_memory(memory)
        try:
            batches = self._batches(statement)
            first = next(batches, None)
        finally:
            self._limit_memory(self._memory)
        return self._rest(statement, first, batches)

    def _rest(self, statement: str, first: Any, batches: Iterator[Any]) -> Iterator[Any]:
        with self._our_errors(statement):
            if first is not None:
                yield first
            yield from batches

    def _limit_memory(self, limit: str) -> None:
        with self.connection.cursor() as other:  # a statement on the connection itself would end the stream
            other.execute("SET memory_limit = ?", [limit])

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Compare with MD5 over DuckDB's own texts of each row, summed by DuckDB."""
        relation, parts = relation_of(extract.statement), extract.parts
        described = self.rows(f"DESCRIBE {relation}", reads=extract.statement)
        natives = {name: native for name, native, *_ in described}
        places = {name: self.place_of(natives, unquoted(relation), part) for name, part in parts.items()}
        types = {**natives, **{name: place.native for name, place in places.items()}}
        values = {
            name: self.dialect.of_table(place.value, parts[name].column) for name, place in places.items()
        }
        known = {
            name: own(types[name], kind) if name in extract.whole else None
            for name, kind in extract.kinds.items()
        }
        return DuckReconciliation(self.rows, self.dialect, extract.statement, known, digest, values)

    def place_of(self, natives: Mapping[str, str], table: str, part: DocumentPart) -> NativePart:
        """Find a planned part of a document.

        Raises:
            ConfigurationError: the type of the document has changed.
        """
        found = place_of(natives[part.column], part, f"{table}.{part.column}")
        if found is None:
            raise ConfigurationError(
                f"The type of {self.name}.{table}.{part.column} changed since the plan was made.",
                remedy="clear `classify` and what follows: the plan is made anew.",
            )
        return found

    @contextmanager
    def _our_errors(self, statement: str) -> Iterator[None]:
        """Turn errors into ours, and end the statement at its time limit."""
        limit = self._limit if self.connection else None
        assert limit is not None
        with super()._our_errors(statement), limit.statement():
            yield


def _named(schema: str, table: str) -> str:
    return table if schema == "main" else f"{schema}.{table}"


class DuckDBFile(DuckSession):
    """`kind: duckdb`. Options: `path`; `threads` and `memory` as limits.

    The file is opened READ_ONLY (R80): DuckDB refuses a statement that writes.
    """

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening, "path")
        self._path = Path(expand(self.name, required(self.name, opening.options, "path")))

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open the file.

        Raises:
            RetriableError: it is missing, locked by a writer, or no database.
        """
        try:
            return duckdb.connect(str(self._path), read_only=True)
        except duckdb.Error as error:
            raise file_not_opened(self.name, self._path, "DuckDB", b"DUCK", type(error).__name__) from None


def _scratch(opening: Opening, path: str) -> tuple[Opening, Write]:
    def write(*statements: str) -> None:
        with duckdb.connect(path) as connection:
            for statement in ("SET TimeZone = 'UTC'", *statements):
                connection.execute(statement)

    write()
    return replace(opening, options={**opening.options, "path": path}), write


SCRATCH = Scratch(_scratch)
