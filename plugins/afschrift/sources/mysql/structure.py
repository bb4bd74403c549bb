"""What a MySQL or MariaDB database says of its tables beside their columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from afschrift.domain.sources import Structure
from afschrift.sources.catalogue_rows import foreign_keys

_FOREIGN_KEYS = """
SELECT constraint_name, table_name, column_name, referenced_table_name, referenced_column_name
FROM information_schema.key_column_usage
WHERE table_schema = DATABASE() AND referenced_table_schema = DATABASE()
ORDER BY table_name, constraint_name, ordinal_position
"""
_VIEWS = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type = 'VIEW' ORDER BY table_name
"""

_HISTORY = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type = 'SYSTEM VERSIONED' ORDER BY table_name
"""


def read_structure(rows: Callable[[str], list[tuple[Any, ...]]]) -> Structure:
    """How the tables hang together, as far as the account may see them.

    Args:
        rows: runs a statement.
    """
    return Structure(
        foreign_keys(rows(_FOREIGN_KEYS)),
        views=tuple(view for (view,) in rows(_VIEWS)),
        history=tuple(table for (table,) in rows(_HISTORY)),
    )
