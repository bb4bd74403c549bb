"""A source as a request meets it: planned in one session and read in another, which shares nothing with it.

Planning reads the catalogue and writes the statements; extracting, in another process, runs them. What an
adapter keeps from its catalogue is not there when rows come.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Self

from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation
from afschrift.domain.sources import ColumnType, Described, Dialect, Source, Structure
from afschrift.sources.registry import open_source


class TwoSessions:
    """A planning session with catalogue, dialect and small results, and an extracting one that streams."""

    def __init__(self, open_one: Callable[[], Source]) -> None:
        self._planning, self._extracting = open_one(), open_one()
        self._both = ExitStack()
        self.name = self._extracting.name

    @property
    def snapshot(self) -> str:
        return self._extracting.snapshot

    @property
    def dialect(self) -> Dialect:
        return self._planning.dialect

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.enter_context(self._planning)
            opened.enter_context(self._extracting)
            self._both = opened.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._both.close()

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        return self._planning.catalogue()

    def structure(self) -> Structure:
        return self._planning.structure()

    def described(self) -> Described:
        return self._planning.described()

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        self._planning.bind(keys, at, *others)
        self._extracting.bind(keys, at, *others)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self._planning.rows(statement)

    def estimate(self, statement: str) -> Estimate:
        return self._planning.estimate(statement)

    def stream(self, statement: str) -> Iterator[Any]:
        return self._extracting.stream(statement)

    def reconciliation(self, extract: Extract) -> Reconciliation:
        return self._extracting.reconciliation(extract)


def open_two(name: str, kind: str, options: dict[str, Any], **more: Any) -> Source:
    """As `open_source`, with as many sessions as a request has."""
    return TwoSessions(lambda: open_source(name, kind, options, **more))
