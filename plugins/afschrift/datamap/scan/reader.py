"""A session of a source that outlives a failed statement, and says when the source is lost."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from afschrift.domain.errors import AfschriftError
from afschrift.domain.sources import Dialect, Source


class LostError(AfschriftError):
    """The source cannot be reached any more; what was read before stands."""


class Reader:
    """Runs small statements, one after the other.

    A statement that fails may have ended the session's transaction, so the session is opened anew for the
    next one.

    Args:
        open_session: a session that is not opened yet.

    Attributes:
        broke_off: the source went away while its tables were listed, and came back: some of what it says of
            them was not read.
    """

    broke_off = False

    def __init__(self, open_session: Callable[[], Source]) -> None:
        self._open_session = open_session
        self._session: Source | None = None

    def __enter__(self) -> Self:
        self._session = self._open_session().__enter__()
        self.dialect: Dialect = self._session.dialect
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def session(self) -> Source:
        """The open session.

        Raises:
            LostError: it cannot be opened any more.
        """
        if self._session is None:
            try:
                self._session = self._open_session().__enter__()
            except AfschriftError as error:
                raise LostError(str(error.args[0]), remedy=error.remedy) from None
        return self._session

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """All rows of a small result.

        Raises:
            LostError: the source cannot be reached any more.
            AfschriftError: this statement failed; another one may be tried.
        """
        try:
            return self.session.rows(statement)
        except LostError:
            raise
        except AfschriftError:
            self.renew()
            raise

    def renew(self) -> None:
        """Close the session; the next statement opens another one."""
        self._close()

    def _close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            session.__exit__(None, None, None)
