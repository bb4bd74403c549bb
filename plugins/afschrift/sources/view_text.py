"""Which tables a view reads, where the database keeps no more of it than its text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

_WORD = re.compile(r'"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|\w+')
_QUOTES = '"`[]'


def tables_in(views: Iterable[tuple[str, str | None]], tables: Collection[str]) -> Iterator[tuple[str, str]]:
    """A view and a table whose name stands in its text; a table too many does no harm.

    Args:
        views: name and definition.
        tables: of the database.
    """
    names = {table.casefold(): table for table in tables}
    for view, text in views:
        words = (word.strip(_QUOTES).replace('""', '"').casefold() for word in _WORD.findall(text or ""))
        for found in dict.fromkeys(names[word] for word in words if word in names):
            if found != view:
                yield view, found
