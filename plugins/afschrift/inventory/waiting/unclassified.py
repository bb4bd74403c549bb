"""Columns that nobody has classified yet, and how many of all have been."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table
from afschrift.inventory.waiting.unconfirmed_ways import WAYS_OF


def unclassified(table: Table) -> Iterator[str]:
    """The columns of a personal table that are not classified."""
    if table.personal:
        yield from (name for name, column in table.columns.items() if table.lacks_class(column))


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


def unconfirmed_tables(inventory: Inventory) -> list[str]:
    """`source.table` of each that only a program took for a copy, or for one without personal data."""
    return [
        f"{source.source}.{name}"
        for source in inventory.sources.values()
        for name, table in source.tables.items()
        if table.unconfirmed
    ]


def guessed_ways(inventory: Inventory) -> list[str]:
    """`source.table` of each whose way to the person a program guessed, and nobody confirmed."""
    return [
        f"{source.source}.{name}"
        for source in inventory.sources.values()
        for name, table in source.tables.items()
        if table.ways is not None
    ]


def awaited(source: str, column: Column) -> str:
    """What a person must confirm before a column counts that they did confirm; empty: nothing.

    Such as `shop.customer.customer_id, on which it rests`: by that its rows are found, or its care is known.
    """
    places = [
        f"the {WAYS_OF}{source}.{place.removeprefix(WAYS_OF)}"
        if place.startswith(WAYS_OF)
        else f"{source}.{place}"
        for place in column.awaits
    ]
    return f"{' and '.join(places)}, on which it rests" if places else ""


def share(done: int, of: int) -> str:
    """Such as `97 %`; 100 only where nothing is left."""
    return f"{100 * done // of if of else 100} %"
