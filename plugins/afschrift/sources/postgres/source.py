"""A PostgreSQL database, read over ADBC: Arrow batches in flat memory, keys bound, one snapshot."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from typing import Any, Self

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_manager._reader import AdbcRecordBatchReader  # unlike Arrow's own, it keeps the SQLSTATE
from adbc_driver_postgresql import dbapi
from psycopg.conninfo import make_conninfo

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.own_account import Estimate, TableOracle
from afschrift.domain.sources import ColumnType, Connection, Described, Structure
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.sources.key_table import KEY_TABLE, key_rows
from afschrift.sources.options import Opening, cell_limit, seconds
from afschrift.sources.postgres.catalogue import EXTENSION_SCHEMAS, read_catalogue
from afschrift.sources.postgres.described import read_described
from afschrift.sources.postgres.dialect import KEY_SETTING, PostgresDialect
from afschrift.sources.postgres.errors import opening_error, reading_error
from afschrift.sources.postgres.estimate import postgres_estimate
from afschrift.sources.postgres.oracle import PostgresTypes, postgres_oracle
from afschrift.sources.postgres.structure import read_structure
from afschrift.sources.table_errors import relation_of

BATCH_ROWS = 65_536
_OPTIONS = ("schema", "statement_timeout", "lock_timeout", "cell_limit")
_OF_LIBPQ = re.compile(
    r"ssl.*|gss.*|krbsrvname|channel_binding|connect_timeout|keepalives.*|tcp_user_timeout"
)
_NO_TEMPORARY_TABLE = ("42501", "25006")  # no right to make one, or a standby
_SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "idle_in_transaction_session_timeout": "0",  # between two tables the files are written
    "default_transaction_read_only": "on",
    "row_security": "off",  # a policy that would hide rows is an error
}
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_SNAPSHOT = """SELECT to_char(statement_timestamp(), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


class Postgres:
    """`kind: postgres`. Options: `schema`, `statement_timeout`, `lock_timeout`, `cell_limit` (MB).

    The session is one READ ONLY transaction (R80). What may be written in it is the temporary table of
    keys alone; where none can be made (a standby, no right), the keys stand in a session setting.
    """

    def __init__(self, opening: Opening) -> None:
        opening.only(_OPTIONS)
        options = opening.options
        self.name = opening.name
        self.snapshot = ""
        self.dialect = PostgresDialect(str(options.get("schema", "public")))
        self._opening = opening
        self._timeouts = {
            "statement_timeout": f"{seconds(opening, 'statement_timeout', '1h') * 1000:.0f}ms",
            "lock_timeout": f"{seconds(opening, 'lock_timeout', '10s') * 1000:.0f}ms",
        }
        self._cell_limit = cell_limit(opening)
        self._connection: dbapi.Connection | None = None
        self._encoding = "UTF8"
        self._own_types = PostgresTypes()

    def __enter__(self) -> Self:
        address = self._opening.address()
        try:
            self._connection = dbapi.connect(_conninfo(address, self._opening.tag), autocommit=True)
        except adbc_driver_manager.Error as error:
            raise opening_error(self.name, address.id, error) from None
        try:
            self._prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _prepare(self) -> None:
        schemas = [self.dialect.schema, *(row[0] for row in self.rows(EXTENSION_SCHEMAS))]
        path = ", ".join(self.dialect.quote(schema) for schema in dict.fromkeys(schemas))
        settings = _SETTINGS | self._timeouts | {"search_path": path}
        version, encoding = self.rows(
            "SELECT current_setting('server_version_num'), current_setting('server_encoding')"
        )[0]
        self.dialect.version = int(version)
        self._encoding = encoding
        if encoding == "SQL_ASCII":  # the server would fail without naming the column: see `_in_utf8`
            settings["client_encoding"] = "SQL_ASCII"
        self._make_key_table()
        calls = ", ".join(
            f"set_config({self.dialect.literal(name)}, {self.dialect.literal(value)}, false)"
            for name, value in settings.items()
        )
        self.rows(f"SELECT {calls}")
        self._run(_BEGIN)
        self.snapshot = self.rows(_SNAPSHOT)[0][0]

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
        """Tables, views, foreign tables; of another schema as `schema.table`. No partitions, children."""
        return read_catalogue(self.name, self.rows, self.dialect, self._cell_limit)

    def structure(self) -> Structure:
        """Foreign keys, views, tables whose rows are read with another one, and what its rights hide."""
        return read_structure(self.rows, self.dialect)

    def described(self) -> Described:
        """Keys, comments, numbers of rows as ANALYZE left them, what views read."""
        return read_described(self.rows, self.dialect)

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        """Fill the key table by COPY: the values are in no statement, and in no log of the server."""
        table = key_rows((keys, at), *others)
        if self.dialect.keys != KEY_TABLE:
            self._set_keys(table)
            return
        self._run(f"DELETE FROM {KEY_TABLE}")  # noqa: S608 - a constant
        if table.num_rows:
            with self._translated(""), self._cursor() as cursor:
                cursor.adbc_ingest(KEY_TABLE, table, mode="append", temporary=True)
                cursor.execute(f"ANALYZE {KEY_TABLE}")  # else the planner takes one key for hundreds

    def _set_keys(self, table: pa.Table) -> None:
        text = json.dumps(table.to_pylist(), default=datetime.isoformat)
        with self._translated(""), self._cursor() as cursor:
            cursor.execute(f"SELECT length(set_config('{KEY_SETTING}', $1, false))", [text])
            cursor.fetchall()

    def rows(self, statement: str, reads: str = "") -> list[tuple[Any, ...]]:
        """All rows of a small result; `reads` is the statement whose table errors name."""
        with self._translated(reads or statement), self._cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def estimate(self, statement: str) -> Estimate:
        """By EXPLAIN, whose answer cannot be copied as that of a query is."""
        with self._translated(statement), self._cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            cursor.execute(f"EXPLAIN (FORMAT JSON, VERBOSE) {statement}")
            [(explained,)] = cursor.fetchall()
        return postgres_estimate(self.rows, self.dialect, explained)

    def stream(self, statement: str) -> Iterator[Any]:
        """Record batches of at most 65,536 rows and about `Opening.batch_bytes`."""
        size = str(self._opening.batch_bytes)
        with self._translated(statement), self._cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": size})
            cursor.execute(statement)
            result = cursor.fetch_arrow()
            for batch in AdbcRecordBatchReader._import_from_c(result.address):
                if self._encoding == "SQL_ASCII":
                    self._in_utf8(batch)
                for start in range(0, batch.num_rows, BATCH_ROWS):
                    yield batch.slice(start, BATCH_ROWS)

    def oracle(
        self,
        statement: str,
        kinds: Mapping[str, ValueKind | None],
        whole: Collection[str],
        parts: Mapping[str, DocumentPart],
    ) -> TableOracle:
        """MD5 over the server's own texts of each row, summed up there."""
        rows, relation = partial(self.rows, reads=statement), relation_of(statement)
        own, values = self._own_types.own(rows, relation, kinds, whole, parts)
        return postgres_oracle(self.rows, self.dialect, statement, own, self._encoding, values)

    def _in_utf8(self, batch: pa.RecordBatch) -> None:
        """A database of encoding SQL_ASCII keeps any bytes as text."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            try:
                column.validate(full=True)
            except pa.ArrowInvalid:
                raise ConfigurationError(
                    f"Column {name} of source {self.name} holds bytes that are not UTF-8.",
                    remedy="convert it in a view: `convert_from(convert_to(column, 'SQL_ASCII'), 'LATIN1')`.",
                ) from None

    def _run(self, statement: str) -> None:
        with self._translated(statement), self._cursor() as cursor:
            cursor.execute(statement)

    def _cursor(self) -> closing[dbapi.Cursor]:
        if self._connection is None:
            raise ConfigurationError(f"The session of source {self.name} is not open.")
        return closing(self._connection.cursor())

    @contextmanager
    def _translated(self, statement: str) -> Iterator[None]:
        try:
            yield
        except adbc_driver_manager.Error as error:
            raise reading_error(self.name, statement, error) from None


def _conninfo(address: Connection, tag: str) -> str:
    known = {name: str(value) for name, value in address.extra.items() if _OF_LIBPQ.fullmatch(name)}
    parts = {
        "host": address.host or address.extra.get("host"),
        "port": address.port,
        "user": address.login,
        "password": address.password,
        "dbname": address.database,
        "application_name": f"afschrift {tag}".strip(),
        "client_encoding": "UTF8",
    }
    given = {name: str(value) for name, value in parts.items() if value is not None}
    return make_conninfo("", **({"connect_timeout": "10"} | known | given))
