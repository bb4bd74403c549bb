"""Values of columns for a review: masked, or unmasked after an event in the trail."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from afschrift.datamap.reader import NotAnsweredError, StatementRunner
from afschrift.datamap.review.groups import Group, Place
from afschrift.datamap.scan.bounded import is_secret, read_samples
from afschrift.datamap.scan.schema import ScannedColumn, ScannedTable
from afschrift.domain.decision import Protect
from afschrift.domain.errors import AfschriftError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.language import gettext, ngettext
from afschrift.inventory.joins import Hop, hops
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.table import Table
from afschrift.register.register import Register
from afschrift.selection.map_entries import of_entries
from afschrift.selection.ways import WayFinder
from afschrift.sources.registry import open_declared

SHOWN = "map_samples_shown"
_TABLES, _COLUMNS, _VALUES, _LONGEST = 3, 8, 5, 60
_TIMEOUT = "20s"  # of a count, unless the source has its own


@dataclass(frozen=True)
class Values:
    """Some values of one column.

    Attributes:
        values: without NULL and empty ones; never logged or kept.
        why: the reason if there are none.
    """

    place: Place
    values: tuple[str, ...] = field(default=(), repr=False)
    why: str = ""


def samples(
    inventory: Inventory,
    group: Group,
    words: Callable[[AfschriftError], str] = lambda error: str(error.args[0]),
) -> list[Values]:
    """Read a few values of the first columns of a question, or of its tables; never those of a secret.

    Of a table also how many rows it has, and how many of one person.

    Args:
        inventory: of the question.
        group: the question.
        words: the message for a source that cannot be read.
    """
    found = []
    for place in _looked_at(inventory, group):
        if place.column is None:
            found.append(Values(place, why=_rows(inventory, place, words)))
            continue
        table = inventory.sources[place.source].tables.get(place.table, Table())
        if group.proposed.get("protect") == Protect.SECRET or _is_secret(table, place.column):
            found.append(Values(place, why=gettext("a secret is not shown")))
            continue
        try:
            values = tuple(dict.fromkeys(_read(inventory.sources[place.source], place.table, place.column)))
            none = "" if values else gettext("the rows that were read hold none")
            found.append(Values(place, values[:_VALUES], none))
        except AfschriftError as error:
            found.append(Values(place, why=words(error)))
    return found


def _looked_at(inventory: Inventory, group: Group) -> Iterator[Place]:
    """Yield the places of a question that are shown: its first columns, or the first ones of its tables."""
    shown = group.places[:_TABLES]
    tables = dict.fromkeys(Place(place.source, place.table) for place in shown if place.column)
    yield from (place for place in tables if place.table in inventory.sources[place.source].tables)
    for place in shown:
        yield place
        if place.column is None:
            table = inventory.sources[place.source].tables[place.table]
            yield from (Place(place.source, place.table, name) for name in [*table.columns][:_COLUMNS])


def _rows(inventory: Inventory, place: Place, words: Callable[[AfschriftError], str]) -> str:
    source = inventory.sources[place.source]
    options = {"statement_timeout": _TIMEOUT, **source.options}
    try:
        with StatementRunner(lambda: open_declared(source, options=options)) as reader:
            rows = reader.ask(lambda session: session.described()).rows.get(source.in_source(place.table))
            finder = WayFinder(source, inventory.identity, reader.dialect, reader.session.catalogue())
            own = _of_a_person(reader, finder, source, place.table)
    except AfschriftError as error:
        return words(error)
    silent = gettext("its database does not say how many rows")
    text = silent if rows is None else ngettext("about {number} row", "about {number} rows", rows)
    theirs = ngettext("{number} row of a sampled person", "{number} rows of a sampled person", own or 0)
    return text if own is None else f"{text}; {theirs}"


def _of_a_person(reader: StatementRunner, finder: WayFinder, source: SourceFile, table: str) -> int | None:
    """Count the rows of the person of some row, by the first way of the map; None: none leads to people."""
    chain, ways = [table], list[Hop]()
    while not source.tables[chain[-1]].subject:
        ahead = (hop for hop in hops(source, chain[-1]) if hop.parent not in chain)
        if (hop := next(ahead, None)) is None:
            return None
        ways.append(hop)
        chain.append(hop.parent)
    column = next(iter(source.tables[chain[-1]].subject.values())).column

    def joined(alias: str) -> tuple[list[str], str, str]:
        """Return the tables, the condition that joins them, and the key of the person."""
        tables = [f"{finder.relation(name)} AS {alias}{number}" for number, name in enumerate(chain)]
        equal = [
            finder.equal((chain[number], own, f"{alias}{number}"), (hop.parent, its, f"{alias}{number + 1}"))
            for number, hop in enumerate(ways)
            for own, its in hop.pairs
        ]
        key = finder.column(chain[-1], column, f"{alias}{len(ways)}")
        return tables, " AND ".join([*equal, f"{key} IS NOT NULL"]), key

    tables, equal, key = joined("t")
    others, same, any_key = joined("o")
    sampled = f"SELECT {any_key} FROM {', '.join(others)} WHERE {same} LIMIT 1"  # noqa: S608 - quoted
    theirs = f"{equal} AND {key} = ({sampled})"
    among = f"EXISTS (SELECT 1 FROM {', '.join(tables[1:])} WHERE {theirs})" if ways else theirs  # noqa: S608 - quoted
    try:
        [(number,)] = reader.rows(f"SELECT count(*) FROM {tables[0]} WHERE {among}")  # noqa: S608 - quoted
    except NotAnsweredError:
        return None
    return int(number)


def _is_secret(table: Table, column: str) -> bool:
    """Whether a column is a secret by its name; a member also by each name of its path, or its document."""
    path = table.columns[column].path if column in table.columns else ()
    document = table.columns.get(path[0]) if path else None
    if document is not None and document.protect is Protect.SECRET:
        return True
    return any(map(is_secret, (column, *(path or ()))))


def _read(source: SourceFile, table: str, column: str) -> Iterator[str]:
    with StatementRunner(lambda: open_declared(source)) as reader:
        type_ = of_entries(source, reader.session.catalogue(), reader.dialect).get(table, {}).get(column)
        if type_ is None:
            raise RefusedError("the source has no such column")
        scanned = ScannedColumn(column, type_)
        of = ScannedTable(source.in_source(table), (scanned,))
        yield from (value[:_LONGEST] for value in read_samples(reader, of, [scanned]).get(column, ()))


def masked(value: str) -> str:
    """Return only the form of a value: digits become 9, all else x, except punctuation, space and signs."""
    return "".join(_form(char) for char in value)


def _form(char: str) -> str:
    category = unicodedata.category(char)
    if category.startswith("N"):
        return "9"
    return char if category[0] in "PZ" or category in {"Sm", "Sc"} else "x"


def record_shown(register: Register, by: str, shown: Sequence[Values]) -> None:
    """Record, before values are shown, which columns and how many values; never a value."""
    columns = [column.place.path for column in shown if column.values]
    payload = {"columns": columns, "values": sum(len(column.values) for column in shown)}
    register.trail.record(None, NewEvent(SHOWN, by, payload))
