"""The base class of sessions on all kinds of sources: options, connection, and errors of the driver."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

from afschrift.domain.errors import AfschriftError
from afschrift.sources.options import Opening, cell_limit, seconds
from afschrift.sources.table_errors import session_not_open

C = TypeVar("C")


class ReadSession(Generic[C]):
    """A session that reads. Subclasses open `_connection`, on one snapshot, and close it.

    Args:
        opening: its options `statement_timeout` and `cell_limit` (MB) limit each statement and each cell.
        options: names of the allowed options.

    Attributes:
        failures: errors of the driver.
        reading_error: turns such an error into ours, from the source's name and the statement. The text of a
            driver's error may quote values, so it is never passed on.
    """

    failures: ClassVar[tuple[type[Exception], ...]]
    reading_error: ClassVar[Callable[[str, str, Any], AfschriftError]]

    def __init__(self, opening: Opening, options: Collection[str]) -> None:
        opening.only(options)
        self.name = opening.name
        self.snapshot = ""
        self._opening = opening
        self._timeout = seconds(opening, "statement_timeout", "1h")
        self._cell_limit = cell_limit(opening)
        self._connection: C | None = None

    @property
    def connection(self) -> C:
        """The open connection."""
        if self._connection is None:
            raise session_not_open(self.name)
        return self._connection

    @contextmanager
    def _our_errors(self, statement: str) -> Iterator[None]:
        try:
            yield
        except self.failures as error:
            raise type(self).reading_error(self.name, statement, error) from None
