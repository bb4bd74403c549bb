"""Reads what the sources hold under a request's keys before its identity is confirmed (R10, R12).

Only columns that the inventory marks with `identifies` are read, of rows with a key as it was typed. No key
is followed to another key, no table is joined and no other column is selected.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from afschrift.domain.errors import ConfigurationError, NeedsPersonError, RetriableError
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source, SourceFactory
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.selection.statements import render
from afschrift.selection.ways import WayFinder

MOST = 5
"""Most rows of a table to read: a person has one, and perhaps a few former ones."""
DOWN, UNREADABLE = "down", "unreadable"
_LONGEST = 300


class FoundRow(msgspec.Struct, frozen=True):
    """A row. `by`: names of the typed keys that it holds; `values`: in the order of the table's columns."""

    by: list[str]
    values: list[str | None]


class FoundTable(msgspec.Struct, frozen=True):
    """Rows found in a table. Stored by the register, so names of fields are data.

    Attributes:
        columns: titles, or names of columns without a title.
        keys: names of the typed keys that the table has.
        count: number of rows with one of them; at most `MOST` are in `rows`.
        fault: `down` or `unreadable`; empty: it was read.
    """

    source: str
    table: str
    title: str
    columns: list[str]
    keys: list[str]
    rows: list[FoundRow] = []
    count: int = 0
    fault: str = ""


@dataclass(frozen=True)
class IdentifyingTable:
    """A table with marked columns and with one of the typed keys."""

    source: str
    table: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]


def marks_any(inventory: Inventory) -> bool:
    """Whether the inventory marks any column."""
    return any(
        column.identifies
        for source in inventory.sources.values()
        for table in source.tables.values()
        for column in table.columns.values()
    )


def identifying_tables(inventory: Inventory, names: Collection[str]) -> Iterator[IdentifyingTable]:
    """The tables to search for keys of these names."""
    for source in inventory.sources.values():
        for name, table in source.tables.items():
            columns = tuple(c for c, described in table.columns.items() if described.identifies)
            keys = tuple(key for key in table.subject if key in names)
            if columns and keys and source.may_follow(name):
                yield IdentifyingTable(source.source, name, columns, keys)


def find(
    inventory: Inventory, open_source: SourceFactory, sql: Path, request: str, keys: Sequence[Key], at: str
) -> list[FoundTable]:
    """Search every such table. One that cannot be read is reported, and the others are read all the same.

    Args:
        inventory: the data map.
        open_source: opens a read-only session.
        sql: folder of the templates.
        request: its id, by which a database's own log names the session.
        keys: as they were typed.
        at: RFC 3339 instant of the receipt: a key that passes on leads to who had it then.
    """
    found: list[FoundTable] = []
    for table in identifying_tables(inventory, {key.name for key in keys}):
        try:  # each table in its own session: after an error a session cannot be used any more
            with open_source(table.source, request) as session:
                session.bind(keys, at)
                found.append(_table(inventory, session, sql, table))
        except RetriableError:
            found.append(replace(_described(inventory, table), fault=DOWN))
        except (ConfigurationError, NeedsPersonError):
            found.append(replace(_described(inventory, table), fault=UNREADABLE))
    return found


def statement(
    inventory: Inventory, session: Source, sql: Path, table: IdentifyingTable, *, counted: bool
) -> str:
    """The statement for a table; `counted`: for the number of its rows.

    Its rows: 1 or 0 for each key, then each column as text.

    Raises:
        ConfigurationError, NeedsPersonError: table or column is not there, or may not be read.
    """
    source = inventory.sources[table.source]
    dialect = session.dialect
    finder = WayFinder(source, inventory.identity, dialect, session.catalogue())
    columns = [dialect.text(finder.column(table.table, name)) for name in table.columns]
    first = len(table.keys) + 1  # columns by their place
    return render(
        sql,
        "identifying.sql",
        relation=finder.relation(table.table),
        keys=dialect.keys,
        links=[_link(finder, source, session, table.table, key) for key in table.keys],
        columns=columns,
        order=[str(first + number) for number in range(len(columns))],
        most=MOST,
        counted=counted,
    )


def _link(
    finder: WayFinder, source: SourceFile, session: Source, table: str, key: str
) -> dict[str, str | None]:
    link = source.tables[table].subject[key]
    bounds = (
        session.dialect.bound(finder.instant(table, column)) if column else None
        for column in (link.valid_from, link.valid_to)
    )
    since, until = bounds
    holds = finder.holds(table, key)
    return {"key": session.dialect.literal(key), "holds": holds, "from": since, "to": until}


def _table(inventory: Inventory, session: Source, sql: Path, table: IdentifyingTable) -> FoundTable:
    rows = session.rows(statement(inventory, session, sql, table, counted=False))
    count = len(rows)
    if count == MOST:
        [(count,)] = session.rows(statement(inventory, session, sql, table, counted=True))
    keys = len(table.keys)
    found = [
        FoundRow(
            [name for name, bears in zip(table.keys, row, strict=False) if bears],
            [None if value is None else str(value)[:_LONGEST] for value in row[keys:]],
        )
        for row in rows
    ]
    return replace(_described(inventory, table), rows=found, count=int(count))


def _described(inventory: Inventory, place: IdentifyingTable) -> FoundTable:
    """The result for a table before its rows are read."""
    table = inventory.sources[place.source].tables[place.table]
    titles = {name: table.columns[name].title for name in place.columns}
    words = [title.get("en") if title else name for name, title in titles.items()]
    title = table.title.get("en") if table.title else f"{place.source}.{place.table}"
    return FoundTable(place.source, place.table, title, words, list(place.keys))
