"""A session on any database that SQLAlchemy supports and for which there is no adapter of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import DECIMAL
from sqlalchemy.engine import URL, Connection, CursorResult, Dialect
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.instants import rfc3339
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.reconciliation import Extract, Reconciliation
from afschrift.domain.sources import ColumnType, Described, Structure
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.mysql.dialect import DECIMALS, NO_CACHE, WHOLE
from afschrift.sources.options import Opening, required
from afschrift.sources.person_keys import KEY_TABLE, key_rows, number, utc_text
from afschrift.sources.postgres.dialect import SERVER, UNICODE_COLLATIONS, unicode_collation
from afschrift.sources.read_session import ReadSession
from afschrift.sources.reconcile.second_reading import SecondReading
from afschrift.sources.sqlalchemy.catalogue import read_described, read_structure
from afschrift.sources.sqlalchemy.dialect import AlchemyDialect
from afschrift.sources.sqlalchemy.errors import reading_error
from afschrift.sources.sqlalchemy.values import ArrowRows, again, kind_of, with_limit
from afschrift.sources.sqlite.functions import sqlite_key_form, sqlite_number
from afschrift.sources.table_errors import relation_of, still_read, unquoted, would_write

SQLITE_FUNCTIONS = {"afschrift_key_form": sqlite_key_form, "afschrift_utc": utc_text}


class _Rfc3339(sa.TypeDecorator[datetime]):
    """An instant as RFC 3339 text, as `afschrift_utc` returns it."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else rfc3339(value)


_EXACT = (38, 12)
_LARGEST = (1 << 63) - 1
_DECIMAL = DECIMAL(WHOLE + DECIMALS, DECIMALS)
# SQLite has no type for times: they are texts of the same form.
_INSTANT = sa.DateTime(timezone=True).with_variant(_Rfc3339(), "sqlite")
KEYS = sa.Table(
    KEY_TABLE,
    sa.MetaData(),
    sa.Column("person", sa.Integer),
    sa.Column("name", sa.String(64)),
    sa.Column("value", sa.String(2000)),
    sa.Column(
        "number", sa.BigInteger().with_variant(DECIMAL(WHOLE + DECIMALS, DECIMALS), "mysql", "mariadb")
    ),
    sa.Column("exact", sa.Numeric(*_EXACT)),
    sa.Column("valid_from", _INSTANT),
    sa.Column("valid_to", _INSTANT),
    sa.Column("is_current", sa.Boolean),
    sa.Column("asked_at", _INSTANT),
    prefixes=["TEMPORARY"],
)


def numbers(dialect: str, value: str) -> dict[str, object]:
    """Convert a key to numbers of the database; None if no number is exactly equal."""
    if dialect == "sqlite":
        return {"number": sqlite_number(value)}
    if dialect in ("mysql", "mariadb"):
        return {"number": number(value, WHOLE, DECIMALS)}
    whole = number(value, 19, 0)
    exact = number(value, _EXACT[0] - _EXACT[1], _EXACT[1])
    return {"number": None if whole is None or abs(whole) > _LARGEST else int(whole), "exact": exact}


_FETCHED = 1024
_SNAPSHOT = {"postgresql": "REPEATABLE READ", "mysql": "REPEATABLE READ", "mariadb": "REPEATABLE READ"}
_MYSQL = (
    "SET time_zone = '+00:00'",
    "SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT')",
)
_SESSION = {
    "postgresql": [
        "SET TIME ZONE 'UTC'",
        "SET row_security = off",  # a policy that would hide rows raises an error
        "SET statement_timeout = {ms}",
        "SET application_name = 'afschrift {tag}'",
    ],
    "mysql": [*_MYSQL, "SET SESSION max_execution_time = {ms}"],
    "mariadb": [*_MYSQL, "SET SESSION max_statement_time = {ms} / 1000", f"SET SESSION {NO_CACHE}"],
}
_READ_ONLY = {
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    **dict.fromkeys(("mysql", "mariadb"), "SET SESSION TRANSACTION READ ONLY"),
}
_CONSISTENT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
_BEGIN = {"mysql": _CONSISTENT, "mariadb": _CONSISTENT}
_READS = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)


class Alchemy(ReadSession[Connection, AlchemyDialect]):
    """`kind: sqlalchemy`.

    Options: `driver` (`trino`, `cockroachdb+psycopg`), `schema`, `isolation` (the level that gives one
    snapshot), `session` (statements at its start), `statement_timeout`, `cell_limit` (MB).

    After making a temporary table for the keys it sends SELECTs only, and never commits (R80). If the dialect
    is not in `_READ_ONLY`, the account's rights must prevent writing.
    """

    failures = (SQLAlchemyError, ImportError)
    reading_error = staticmethod(reading_error)
    options = ("driver", "schema", "isolation", "session")

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        options = opening.options
        self._values = ArrowRows(self.name, self._cell_limit)
        self._driver = required(self.name, options, "driver")
        self._schema: str | None = options.get("schema")
        self._tag = re.sub(r"[^A-Za-z0-9._-]", "", opening.tag)
        self._kinds: dict[str, dict[str, ValueKind | None]] = {}
        self._streamed: CursorResult[Any] | None = None
        try:
            self._engine = sa.create_engine(f"{self._driver}://", poolclass=sa.NullPool)
        except (NoSuchModuleError, ImportError, SQLAlchemyError):
            raise ConfigurationError(
                f"Source {self.name} has a driver that is not installed.",
                remedy="install the package that SQLAlchemy needs for `driver`, or correct its name.",
            ) from None
        self.dialect = AlchemyDialect(self.name, self._engine.dialect, self._schema)
        self._isolation = options.get("isolation", _SNAPSHOT.get(self.dialect.name))
        if not self._isolation:
            raise ConfigurationError(
                f"Source {self.name} does not say how its database gives one snapshot.",
                remedy="write the isolation level under `options`, such as `isolation: SERIALIZABLE`.",
            )

    def connect(self) -> Connection:
        """Connect by the connection's address."""
        address = self._opening.address()
        of_driver = {"client_encoding": "utf8"} if self._engine.dialect.driver.startswith("psycopg") else {}
        url = URL.create(
            self._driver,
            address.login,
            address.password,
            address.host,
            address.port,
            address.database,
            of_driver | {name: str(value) for name, value in address.extra.items()},
        )
        self._engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True)
        return self._engine.connect()

    def close(self, connection: Connection) -> None:
        """Close; SQLAlchemy's `close` alone would read the remaining rows first."""
        connection.invalidate()
        connection.close()

    def prepare(self) -> None:
        """Set the session, make the key table and start the snapshot."""
        connection = self.connection
        connection.execution_options(isolation_level=self._isolation)
        name = "mariadb" if getattr(connection.dialect, "is_mariadb", False) else self.dialect.name
        for statement in (*_SESSION.get(name, ()), *self._opening.options.get("session", ())):
            limited = statement.replace("{ms}", f"{self._timeout * 1000:.0f}")
            connection.exec_driver_sql(limited.replace("{tag}", self._tag))
        self._know(connection)
        KEYS.create(connection)
        if name in _READ_ONLY:
            connection.exec_driver_sql(_READ_ONLY[name])
        connection.commit()
        if name in _BEGIN:
            connection.exec_driver_sql(_BEGIN[name])
        self.rows("SELECT 1")  # most other snapshots begin at the first statement that reads
        super().prepare()

    def _know(self, connection: Connection) -> None:
        """Learn what the dialect must know of the server to compare bytes."""
        if self.dialect.name == "postgresql":
            version, encoding = connection.exec_driver_sql(SERVER).one()
            postgres = self.dialect.postgres
            postgres.version, postgres.encoding = int(version), encoding
            found = [name for (name,) in connection.exec_driver_sql(UNICODE_COLLATIONS)]
            postgres.unicode_collation = unicode_collation(found)
        elif self.dialect.name == "sqlite":
            opened: Any = connection.connection.dbapi_connection
            for called, by in SQLITE_FUNCTIONS.items():
                opened.create_function(called, 2, by, deterministic=True)

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        """Tables and views of one schema."""
        found: dict[str, dict[str, ColumnType]] = {}
        with self._our_errors(""):
            inspector = sa.inspect(self.connection)
            names = [*inspector.get_table_names(self._schema), *inspector.get_view_names(self._schema)]
            for table in sorted(names):
                columns = inspector.get_columns(table, self._schema)
                found[table] = {column["name"]: self._column(column["type"]) for column in columns}
                kinds = {name: column.kind for name, column in found[table].items()}
                self._kinds[self.dialect.relation(table)] = kinds
        return found

    def structure(self) -> Structure:
        """Foreign keys within the schema, and views, as far as the dialect knows them."""
        with self._our_errors(""):
            return read_structure(sa.inspect(self.connection), self._schema)

    def described(self) -> Described:
        """Keys and comments, as far as the dialect knows them; no numbers of rows."""
        with self._our_errors(""):
            return read_described(sa.inspect(self.connection), self._schema)

    def _column(self, found: sa.types.TypeEngine[Any]) -> ColumnType:
        kind = kind_of(found)
        native = found.compile(self._engine.dialect) if kind else str(found)
        # Like an unknown type, an enumeration is cast before it is compared with a text.
        self.dialect.kinds[native] = None if isinstance(found, sa.Enum) else kind
        exact = "{column}" if kind not in (None, ValueKind.JSON) else self.dialect.text("{column}")
        if isinstance(found, sa.CHAR) and self.dialect.name == "postgresql":
            exact = self.dialect.text("{column}")  # padding is no part of the value
        engine = self._engine.dialect
        form = with_limit(found, kind, exact, engine, self._cell_limit)
        if kind is ValueKind.BINARY:  # a cast would decode the bytes as text
            return ColumnType(native, kind, form, loose=True)
        verbatim = with_limit(found, None, self.dialect.text("{column}"), engine, self._cell_limit)
        loose = kind not in (ValueKind.INTEGER, ValueKind.DECIMAL)  # texts may have any collation
        return ColumnType(native, kind, form, verbatim=verbatim, loose=loose)

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        """Fill the key table, with bound values."""
        bound = key_rows((keys, at), *others, decomposed=self.dialect.decomposed).to_pylist()
        rows = [{**row, **numbers(self.dialect.name, row["value"])} for row in bound]
        with self._our_errors(""):
            connection = self._unread()
            connection.execute(sa.delete(KEYS))
            if rows:
                connection.execute(sa.insert(KEYS), rows)
                if self.dialect.name == "postgresql":  # else its planner expects hundreds of keys
                    connection.exec_driver_sql(f"ANALYZE {KEY_TABLE}")

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a small result; a time without zone is UTC."""
        with self._our_errors(statement):
            return [tuple(map(_aware, row)) for row in self._run(statement, stream=False)]

    def stream(self, statement: str) -> Iterator[Any]:
        """Yield record batches of at most 1,024 rows, from a server-side cursor if the driver has one."""
        relation = relation_of(statement)
        kinds = self._kinds_of(relation)
        with self._our_errors(statement), self._run(statement, stream=True) as result:
            names = list(result.keys())
            while rows := result.fetchmany(_FETCHED):
                yield self._values.batch(unquoted(relation), kinds, names, rows)

    def _kinds_of(self, relation: str) -> Mapping[str, ValueKind | None]:
        if not self._kinds:
            self.catalogue()
        return self._kinds.get(relation, {})

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Compare with a second reading: each value as text, cast by the database."""
        assert not extract.parts  # never planned: see `StandardDialect.part_of`
        stored = self._kinds_of(relation_of(extract.statement))
        bytes_ = {name for name, kind in stored.items() if kind is ValueKind.BINARY}
        read = {
            n: ValueKind.BINARY if n in bytes_ else kind for n, kind in extract.kinds.items()
        }  # `kind: text` too
        columns = {n: again(kind, self.dialect) if n in extract.whole else None for n, kind in read.items()}
        return SecondReading(self.rows, self._raw, self.dialect, extract.statement, columns)

    def _raw(self, statement: str) -> Iterator[Sequence[Sequence[Any]]]:
        with self._our_errors(statement), self._run(statement, stream=True) as result:
            while rows := result.fetchmany(_FETCHED):
                yield rows

    def _run(self, statement: str, *, stream: bool) -> CursorResult[Any]:
        if not _READS.match(statement):
            raise would_write(self.name)
        options = {"no_parameters": True, "stream_results": stream, "max_row_buffer": _FETCHED}
        tagged = f"/* afschrift {self._tag} */ {statement}"
        result = self._unread().exec_driver_sql(tagged, execution_options=options)
        self._streamed = result if stream else None
        return result

    def _unread(self) -> Connection:
        """The connection, once no stream is open: PyMySQL would throw away its rows at the next statement."""
        if self._streamed is not None and not self._streamed.closed:
            raise still_read(self.name)
        return self.connection


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
