"""A session of a source that continues after a failed statement, and reports an unreachable source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from afschrift.domain.errors import AfschriftError, ConfigurationError, OutOfMemoryError, RetriableError
from afschrift.domain.sources import ColumnType, Dialect, Source
from afschrift.selection.map_entries import text_beginnings

Answer = TypeVar("Answer")


class NotReachedError(AfschriftError):
    """The source cannot be opened, or not any more; results read before are kept."""


class NotAnsweredError(AfschriftError):
    """A statement gave no result; another one may be tried.

    Attributes:
        failed: the source rejects it; False: it took too long or too much memory, or the connection broke.
        broke_off: a retry may succeed.
    """

    def __init__(self, why: AfschriftError) -> None:
        super().__init__(str(why.args[0]), remedy=why.remedy)
        self.failed = isinstance(why, ConfigurationError) and not isinstance(why, OutOfMemoryError)
        self.broke_off = isinstance(why, RetriableError)


class StatementRunner:
    """Runs small statements, one after the other.

    On some databases a session is unusable after an error, so a new session is opened after each error.

    Args:
        open_session: makes a session that is not opened yet.
        roomy: the same with more memory, for what does not fit; None: there is none.

    Attributes:
        broke_off: the connection broke while tables were listed, and some of their descriptions were not
            read.
    """

    broke_off = False

    def __init__(self, open_session: Callable[[], Source], roomy: Callable[[], Source] | None = None) -> None:
        self._open_session, self._roomy = open_session, roomy
        self._session: Source | None = None

    def __enter__(self) -> Self:
        self._session = self._open_session().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def session(self) -> Source:
        """The open session.

        Raises:
            NotReachedError: it cannot be opened.
        """
        if self._session is None:
            try:
                self._session = self._open_session().__enter__()
                self.prepare(self._session)
            except AfschriftError as why:
                self.close()
                raise NotReachedError(str(why.args[0]), remedy=why.remedy) from None
        return self._session

    @property
    def dialect(self) -> Dialect:
        return self.session.dialect

    def prepare(self, session: Source) -> None:
        """Make a new session ready for statements."""

    def ask(self, what: Callable[[Source], Answer]) -> Answer:
        """Return the answer of the session to a query.

        Raises:
            NotAnsweredError: the query gave no result.
            NotReachedError: the source cannot be opened.
        """
        session = self.session
        try:
            return what(session)
        except AfschriftError as why:
            self.close()
            if not isinstance(why, OutOfMemoryError) or self._roomy is None:
                raise NotAnsweredError(why) from None
        self._open_session, self._roomy = self._roomy, None
        return self.ask(what)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return all rows of a small result; errors as of `ask`."""
        return self.ask(lambda session: session.rows(statement))

    def account(self) -> str:
        """Return in whose name it reads, with roles: `reader, with the roles a, b`; empty: there is none."""
        try:
            names = [str(name) for (name,) in self.rows(self.dialect.account)] if self.dialect.account else []
        except NotAnsweredError:
            return ""
        roles = f", with the roles {', '.join(names[1:])}" if names[1:] else ""
        return f"{names[0]}{roles}" if names else ""

    def texts(
        self, relation: str, columns: Mapping[str, ColumnType], characters: int, most: int | None = None
    ) -> dict[str, list[str]]:
        """Return column -> values as texts, truncated, without NULL and empty ones; errors as of `ask`.

        Args:
            relation: expression of a table in a FROM clause.
            columns: of it; at least one.
            characters: to read of a text, from its beginning.
            most: rows to read; None: all of the relation.
        """
        selected = text_beginnings(self.dialect, columns, characters)
        statement = f"SELECT {selected}\nFROM {relation} AS t\n"
        rows = self.rows(statement if most is None else f"{statement}LIMIT {most}")
        found = zip(columns, zip(*rows, strict=True), strict=True) if rows else ()
        return {
            column: [str(value) for value in values if value not in (None, "")] for column, values in found
        }

    def close(self) -> None:
        """Close the session; the next statement opens a new one."""
        session, self._session = self._session, None
        if session is not None:
            session.__exit__(None, None, None)
