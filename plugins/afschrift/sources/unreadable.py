"""A table that is there but cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from afschrift.domain.errors import AfschriftError
from afschrift.domain.sources import ColumnType


class Unreadable(Mapping[str, ColumnType]):
    """Columns of such a table: whoever asks for one is told why; nobody else is stopped by it.

    Args:
        error: why.
    """

    def __init__(self, error: AfschriftError) -> None:
        self._error = error

    def __getitem__(self, column: str) -> ColumnType:
        raise self._error

    def __iter__(self) -> Iterator[str]:
        raise self._error

    def __len__(self) -> int:
        raise self._error
