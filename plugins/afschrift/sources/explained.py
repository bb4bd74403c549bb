"""What all databases' EXPLAIN have in common: a tree of nodes, and tables by their aliases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from afschrift.sources.table_errors import unquoted

_NAME = r'(?:"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])'
_ALIASED = re.compile(rf"({_NAME}(?:\.{_NAME})*)(?: FOR SYSTEM_TIME ALL)? AS (t\w*)\b")


def by_alias(statement: str) -> dict[str, str]:
    """Alias -> table, of a statement of `include/sql/`; the key table has another alias."""
    return {alias: unquoted(name) for name, alias in _ALIASED.findall(statement)}


def nodes(found: Any) -> Iterator[dict[str, Any]]:
    """All objects of a JSON document, the outer before the inner."""
    if isinstance(found, dict):
        yield found
        found = list(found.values())
    if isinstance(found, list):
        for part in found:
            yield from nodes(part)
