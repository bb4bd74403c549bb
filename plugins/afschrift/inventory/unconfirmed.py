"""What in the data map waits for a person: ways without confirmation, and columns without a class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from afschrift.inventory.column import Column
from afschrift.inventory.table import Table

if TYPE_CHECKING:
    from afschrift.inventory.model import Inventory

WAYS_OF = "ways of "
"""Before the name of a table whose ways were guessed, in what waits for a person."""


def resting_on_guesses(tables: Mapping[str, Table]) -> frozenset[str]:
    """Tables with a way to the person that was guessed and not confirmed: their own, or further on."""
    return frozenset(_with_joined(tables, _guessed(tables)))


def same_number(table: Table, tables: Mapping[str, Table]) -> Iterator[str]:
    """Tables whose number of a person a table bears as its own: by `subject`, and by `references` to there.

    Whether that number is the project's key is one question, at the table that it points to.
    """
    for key, link in table.subject.items():
        other, _, column = table.references.get(link.column, "").rpartition(".")
        if other in tables and key in (there := tables[other].subject) and there[key].column == column:
            yield other


def _guessed(tables: Mapping[str, Table]) -> dict[str, list[str]]:
    """Table -> those whose way was guessed: itself, or where its number of a person is from."""
    found = {name: [name] for name, table in tables.items() if table.ways is not None}
    for name, table in tables.items():
        if of := [other for other in same_number(table, tables) if tables[other].ways is not None]:
            found[name] = list(dict.fromkeys([*found.get(name, ()), *of]))
    return found


def unconfirmed_ways(tables: Mapping[str, Table]) -> dict[str, tuple[str, ...]]:
    """Tables that lead to no person yet, as they, or a table on the way, rest on a guess or a proposal.

    Nothing is decided or given by such a way: no key, no consent, no fact, no name, no column.

    Returns:
        Each of these tables, with what a person must confirm first: `table.column`, or `ways of table`
        where these were guessed.
    """
    first = {name: [f"{WAYS_OF}{guess}" for guess in of] for name, of in _guessed(tables).items()}
    for name, table in tables.items():
        used = [(name, column) for link in table.subject.values() for column in link.columns]
        for own, target in (pair for join in table.join for pair in join.items()):
            other, _, column = target.rpartition(".")
            used += [(name, own), (other, column)]
        for other, column in used:
            if other in tables and tables[other].waits(column):
                described = tables[other].columns.get(column)
                places = described.awaits if described is not None else ()
                first.setdefault(name, []).extend(places or (f"{other}.{column}",))
    return _with_joined(tables, first)


def _with_joined(tables: Mapping[str, Table], first: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """Some tables and each that is joined to one of them, with what each of them rests on."""
    joined: dict[str, list[str]] = {}
    for name, table in tables.items():
        for target in (to for join in table.join for to in join.values()):
            joined.setdefault(target.rpartition(".")[0], []).append(name)
    found = {name: dict.fromkeys(places) for name, places in first.items()}
    waiting = list(found)
    while waiting:
        parent = waiting.pop()
        for name in joined.get(parent, ()):
            own = found.setdefault(name, {})
            if more := found[parent].keys() - own.keys():
                own |= {place: None for place in found[parent] if place in more}
                waiting.append(name)
    return {name: tuple(places) for name, places in found.items()}


def set_back(column: Column, awaits: tuple[str, ...]) -> Column:
    """A column whose rows may be another person's: whatever was said of it is a proposal."""
    return column if column.proposal is not None else column.set_aside(awaits)


def unclassified(table: Table) -> Iterator[str]:
    """The columns of a personal table that are not classified."""
    if table.personal:
        yield from (name for name, column in table.columns.items() if table.lacks_class(column))


def progress(inventory: Inventory) -> tuple[int, list[str]]:
    """How many columns of personal tables the inventory has, and which are not classified yet.

    Returns:
        The number of columns; `source.table.column` of each that is not classified, in the files' order.
    """
    tables = [(path, table) for path, table in inventory.tables() if table.personal]
    left = [f"{path}.{column}" for path, table in tables for column in unclassified(table)]
    return sum(len(table.columns) for _, table in tables), left


def unconfirmed_tables(inventory: Inventory) -> list[str]:
    """`source.table` of each that only a program took for a copy, or for one without personal data."""
    return [path for path, table in inventory.tables() if table.unconfirmed]


def guessed_ways(inventory: Inventory) -> list[str]:
    """`source.table` of each whose way to the person a program guessed and no person confirmed."""
    return [path for path, table in inventory.tables() if table.ways is not None]


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
