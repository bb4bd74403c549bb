"""Sources that stay open between two uses: one session, one snapshot, one look at the catalogue."""

from __future__ import annotations

from typing import Self

from afschrift.domain.sources import Source, SourceFactory
from afschrift.sources.reached import Reached


class KeptOpen:
    """Opens each source once, however often it is asked for. Use as a context manager: all end with it.

    Whoever uses a session binds their own keys first, as in one that is new. After an error it is another
    one: in a transaction in which a statement failed, some databases answer nothing more.

    Args:
        open_source: opens one.
        tag: id of the request.
    """

    def __init__(self, open_source: SourceFactory, tag: str) -> None:
        self._open, self._tag = open_source, tag
        self._kept: dict[str, _Kept] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for source in tuple(self._kept):
            self.end(source)

    def __call__(self, source: str, tag: str = "") -> Source:
        """The session of a source; the end of a `with` leaves it open."""
        if source not in self._kept or self._kept[source].failed:
            self.end(source)
            self._kept[source] = _Kept(self._open(source, tag or self._tag))
        return self._kept[source]

    def end(self, source: str) -> None:
        """Nobody needs it any more."""
        kept = self._kept.pop(source, None)
        if kept is not None:
            kept.end()


class _Kept(Reached):
    failed = False
    _is_open = False

    def __enter__(self) -> Self:
        if not self._is_open:
            self.failed = True
            super().__enter__()
            self.failed, self._is_open = False, True
        return self

    def __exit__(self, *exc: object) -> None:
        self.failed = self.failed or any(part is not None for part in exc)

    def end(self) -> None:
        if self._is_open:
            self._is_open = False
            super().__exit__(None, None, None)
