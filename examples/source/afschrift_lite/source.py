"""A SQLite file, read with as little as a kind of source needs: a dialect, types, and four methods."""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.sources import Catalogue, ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.options import Opening, expand, required
from afschrift.sources.person_keys import number, text_key_rows
from afschrift.sources.read_session import ReadSession
from afschrift.sources.table_errors import table_of, took_too_long

_KEYS = (
    "CREATE TEMP TABLE afschrift_key (person INTEGER, name TEXT, value TEXT, number INTEGER, "
    "valid_from TEXT, valid_to TEXT, is_current INTEGER, asked_at TEXT)"
)
# type in the catalogue -> kind of its values, and SQL that selects a value exactly: a text, or a number
TYPES = {
    "INTEGER": (ValueKind.INTEGER, "CAST({column} AS TEXT)"),
    "TEXT": (ValueKind.TEXT, "{column}"),
    "DATE": (ValueKind.DATE, "{column}"),
}
_COLUMNS = """
SELECT t.name, c.name, c.type FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
WHERE t.type IN ('table', 'view') ORDER BY t.name, c.cid
"""


class LiteDialect(StandardDialect):
    """SQLite's SQL: templates where it is not the standard's, and how keys are compared."""

    name = "lite"
    templates: Mapping[str, str] = {
        "bound": "{instant}",
        "instant": "strftime('%Y-%m-%dT%H:%M:%fZ', {column})",
        "last_four": "CASE WHEN length({text}) >= 8 THEN substr({text}, -4) ELSE '' END",
        "mentions": "instr({text}, {value}) > 0",
        "order": "{column} COLLATE BINARY",
        "text": "CAST({expression} AS TEXT)",
        "uuid_digits": "",
    }

    def relation(self, table: str) -> str:
        """Quote a table: a file has one schema, so a dot is part of the name."""
        return self.quote(table)

    def is_text(self, native: str) -> bool:
        """Whether a column of this type holds texts."""
        return native != "INTEGER"

    def typed_key(self, value: str, native: str) -> str:
        """A key as a number; NULL if it is none, so that `3.7` and `3 OR 1=1` find nothing."""
        return "k.number" if native == "INTEGER" else value

    def key_text(self, column: str, native: str) -> str:  # noqa: ARG002
        """The text of a key."""
        return self.text(column)

    text_bytes = key_text


class Lite(ReadSession[sqlite3.Connection, LiteDialect]):
    """`kind: lite`. Options: `path`, and the limits of every kind."""

    options = ("path",)
    failures = (sqlite3.Error,)

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self.dialect = LiteDialect()
        self._path = expand(self.name, required(self.name, opening.options, "path"))
        self._until = 0.0

    def connect(self) -> sqlite3.Connection:
        """Open the file read-only; the transaction is the snapshot."""
        connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, isolation_level=None)
        self._until = time.monotonic() + self._timeout
        connection.set_progress_handler(lambda: time.monotonic() > self._until, 20_000)
        connection.execute("PRAGMA temp_store = MEMORY")  # keys are never written to a disk
        connection.execute(_KEYS)
        connection.execute("CREATE INDEX temp.by_number ON afschrift_key (name, number)")
        connection.execute("BEGIN")
        return connection

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        """Fill the table of keys. The values are bound, and each is a number too if it is one."""
        rows = text_key_rows((keys, at), *others, of_number=_whole)
        with self._our_errors(""):
            self.connection.execute("DELETE FROM afschrift_key")
            self.connection.executemany("INSERT INTO afschrift_key VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def catalogue(self) -> Catalogue:
        """Tables and columns; the kind None of an unknown type lets the plan ask."""
        found: dict[str, dict[str, ColumnType]] = {}
        for table, column, native in self.rows(_COLUMNS):
            kind, expression = TYPES.get(native, (None, "{column}"))
            found.setdefault(table, {})[column] = ColumnType(native, kind, expression)
        return found

    def stream(self, statement: str) -> Iterator[Any]:
        """Yield batches of rows."""
        self._until = time.monotonic() + self._timeout
        with self._our_errors(statement):
            cursor = self.connection.execute(statement)
            names = [column[0] for column in cursor.description or ()]
            while rows := cursor.fetchmany(4096):
                columns = [pa.array(values) for values in zip(*rows, strict=True)]
                yield pa.RecordBatch.from_arrays(columns, names=names)

    @staticmethod
    def reading_error(source: str, statement: str, error: sqlite3.Error) -> AfschriftError:
        """Explain an error by its code: its text may quote a value."""
        code = getattr(error, "sqlite_errorname", "") or type(error).__name__
        if code == "SQLITE_INTERRUPT":
            return took_too_long(table_of(source, statement), code)
        return ConfigurationError(
            f"Source {source} cannot read {table_of(source, statement)} ({code}).",
            remedy="compare the inventory with the tables: `afschrift inventory check --live`.",
        )


def _whole(value: str) -> int | None:
    found = number(value, 18, 0)
    return None if found is None else int(found)
