"""Which table a statement reads, for errors that name it."""

from __future__ import annotations

import re

from afschrift.core.errors import ConfigurationError

_RELATION = re.compile(r"^FROM (.+) AS t$", re.MULTILINE)
_QUOTES = str.maketrans("", "", '"`[]')


def relation_of(statement: str) -> str:
    """What stands after FROM in a statement of `include/sql/`; empty for any other."""
    found = _RELATION.search(statement)
    return found[1] if found else ""


def place(source: str, statement: str) -> str:
    """`source.table` of a statement of `include/sql/`."""
    relation = relation_of(statement)
    return f"{source}.{relation}".translate(_QUOTES) if relation else f"a statement of {source}"


def too_large(source: str, place: str, size: str = "") -> ConfigurationError:
    """A cell is larger than the limit; `place` is `table.column`."""
    return ConfigurationError(
        f"A cell of {source}.{place} has {f'{size} bytes, ' if size else ''}more than the limit.",
        way_out="raise `cell_limit` under the source's `options`, with the memory for it, or leave the "
        "column out.",
    )
