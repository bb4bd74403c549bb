"""A session on a PostgreSQL database over ADBC: Arrow batches in flat memory, bound keys, one snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_manager._reader import AdbcRecordBatchReader  # unlike Arrow's own, it keeps the SQLSTATE
from adbc_driver_postgresql import dbapi

from afschrift.domain.errors import AfschriftError
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation
from afschrift.domain.sources import ColumnType, Described, Structure
from afschrift.sources.options import Opening, Scratch, Write, seconds
from afschrift.sources.person_keys import KEY_TABLE, key_json, key_rows
from afschrift.sources.postgres.catalogue import (
    EXTENSION_SCHEMAS,
    postgres_estimate,
    read_catalogue,
    read_described,
    read_structure,
)
from afschrift.sources.postgres.column_types import marks
from afschrift.sources.postgres.dialect import (
    HAS_CONNECTION_CHECK,
    KEY_SETTING,
    SERVER,
    UNICODE_COLLATIONS,
    PostgresDialect,
    unicode_collation,
)
from afschrift.sources.postgres.errors import opening_error, reading_error, require_utf8
from afschrift.sources.postgres.nested_texts import with_documents
from afschrift.sources.postgres.reconciliation import CatalogueTypes, digest_in
from afschrift.sources.postgres.session_settings import (
    BEGIN,
    BEGIN_WITH_A_TABLE,
    SETTINGS,
    SNAPSHOT,
    conninfo,
    settings_call,
)
from afschrift.sources.read_session import ReadSession
from afschrift.sources.reconcile.sql_reconciliation import SecondSession, SqlReconciliation

BATCH_ROWS = 65_536
_EARLIER = """
SELECT count(*) FROM pg_stat_activity AS other, pg_stat_activity AS own
WHERE own.pid = pg_backend_pid() AND other.usesysid = own.usesysid
AND other.application_name LIKE 'afschrift%'
AND (other.backend_start, other.pid) < (own.backend_start, own.pid)
"""
_NO_TEMPORARY_TABLE = ("42501", "25006")  # no right to make one, or a standby


class Postgres(ReadSession[dbapi.Connection, PostgresDialect]):
    """`kind: postgres`. Options: `schema`, `statement_timeout`, `lock_timeout`, `cell_limit` (MB).

    The session is one READ ONLY transaction (R80), in which only the temporary table of keys can be written.
    If that table cannot be made (a standby, no right), the keys are in a session setting.
    """

    failures = (adbc_driver_manager.Error,)
    reading_error = staticmethod(reading_error)
    options = ("schema", "lock_timeout")

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self.dialect = PostgresDialect(str(opening.options.get("schema", "public")))
        self._timeouts = {
            "statement_timeout": f"{self._timeout * 1000:.0f}ms",
            "lock_timeout": f"{seconds(opening, 'lock_timeout', '10s') * 1000:.0f}ms",
        }
        self._encoding = "UTF8"
        self._catalogue_types = CatalogueTypes()
        self._keys = key_rows()
        self._settings = self._exported = ""
        self._second_session = SecondSession(self._second)

    def connect(self) -> dbapi.Connection:
        """Connect by the connection's address."""
        return dbapi.connect(conninfo(self._opening.address(), self._opening.tag), autocommit=True)

    def opening_error(self, error: adbc_driver_manager.Error) -> AfschriftError:
        """Name the connection."""
        return opening_error(self.name, self._opening.address(), error)

    def __exit__(self, *exc: object) -> None:
        self._second_session.end()
        super().__exit__(*exc)

    def _second(self) -> Postgres:
        """Open a second session with the same keys on the same snapshot; not every server can."""
        second = copy(self)
        second._connection, second._second_session = None, SecondSession(second._second)
        try:
            with self._our_errors(""):
                second._connection = self.connection.adbc_clone()
                second.connection.adbc_connection.set_autocommit(True)
            second._join(self._exported)
        except BaseException:
            second.__exit__()
            raise
        return second

    def _join(self, exported: str) -> None:
        """Join the snapshot, and make the table of keys in the transaction.

        A table made before it would be newer than the snapshot, and so not visible.
        """
        self.rows(self._settings)
        in_table = self.dialect.keys == KEY_TABLE
        self._run(BEGIN_WITH_A_TABLE if in_table else BEGIN)
        self._run(f"SET TRANSACTION SNAPSHOT {self.dialect.literal(exported)}")
        if in_table:
            self._make_key_table()
        self._fill(self._keys)
        self._run("SET TRANSACTION READ ONLY")

    def interrupt(self) -> None:
        """End the running statement, from another thread."""
        with suppress(adbc_driver_manager.Error):
            if self._connection is not None:
                self._connection.adbc_cancel()

    def earlier_sessions(self) -> int:
        """By backends of this role that began before."""
        return int(self.rows(_EARLIER)[0][0])

    def prepare(self) -> None:
        """Set the session, make the key table and take the snapshot."""
        schemas = [self.dialect.schema, *(row[0] for row in self.rows(EXTENSION_SCHEMAS))]
        path = ", ".join(self.dialect.quote(schema) for schema in dict.fromkeys(schemas))
        settings = SETTINGS | self._timeouts | {"search_path": path}
        version, encoding = self.rows(SERVER)[0]
        self.dialect.version = int(version)
        self._encoding = self.dialect.encoding = encoding
        found = {name for (name,) in self.rows(UNICODE_COLLATIONS)}
        self.dialect.unicode_collation = unicode_collation(found)
        # With client encoding UTF8 the server would fail without naming the column: see `require_utf8`.
        if encoding == "SQL_ASCII":
            settings["client_encoding"] = "SQL_ASCII"
        if self.dialect.version >= HAS_CONNECTION_CHECK:  # else a killed task's statement goes on
            settings["client_connection_check_interval"] = "1s"
        self._make_key_table()
        self._settings = settings_call(self.dialect, settings)
        self.rows(self._settings)
        self._run(BEGIN)
        self._export()

    def _export(self) -> None:
        """Take the snapshot, and export it for a second session if the server allows that."""
        try:
            [(self.snapshot, self._exported)] = self.rows(f"{SNAPSHOT}, pg_export_snapshot()")
        except AfschriftError:  # no right to export, or a standby before PostgreSQL 10
            self._run("ROLLBACK")
            self._run(BEGIN)
            self.snapshot = self.rows(SNAPSHOT)[0][0]

    def _make_key_table(self) -> None:
        with self._cursor() as cursor:
            try:
                cursor.execute(f"CREATE TEMP TABLE {KEY_TABLE} ({self.dialect.key_columns})")
            except adbc_driver_manager.Error as error:
                if error.sqlstate not in _NO_TEMPORARY_TABLE:
                    raise reading_error(self.name, "", error) from None
                self.dialect.keys_in_setting()
        if self.dialect.keys != KEY_TABLE:
            self._set_keys(key_rows())

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        """Tables, views and foreign tables, also of other schemas as `schema.table`; no partitions."""
        return read_catalogue(self.name, self.rows, self.dialect, self._cell_limit)

    def structure(self) -> Structure:
        """Foreign keys, views, partitions and children, and tables that the account's rights hide."""
        return read_structure(self.rows, self.dialect)

    def described(self) -> Described:
        """Keys, comments, numbers of rows from the last ANALYZE, what views read."""
        return read_described(self.rows, self.dialect)

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        """Fill the key table by COPY, so that the values are in no statement, and in no log of the server."""
        self._second_session.end()  # it has the previous keys
        decomposed = not self.dialect.composes and self._encoding in ("UTF8", "SQL_ASCII")
        self._keys = key_rows((keys, at), *others, decomposed=decomposed)
        self._fill(self._keys)

    def _fill(self, table: pa.Table) -> None:
        if self.dialect.keys != KEY_TABLE:
            self._set_keys(table)
            return
        self._run(f"DELETE FROM {KEY_TABLE}")  # noqa: S608 - a constant
        if table.num_rows:
            with self._our_errors(""), self._cursor() as cursor:
                cursor.adbc_ingest(KEY_TABLE, table, mode="append", temporary=True)
                cursor.execute(f"ANALYZE {KEY_TABLE}")  # else the planner expects hundreds of keys

    def _set_keys(self, table: pa.Table) -> None:
        with self._our_errors(""), self._cursor() as cursor:
            cursor.execute(f"SELECT length(set_config('{KEY_SETTING}', $1, false))", [key_json(table)])
            cursor.fetchall()

    def rows(self, statement: str, reads: str = "") -> list[tuple[Any, ...]]:
        """All rows of a small result; errors name the table of the statement `reads`."""
        with self._our_errors(reads or statement), self._cursor() as cursor:
            cursor.execute(statement)
            columns = [column.to_pylist() for column in cursor.fetch_arrow_table().columns]
            return list(zip(*columns, strict=True))  # the driver takes six times as long row by row

    def estimate(self, statement: str) -> Estimate:
        """Estimate by EXPLAIN, without COPY, which cannot return its output."""
        with self._our_errors(statement), self._cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            cursor.execute(f"EXPLAIN (FORMAT JSON, VERBOSE) {statement}")
            [(explained,)] = cursor.fetchall()
        return postgres_estimate(self.rows, self.dialect, explained)

    def stream(self, statement: str) -> Iterator[Any]:
        """Yield record batches of at most 65,536 rows and about `Opening.batch_bytes`."""
        own_texts = marks(statement)
        with self._our_errors(statement), self._cursor() as cursor:
            cursor.adbc_statement.set_options(
                **{"adbc.postgresql.batch_size_hint_bytes": str(self._opening.batch_bytes)}
            )
            cursor.execute(statement)
            result = cursor.fetch_arrow()
            for batch in AdbcRecordBatchReader._import_from_c(result.address):
                if self._encoding == "SQL_ASCII":
                    require_utf8(self.name, batch)
                for start in range(0, batch.num_rows, BATCH_ROWS):
                    yield with_documents(self.name, own_texts, batch.slice(start, BATCH_ROWS))

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Compare with MD5 over the server's own texts of each row, summed by the server."""
        own, values = self._catalogue_types.texts(partial(self.rows, reads=extract.statement), extract)
        second = self._second_session if self._exported and not self._sessions else None
        digest = digest_in(self._encoding)
        return SqlReconciliation(
            self.rows, self.dialect, extract.statement, own, digest, values, second_session=second
        )

    def _run(self, statement: str) -> None:
        with self._our_errors(statement), self._cursor() as cursor:
            cursor.execute(statement)

    def _cursor(self) -> closing[dbapi.Cursor]:
        return closing(self.connection.cursor())


def _scratch(opening: Opening, schema: str) -> tuple[Opening, Write]:
    def write(*statements: str) -> None:
        address, path = conninfo(opening.address(), "test"), PostgresDialect().quote(schema)
        with dbapi.connect(address, autocommit=True) as other, other.cursor() as cursor:
            for statement in (f"SET search_path TO {path}", "SET TimeZone = 'UTC'", *statements):
                cursor.execute(statement)

    return replace(opening, options={**opening.options, "schema": schema}), write


SCRATCH = Scratch(
    _scratch,
    (
        ("CREATE TYPE chosen AS ENUM ('ok', 'so so')", "DROP TYPE chosen"),
        ("CREATE TYPE nest AS (a integer, b text, c numeric(3,2)[])", "DROP TYPE nest"),
    ),
)
