"""What is not confirmed in the data map: guessed ways, and columns without a classification."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from afschrift.inventory.column import Column
from afschrift.inventory.table import Table

if TYPE_CHECKING:
    from afschrift.inventory.model import Inventory

WAYS_OF = "ways of "
"""Prefix of a table whose ways were guessed, in lists of what must be confirmed."""


def resting_on_guesses(tables: Mapping[str, Table]) -> frozenset[str]:
    """Return the tables whose way to the person, or a later part of it, is guessed and not confirmed."""
    return frozenset(_with_joined(tables, _guessed(tables)))


def unreached(tables: Mapping[str, Table], keys: Collection[str]) -> frozenset[str]:
    """Return the tables whose ways lead only to other keys of people; none if no table has one of `keys`."""
    reached = {name for name, table in tables.items() if any(key in table.subject for key in keys)}
    if not reached:
        return frozenset()
    while more := {name for name, table in tables.items() if _ends(table) & reached} - reached:
        reached |= more
    return frozenset({name for name, table in tables.items() if table.subject or table.join} - reached)


def _ends(table: Table) -> set[str]:
    return {end.rpartition(".")[0] for join in table.join for end in join.values()}


def same_number(table: Table, tables: Mapping[str, Table]) -> Iterator[str]:
    """Yield tables whose key of a person this table has too: by `subject`, and by `references` to them.

    Whether that key is the identity key is confirmed once, at the table that it points to.
    """
    for key, link in table.subject.items():
        other, _, column = table.references.get(link.column, "").rpartition(".")
        if other in tables and key in (there := tables[other].subject) and there[key].column == column:
            yield other


def _guessed(tables: Mapping[str, Table]) -> dict[str, list[str]]:
    """Return table -> tables whose guessed way it depends on: itself, or the one its key is from."""
    found = {name: [name] for name, table in tables.items() if table.ways == "guessed"}
    for name, table in tables.items():
        if of := [other for other in same_number(table, tables) if tables[other].ways == "guessed"]:
            found[name] = list(dict.fromkeys([*found.get(name, ()), *of]))
    return found


def unconfirmed_ways(tables: Mapping[str, Table]) -> dict[str, tuple[str, ...]]:
    """Return the tables whose way to the person depends on a guess or a proposal, here or further on.

    Nothing is decided or given by such a way: no key, no consent, no fact, no name, no column.

    Returns:
        Table -> what must be confirmed first: `table.column`, or `ways of table` if these were guessed.
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
    """Return tables and all that are joined to them, with what each of them depends on."""
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
    """Make a column whose rows may be another person's a proposal, whatever its words are."""
    return column if column.proposal is not None else column.set_aside(awaits)


def unclassified(table: Table) -> Iterator[str]:
    """Yield the columns of a personal table that are not classified."""
    if table.personal:
        yield from (name for name, column in table.columns.items() if table.lacks_class(column))


def progress(inventory: Inventory) -> tuple[int, list[str]]:
    """Return the number of columns of personal tables, and `source.table.column` of those not classified."""
    tables = [(path, table) for path, table in inventory.tables() if table.personal]
    left = [f"{path}.{column}" for path, table in tables for column in unclassified(table)]
    return sum(len(table.columns) for _, table in tables), left


def unconfirmed_tables(inventory: Inventory) -> list[str]:
    """Return `source.table` of each table that is only proposed as a copy or as not personal."""
    return [path for path, table in inventory.tables() if table.unconfirmed]


def asked_tables(inventory: Inventory) -> list[str]:
    """Return `source.table` of each table of which a person is asked whose its rows are."""
    return [path for path, table in inventory.tables() if table.asked]


def asked_lines(inventory: Inventory) -> Iterator[str]:
    """Yield a line for each table that is asked about, and for each possible way."""
    for path, table in inventory.tables():
        if table.asked:
            yield (
                f"{path} is asked about, as no scan can say whose its rows are (`ways: asked`): each request "
                "stops there until the file gives it `subject`, `join` or `personal: false`"
            )
            for way in table.possible:
                words, ends = ("subject", way.subject) if way.subject else ("join", way.join)
                text = ", ".join(f"{own}: {to}" for own, to in ends.items())
                yield f"  possible: `{words}: {{{text}}}`, as {way.because}"


def guessed_ways(inventory: Inventory) -> list[str]:
    """Return `source.table` of each table whose way to the person is guessed and not confirmed."""
    return [path for path, table in inventory.tables() if table.ways == "guessed"]


def awaited(source: str, column: Column) -> str:
    """Return in words what must be confirmed before a confirmed column applies; empty: nothing.

    Such as `shop.customer.customer_id, on which it rests`: it finds the rows, or protects the values.
    """
    places = [
        f"the {WAYS_OF}{source}.{place.removeprefix(WAYS_OF)}"
        if place.startswith(WAYS_OF)
        else f"{source}.{place}"
        for place in column.awaits
    ]
    return f"{' and '.join(places)}, on which it rests" if places else ""


def share(done: int, of: int) -> str:
    """Return a percentage such as `97 %`; rounded down, so 100 only if nothing is left."""
    return f"{100 * done // of if of else 100} %"
