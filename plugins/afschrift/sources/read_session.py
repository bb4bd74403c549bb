"""The base class of sources of all kinds: what a kind must have, and what follows from it.

A kind has `connect`, `catalogue`, `stream` and a dialect. Its dialect reads the keys from one bound value
(`StandardDialect.keys`), or the kind has `bind`. What a kind does without, `missing` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any, ClassVar, Generic, Self, TypeVar
from weakref import WeakSet

from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError
from afschrift.domain.instants import rfc3339
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation, TableEstimate
from afschrift.domain.sources import Catalogue, Described, Source, Structure, TableVersions
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.catalogue import by_alias
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.options import Opening, bytes_limit, cell_limit, most_sessions, seconds
from afschrift.sources.person_keys import key_json, key_rows
from afschrift.sources.reconcile.second_reading import Again, SecondReading, again
from afschrift.sources.table_errors import failed_midway, session_not_open, table_of

_AGAIN = 0.5
_METHODS = {
    "interrupt": "a statement of a task that ended goes on until `statement_timeout`",
    "estimate": "`afschrift plan` does not say what a request would read, and `bytes_limit` counts only what "
    "arrives",
    "earlier_sessions": "`sessions` is refused: a pool under `run_in` limits how many tasks read it at once",
    "reconciliation": "the database hashes no rows: they are read a second time, by the same driver",
    "structure": "joins, views and former rows are not found: describe them",
    "described": "keys, comments and numbers of rows are not found",
}
LIMITS = ("statement_timeout", "cell_limit", "bytes_limit", "sessions")
"""Options of every kind."""

_TEMPLATES = {
    "normal_text": "a text key needs `normal`, and no join goes by text",
    "matches": "the search for the person elsewhere uses no patterns",
    "token": "masks have no token",
    "part_of": "no members of documents are taken out",
}
C = TypeVar("C")
D = TypeVar("D", bound=StandardDialect)


_open: WeakSet[ReadSession[Any, Any]] = WeakSet()


class ReadSession(Generic[C, D]):
    """A read-only session on one snapshot.

    Args:
        opening: its options `LIMITS` limit each statement and cell, and how many sessions are open.
        options: names of further options that are allowed.

    Attributes:
        dialect: the SQL of this database.
        bytes_limit: see `sources.bytes_limit`; None: without a limit.
        options: names of its own options.
        failures: errors of the driver.
    """

    dialect: D
    options: ClassVar[tuple[str, ...]] = ()
    failures: ClassVar[tuple[type[Exception], ...]]

    def __init__(self, opening: Opening, *options: str) -> None:
        opening.only((*self.options, *options, *LIMITS))
        self.name = opening.name
        self.snapshot = ""
        self._opening = opening
        self._timeout = seconds(opening, "statement_timeout", "1h")
        self._cell_limit = cell_limit(opening)
        self.bytes_limit, self._sessions = bytes_limit(opening), most_sessions(opening)
        if self._sessions and type(self).earlier_sessions is ReadSession.earlier_sessions:
            raise ConfigurationError(
                f"Source {self.name} is of a kind that cannot say how many sessions are open, so its option "
                "`sessions` would limit nothing.",
                remedy="remove it, and give the source a pool with as many slots under `run_in`.",
            )
        self._connection: C | None = None
        self._bound = key_json(key_rows())

    def connect(self) -> C:
        """Open a connection that cannot write; `prepare` makes the snapshot if this does not."""
        raise NotImplementedError

    def catalogue(self) -> Catalogue:
        """See `domain.sources.Source`."""
        raise NotImplementedError

    def stream(self, statement: str) -> Iterator[Any]:
        """Yield record batches; `key_values` are the values that the statement binds."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Start the transaction. Here it has begun, or files are not written while they are read."""
        self.snapshot = rfc3339(datetime.now(UTC))

    def close(self, connection: C) -> None:
        """Close the connection without reading the remaining rows."""
        connection.close()  # type: ignore[attr-defined]

    def interrupt(self) -> None:
        """End the running statement at the server, from another thread or after an error."""

    def opening_error(self, error: Any) -> AfschriftError:
        """Explain why no session could be opened. The text of a driver's error may quote values."""
        at = self._opening
        place = f" by connection {at.connection} (at {at.address().place})" if at.connection else ""
        return RetriableError(
            f"Source {self.name} cannot be opened{place}; {type(error).__name__}.",
            remedy="see whether the database is up, and whether address, login and options are right.",
            code=type(error).__name__,
        )

    @staticmethod
    def reading_error(source: str, statement: str, error: Any) -> AfschriftError:
        """Explain why a statement failed, without the text of the driver's error."""
        code = type(error).__name__
        return failed_midway(source, table_of(source, statement), code, code)

    def __enter__(self) -> Self:
        _open.add(self)
        try:
            self._connection = self.connect()
            self._await_turn()
            self.prepare()
        except self.failures as error:
            self.__exit__()
            raise self.opening_error(error) from None
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        _open.discard(self)
        connection, self._connection = self._connection, None
        if connection is not None:
            self.close(connection)

    def earlier_sessions(self) -> int:
        """How many sessions of this account were opened before, by the server's own list, and are still."""
        raise NotImplementedError

    def _await_turn(self) -> None:
        """Wait while as many sessions as `sessions` allows are open; the server's list is the queue.

        Raises:
            RetriableError: they were for as long as a statement may take.
        """
        until = monotonic() + self._timeout
        if any(other is not self and other.name == self.name for other in _open):
            return  # a step that opens a source twice would wait for itself
        while self._sessions and self.earlier_sessions() >= self._sessions:
            if monotonic() > until:
                raise RetriableError(
                    f"Source {self.name} is read by as many sessions as its option `sessions` allows "
                    f"({self._sessions}).",
                    remedy="the step is tried again; raise `sessions`, or give the source a pool with as "
                    "many slots under `run_in`, so that tasks wait at Airflow.",
                )
            sleep(_AGAIN)

    @property
    def chosen(self) -> TableVersions | None:
        """None: its tables have no versions."""
        return None

    @property
    def connection(self) -> C:
        """The open connection."""
        if self._connection is None:
            raise session_not_open(self.name)
        return self._connection

    def structure(self) -> Structure:
        """Nothing is known."""
        return Structure()

    def described(self) -> Described:
        """Nothing is known."""
        return Described()

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        """Keep the keys as one JSON text, which each statement binds as often as it reads them."""
        self._bound = key_json(key_rows((keys, at), *others))

    def key_values(self, statement: str) -> list[str]:
        """The values that a statement binds, in order."""
        return [self._bound] * statement.count(self.dialect.keys)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a small result."""
        return [
            row
            for batch in self.stream(statement)
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        ]

    def estimate(self, statement: str) -> Estimate:
        """Name the tables: what their reading costs is not known."""
        return Estimate(readings=tuple(TableEstimate(table, None) for table in by_alias(statement).values()))

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """Compare with a second reading: each value as text, cast by the database."""
        columns = {
            name: self.again(kind) if name in extract.whole else None for name, kind in extract.kinds.items()
        }
        return SecondReading(self.rows, self._row_lists, self.dialect, extract.statement, columns)

    def again(self, kind: ValueKind | None) -> Again:
        """How to read a column a second time."""
        binary = kind is ValueKind.BINARY
        return again(kind, self.dialect.hexadecimal("{c}") if binary else self.dialect.text("{c}"))

    def _row_lists(self, statement: str) -> Iterator[Sequence[Sequence[Any]]]:
        for batch in self.stream(statement):
            yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))

    @contextmanager
    def _our_errors(self, statement: str) -> Iterator[None]:
        try:
            yield
        except self.failures as error:
            raise self.reading_error(self.name, statement, error) from None
        except (KeyboardInterrupt, SystemExit):
            self.interrupt()
            raise


def missing(session: Source) -> tuple[str, ...]:
    """What a kind of source does without, as sentences; the session need not be open."""
    dialect = session.dialect
    lacks = [words for name, words in _METHODS.items() if _is_of(session, ReadSession, name)]
    templates = getattr(dialect, "templates", {})
    return (
        *lacks,
        *(
            words
            for name, words in _TEMPLATES.items()
            if _is_of(dialect, StandardDialect, name) and not templates.get(name)
        ),
    )


def _is_of(found: object, base: type, name: str) -> bool:
    """Whether a method is the one of the base class."""
    return getattr(getattr(found, name), "__func__", None) is getattr(base, name)


def interrupt_all() -> None:
    """End the running statements of this process at their servers: its task is being killed."""
    for session in tuple(_open):
        session.interrupt()
