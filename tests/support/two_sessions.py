"""A source as a request meets it: planned in one session and read in another, which shares nothing with it.

Planning reads the catalogue and writes the statements; extracting, in another process, runs them. What an
adapter keeps from its catalogue is not there when rows come.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Self, cast

from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.sources import Source
from afschrift.sources.registry import open_source


class TwoSessions:
    """A planning session with catalogue, dialect and small results, and an extracting one that streams."""

    def __init__(self, open_one: Callable[[], Source]) -> None:
        self._planning, self._extracting = open_one(), open_one()
        self._both = ExitStack()

    def __getattr__(self, name: str) -> Any:
        extracts = name in ("name", "snapshot", "stream", "reconciliation")
        return getattr(self._extracting if extracts else self._planning, name)

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.enter_context(self._planning)
            opened.enter_context(self._extracting)
            self._both = opened.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._both.close()

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        self._planning.bind(keys, at, *others)
        self._extracting.bind(keys, at, *others)


def open_two(name: str, kind: str, options: dict[str, Any], **more: Any) -> Source:
    """As `open_source`, with as many sessions as a request has."""
    return cast(Source, TwoSessions(lambda: open_source(name, kind, options, **more)))
