"""Columns that nobody has classified yet, and how many of all have been."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.domain.decision import Protect
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table


def unclassified(table: Table) -> Iterator[str]:
    """Columns of a table without an origin of their own or by row: a request that meets one asks (R18).

    A secret needs none: its value never leaves.
    """
    if table.personal and table.origin is None:
        for name, column in table.columns.items():
            if column.origin is None and column.protect is not Protect.SECRET:
                yield name


def progress(inventory: Inventory) -> tuple[int, list[str]]:
    """How many columns of personal tables the inventory has, and which are not classified yet.

    Returns:
        The number of columns; `source.table.column` of each that is not classified, in the files' order.
    """
    tables = [
        (f"{source.source}.{name}", table)
        for source in inventory.sources.values()
        for name, table in source.tables.items()
        if table.personal
    ]
    left = [f"{path}.{column}" for path, table in tables for column in unclassified(table)]
    return sum(len(table.columns) for _, table in tables), left


def share(done: int, of: int) -> str:
    """Such as `97 %`; 100 only where nothing is left."""
    return f"{100 * done // of if of else 100} %"
