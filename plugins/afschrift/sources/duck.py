"""What the DuckDB file and the Parquet lake share: a session, the key table, streaming."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

import duckdb

from afschrift.core.errors import ConfigurationError, RetriableError
from afschrift.core.keys import Key
from afschrift.core.ports import ColumnType
from afschrift.sources.duck_types import column_type

BATCH_ROWS = 65_536
_INEXACT = ("DOUBLE", "FLOAT", "DECIMAL")
_KEYS = (
    "CREATE OR REPLACE TEMP TABLE afschrift_key (name VARCHAR, value VARCHAR, valid_from TIMESTAMPTZ, "
    "valid_to TIMESTAMPTZ, is_current BOOLEAN, asked_at TIMESTAMPTZ)"
)


class DuckDialect:
    """DuckDB's SQL."""

    name = "duckdb"

    def __init__(self, relation: Callable[[str], str] | None = None) -> None:
        self._relation = relation

    def quote(self, identifier: str) -> str:
        """Double quotes, doubled inside."""
        return '"' + identifier.replace('"', '""') + '"'

    def relation(self, table: str) -> str:
        """`schema.table` is quoted by its parts."""
        if self._relation is not None:
            return self._relation(table)
        return ".".join(self.quote(part) for part in table.split("."))

    def literal(self, text: str) -> str:
        """Single quotes, doubled inside; DuckDB knows no other escape here."""
        return "'" + text.replace("'", "''") + "'"

    def typed_key(self, value: str, native: str) -> str:
        """TRY_CAST alone would round: 3.7 must not find customer 4, so the value must come back the same."""
        if native == "VARCHAR":
            return value
        cast = f"TRY_CAST({value} AS {native})"
        if native.startswith(_INEXACT):
            exact = "DECIMAL(38, 12)"
            same = f"TRY_CAST({cast} AS {exact}) = TRY_CAST({value} AS {exact})"
        elif native == "UUID":
            same = f"CAST({cast} AS VARCHAR) = lower({value})"
        else:
            same = f"CAST({cast} AS VARCHAR) = {value}"
        return f"CASE WHEN {same} THEN {cast} END"

    def key_text(self, column: str, native: str) -> str:
        """A customer number kept as 46.0 is the 46 of the other tables."""
        text = f"CAST({column} AS VARCHAR)"
        if not native.startswith(_INEXACT):
            return text
        whole = f"TRY_CAST({column} AS HUGEINT)"
        return f"CASE WHEN {whole} = {column} THEN CAST({whole} AS VARCHAR) ELSE {text} END"

    def instant(self, column: str, native: str, zone: str | None) -> str:
        """Times without zone are the source's local times."""
        if native == "TIMESTAMP WITH TIME ZONE":
            return column
        return f"timezone({self.literal(zone or 'UTC')}, CAST({column} AS TIMESTAMP))"

    def row_order(self, expressions: Sequence[str]) -> str:
        """By digest of the row's text; rows that tie are equal."""
        return f"md5(CAST(ROW({', '.join(expressions)}) AS VARCHAR))"


class DuckSession:
    """A read-only session on one snapshot. Subclasses open the connection.

    Args:
        name: the source's name in the inventory; it stands in every error.
        threads, memory: limits of the session; None leaves DuckDB's own.
    """

    def __init__(self, name: str, *, threads: int | None = None, memory: str | None = None) -> None:
        self.name = name
        self.dialect = DuckDialect()
        self.snapshot = ""
        self._threads = threads
        self._memory = memory
        self._connection: duckdb.DuckDBPyConnection | None = None

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open the connection; subclasses say how."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        con = self.connect()
        self._connection = con
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET temp_directory = ''")  # never spill a person's rows to a disk in clear
        if self._threads:
            con.execute(f"SET threads = {int(self._threads)}")
        if self._memory:
            con.execute("SET memory_limit = ?", [self._memory])
        con.execute(_KEYS)
        con.execute("BEGIN TRANSACTION")
        self.snapshot = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return self

    def __exit__(self, *exc: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The open connection."""
        if self._connection is None:
            raise ConfigurationError(f"The session of source {self.name} is not open.")
        return self._connection

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        """Tables and views of the database; those of another schema as `schema.table`."""
        found: dict[str, dict[str, ColumnType]] = {}
        rows = self.rows(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE NOT internal AND database_name = current_database() "
            "ORDER BY schema_name, table_name, column_index"
        )
        for schema, table, column, native in rows:
            name = table if schema == "main" else f"{schema}.{table}"
            found.setdefault(name, {})[column] = column_type(native)
        return found

    def bind(self, keys: Sequence[Key], at: str) -> None:
        """Fill the key table; the values travel as parameters only."""
        self.connection.execute("DELETE FROM afschrift_key")
        rows = [[k.name, k.value, k.valid_from, k.valid_to, k.valid_at(at), at] for k in keys]
        if rows:
            with self._told():
                self.connection.executemany("INSERT INTO afschrift_key VALUES (?, ?, ?, ?, ?, ?)", rows)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        with self._told():
            return self.connection.execute(statement).fetchall()

    def stream(self, statement: str) -> Iterator[Any]:
        """Record batches of at most 65,536 rows."""
        with self._told():
            reader = self.connection.sql(statement).to_arrow_reader(BATCH_ROWS)
            yield from reader

    def _told(self) -> _Told:
        return _Told(self.name)


class _Told:
    """Turns DuckDB's errors into ours. Their text may quote values, so it is not passed on."""

    def __init__(self, source: str) -> None:
        self._source = source

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if not isinstance(error, duckdb.Error):
            return
        name = type(error).__name__
        if isinstance(error, duckdb.CatalogException | duckdb.BinderException | duckdb.ParserException):
            raise ConfigurationError(
                f"Source {self._source} does not understand a statement ({name}).",
                way_out="compare the inventory with the tables: `afschrift inventory check --live`.",
            ) from None
        if isinstance(error, duckdb.OutOfMemoryException):
            raise ConfigurationError(
                f"Source {self._source} needs more memory than its limit.",
                way_out="raise `memory` under the source's `options`.",
            ) from None
        raise RetriableError(
            f"Source {self._source} failed while being read ({name}).",
            way_out="see whether the source is up; the step is tried again.",
        ) from None
