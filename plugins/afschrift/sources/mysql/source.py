"""A session on a MySQL or MariaDB database: rows fetched one by one, bound keys, one snapshot."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.converters import encoders
from pymysql.cursors import Cursor, SSCursor

from afschrift.domain.errors import AfschriftError
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation, TableEstimate
from afschrift.domain.sources import ColumnType, Connection, Described, Structure
from afschrift.sources.catalogue import by_alias
from afschrift.sources.mysql.catalogue import mysql_estimate, read_described, read_structure
from afschrift.sources.mysql.column_types import MysqlTypes
from afschrift.sources.mysql.dialect import KEY_VARIABLE, NO_CACHE, MysqlDialect, mysql_number, value_of
from afschrift.sources.mysql.errors import NotExplainedError, code_of, opening_error, reading_error
from afschrift.sources.mysql.reconciliation import digest, source_texts
from afschrift.sources.options import Opening, Scratch, Write, seconds
from afschrift.sources.person_keys import KEY_TABLE, text_key_rows
from afschrift.sources.read_session import ReadSession
from afschrift.sources.reconcile.sql_reconciliation import SqlReconciliation
from afschrift.sources.table_errors import still_read, table_of, wrong_encoding
from afschrift.sources.text_rows import FETCHED, text_batch

_OF_DRIVER = ("unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "ssl_verify_cert", "ssl_verify_identity")
_INTEGERS = (FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG)
_NO_TEMPORARY_TABLE = (1044, 1142, 1227, 1290)
_DAY = 86_400
_SETTINGS = (
    "sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'",
    "time_zone = '+00:00'",
    f"wait_timeout = {_DAY}",  # the session is idle while files are written between two tables
    f"net_write_timeout = {_DAY}",  # and the server waits while they are written between two batches
)
_KEY_TABLE = (
    f"CREATE TEMPORARY TABLE {KEY_TABLE} (person INT, name VARCHAR(64), value LONGTEXT, "
    "number DECIMAL(65, 30), valid_from VARCHAR(40), valid_to VARCHAR(40), is_current TINYINT, "
    "asked_at VARCHAR(40), "
    "bytes LONGBLOB AS (CAST(value AS BINARY)) STORED, "
    "KEY by_number (name, number), KEY by_bytes (name, bytes(200))) "
    "ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
)
_COLUMNS = """
SELECT table_name, column_name, ordinal_position, column_type, character_set_name, collation_name
FROM information_schema.columns WHERE table_schema = DATABASE()
ORDER BY table_name, ordinal_position
"""
_EARLIER = """
SELECT count(*) FROM information_schema.processlist
WHERE id < CONNECTION_ID() AND user = SUBSTRING_INDEX(USER(), '@', 1)
"""
_JSON_CHECKS = """
SELECT table_name, check_clause FROM information_schema.check_constraints
WHERE constraint_schema = DATABASE() AND check_clause LIKE 'json_valid(%'
"""


class Mysql(ReadSession["pymysql.connections.Connection[Any]", MysqlDialect]):
    """`kind: mysql`. Options: `statement_timeout`, `lock_timeout`, `cell_limit` (MB).

    The session is one READ ONLY transaction (R80); its snapshot covers tables of transactional engines. The
    keys are in a temporary table if a statement can read it twice (MariaDB) and the server's binary log does
    not record it, else in a variable of the session.
    """

    failures = (pymysql.MySQLError,)
    reading_error = staticmethod(reading_error)
    options = ("lock_timeout",)

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self.dialect = MysqlDialect(self.name, self._knows_zone)
        self._lock_timeout = max(1, round(seconds(opening, "lock_timeout", "10s")))
        self._types = MysqlTypes(self._cell_limit, self._cell_limit)
        tag = re.sub(r"[^A-Za-z0-9._-]", "", opening.tag)
        self._tag = f"afschrift {tag}".strip()
        self._mariadb = False

    def connect(self) -> pymysql.connections.Connection[Any]:
        """Connect by the connection's address."""
        return pymysql.connect(**_arguments(self._opening.address()), program_name=self._tag)

    def opening_error(self, error: pymysql.MySQLError) -> AfschriftError:
        """Name the connection."""
        return opening_error(self.name, self._opening.address(), error)

    def close(self, connection: pymysql.connections.Connection[Any]) -> None:
        """Close; the driver's `close` would read the remaining rows first."""
        connection._force_close()

    def interrupt(self) -> None:
        """End the running statement by a connection of its own."""
        if self._connection is not None:
            with suppress(pymysql.MySQLError), self.connect() as other, other.cursor() as cursor:
                cursor.execute(f"KILL QUERY {self._connection.thread_id()}")

    def earlier_sessions(self) -> int:
        """By connections of this account with a smaller number; an account sees its own without a right."""
        return int(self.rows(_EARLIER)[0][0])

    def prepare(self) -> None:
        """Set the session, make the key table and start the snapshot."""
        version, packet = self.rows("SELECT version(), @@max_allowed_packet")[0]
        self._mariadb = self.dialect.keeps_text = "mariadb" in version.lower()
        self._types = MysqlTypes(self._cell_limit, packet)
        of_kind = [f"max_execution_time = {self._timeout * 1000:.0f}"]
        if self._mariadb:
            of_kind = [f"max_statement_time = {self._timeout:f}", NO_CACHE]
        for setting in (*_SETTINGS, *of_kind, f"lock_wait_timeout = {self._lock_timeout}"):
            self._run(f"SET SESSION {setting}")
        self._make_key_table()
        self._run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        self._run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        self.snapshot = self.rows("SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')")[0][0]

    def _make_key_table(self) -> None:
        if self._mariadb and not self._would_log():
            try:
                with self._cursor() as cursor:
                    cursor.execute(_KEY_TABLE)
            except pymysql.MySQLError as error:
                if code_of(error) not in _NO_TEMPORARY_TABLE:
                    raise reading_error(self.name, "", error) from None
            else:
                return
        self.dialect.keys_in_variable()
        self._set_keys([])

    def _would_log(self) -> bool:
        """Whether the binary log would record the keys: MariaDB logs statements on temporary tables."""
        logs, here, form = self.rows("SELECT @@log_bin, @@sql_log_bin, @@binlog_format")[0]
        return bool(logs) and bool(here) and form != "ROW"

    def _knows_zone(self, zone: str) -> bool:
        if self._connection is None:  # a statement is only explained, without a server
            return True
        named = self.dialect.literal(zone)
        return self.rows(f"SELECT CONVERT_TZ('2024-01-01 12:00:00', {named}, '+00:00')")[0][0] is not None

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        """Tables and views of the connection's database that its account may read."""
        found: dict[str, dict[str, ColumnType]] = {}
        checks = set(self.rows(_JSON_CHECKS)) if self._mariadb else set()
        for table, column, number, native, charset, collation in self.rows(_COLUMNS):
            is_json = (table, f"json_valid({self.dialect.quote(column)})") in checks
            spelled = f"{native} {charset} {collation}" if charset else native
            known = self._types.column(int(number), spelled, is_json=is_json)
            found.setdefault(table, {})[column] = known
        return found

    def structure(self) -> Structure:
        """Foreign keys within the database, views, and tables with a history."""
        return read_structure(self.rows)

    def described(self) -> Described:
        """Keys, comments, estimated numbers of rows, what views read."""
        return read_described(self.rows)

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        """Fill the key table. The driver puts values into the INSERT only, never into a SELECT."""
        rows = text_key_rows((keys, at), *others, of_number=mysql_number, decomposed=True)
        if self.dialect.keys != KEY_TABLE:
            self._set_keys(rows)
            return
        columns = "person, name, value, number, valid_from, valid_to, is_current, asked_at"
        insert = f"INSERT INTO {KEY_TABLE} ({columns}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608 - constants
        with self._our_errors(""), self._cursor() as cursor:
            cursor.execute(f"DELETE FROM {KEY_TABLE}")  # noqa: S608 - a constant
            cursor.executemany(insert, rows)

    def _set_keys(self, rows: Sequence[tuple[object, ...]]) -> None:
        with self._our_errors(""), self._cursor() as cursor:
            cursor.execute(f"SET {KEY_VARIABLE} = %s", [json.dumps(rows)])

    def rows(self, statement: str, reads: str = "") -> list[tuple[Any, ...]]:
        """All rows of a small result: integers as integers, everything else as text.

        Errors name the table of the statement `reads`.
        """
        with self._our_errors(reads or statement), self._cursor() as cursor:
            self._execute(cursor, statement)
            whole = [column[1] in _INTEGERS for column in cursor.description or ()]
            try:
                return [tuple(map(_value, row, whole)) for row in cursor.fetchall()]
            except UnicodeDecodeError:
                where = table_of(self.name, reads or statement)
                raise wrong_encoding(where, "not UTF-8", "convert the column") from None

    def estimate(self, statement: str) -> Estimate:
        """Estimate by EXPLAIN; without the right SHOW VIEW nothing is known of a statement on a view."""
        try:
            return mysql_estimate(partial(self.rows, reads=statement), statement)
        except NotExplainedError:
            return Estimate(readings=tuple(TableEstimate(t, None) for t in by_alias(statement).values()))

    def stream(self, statement: str) -> Iterator[Any]:
        """Yield record batches of at most 4,096 rows."""
        cursor = self._cursor(SSCursor)
        with self._our_errors(statement):
            try:
                self._execute(cursor, statement)
                names = [column[0] for column in cursor.description or ()]
                while rows := cursor.fetchmany(FETCHED):
                    yield text_batch(self.name, names, rows)
            except pymysql.MySQLError:
                _give_up(cursor)
                raise
            finally:
                if self._connection is None:  # the session ended before
                    _give_up(cursor)
                cursor.close()  # reads the remaining rows, so that the session can go on

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Compare with MD5 over the server's own texts of each row, summed by the server."""
        own = source_texts(partial(self.rows, reads=extract.statement), extract)
        parts = extract.parts.items()
        values = {name: self.dialect.of_table(value_of(part), part.column) for name, part in parts}
        return SqlReconciliation(self.rows, self.dialect, extract.statement, own, digest, values)

    def _run(self, statement: str) -> None:
        with self._our_errors(statement), self._cursor() as cursor:
            self._execute(cursor, statement)

    def _cursor(self, kind: type[Cursor] = Cursor) -> Cursor:
        """A cursor; the driver would throw away what an open stream has not read yet, with a warning only."""
        before = self.connection._result
        if before is not None and before.unbuffered_active:
            raise still_read(self.name)
        return self.connection.cursor(kind)

    def _execute(self, cursor: Cursor, statement: str) -> None:
        cursor.execute(f"/* {self._tag} */ {statement}")


def _scratch(opening: Opening, schema: str) -> tuple[Opening, Write]:
    address = replace(opening.address(), database=schema)

    def write(*statements: str) -> None:
        with pymysql.connect(**_arguments(address), autocommit=True) as other, other.cursor() as cursor:
            for statement in (f"SET SESSION {', '.join(_SETTINGS[:2])}", *statements):
                cursor.execute(statement)

    return replace(opening, connect=lambda _: address), write


SCRATCH = Scratch(_scratch, fails="SELECT EXTRACTVALUE('', '~secret-value')")


def _give_up(cursor: SSCursor) -> None:
    """Let the driver not read on after an error, which would fail on a lost connection."""
    if cursor._result is not None:
        cursor._result.unbuffered_active = False


def _arguments(address: Connection) -> dict[str, Any]:
    given = {
        "host": address.host,
        "port": address.port,
        "user": address.login,
        "password": address.password,
        "database": address.database,
    }
    of_driver = {name: address.extra[name] for name in _OF_DRIVER if name in address.extra}
    return {
        **{name: value for name, value in given.items() if value is not None},
        **of_driver,
        "charset": "utf8mb4",
        "use_unicode": False,  # bytes as the server sends them: the driver converts nothing
        "conv": dict(encoders),
        "connect_timeout": 10,
        "local_infile": False,
    }


def _value(value: bytes | None, whole: bool) -> Any:
    if value is None:
        return None
    return int(value) if whole else value.decode()
