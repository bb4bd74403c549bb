"""Which tables a view reads, where the database keeps no more of it than its text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise

_WORD = re.compile(r'"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|\w+')
_PATH = re.compile(rf"(?:{_WORD.pattern})(?:\s*\.\s*(?:{_WORD.pattern}))*")
_QUOTES = '"`[]'


def tables_in(views: Iterable[tuple[str, str | None]], tables: Collection[str]) -> Iterator[tuple[str, str]]:
    """A view and a table whose name stands in its text; a table too many does no harm.

    Args:
        views: name and definition.
        tables: of the database; one of another schema as `schema.table`.
    """
    names = {table.casefold(): table for table in tables}
    for view, text in views:
        for found in dict.fromkeys(names[word] for word in _names_in(text or "") if word in names):
            if found != view:
                yield view, found


def _names_in(text: str) -> Iterator[str]:
    """Each name, and each two that a dot joins."""
    for path in _PATH.findall(text):
        words = [word.strip(_QUOTES).replace('""', '"').casefold() for word in _WORD.findall(path)]
        yield from words
        yield from map(".".join, pairwise(words))
