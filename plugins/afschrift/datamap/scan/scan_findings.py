"""Everything that a scan finds of a source, with what its file says of ways, before it is written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from afschrift.datamap.reader import NotReachedError, StatementRunner
from afschrift.datamap.review.written_files import tables_of
from afschrift.datamap.scan.bounded import SEEN, compared
from afschrift.datamap.scan.proposal import TableRole
from afschrift.datamap.scan.schema import ScannedSource
from afschrift.datamap.scan.ways.edges import Edge, declared
from afschrift.datamap.scan.ways.guesses import (
    Polymorphic,
    by_email,
    by_role,
    candidates,
    copies,
    declared_keys,
    named_keys,
    polymorphic,
    unique_in_rows,
)
from afschrift.datamap.scan.ways.person_tables import PersonTable, find_people
from afschrift.datamap.scan.ways.table_places import TablePlace, assign, choose_people
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.nearest import did_you_mean

Say = Callable[[str], None]


@dataclass
class Findings:
    """What was found.

    Attributes:
        people: tables of people, by name.
        roots: those of the people who will ask.
        places: table -> what it is to them.
        copies: table -> the one that it repeats.
        guessed_keys: table -> column that tells its rows apart, where none is declared.
        polymorphic: pairs of columns that point to a table by row.
        notes: what could not be read or is to be looked at, in words.
        lost: the source was lost before all was read.
        looked: values were looked at.
        labels: table -> columns that seem to say which row it is.
    """

    source: ScannedSource
    people: dict[str, PersonTable]
    roots: tuple[str, ...]
    places: dict[str, TablePlace]
    copies: dict[str, str]
    guessed_keys: dict[str, str]
    polymorphic: list[Polymorphic]
    notes: list[str] = field(default_factory=list)
    lost: bool = False
    looked: bool = True
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)


NO_WAY = "cannot be written as a way, as a column there has a dot in its name: give it a view."


def find(
    reader: StatementRunner,
    source: ScannedSource,
    persons: Sequence[tuple[str, str | None]] = (),
    *,
    values: bool = True,
    say: Say = lambda _: None,
) -> Findings:
    """Whose tables these are, and by which ways.

    Args:
        reader: of the source, opened.
        source: what its catalogue says.
        persons: tables of the people who will ask, with the column of their key, where they were named.
        values: whether values of columns may be compared.
        say: takes a line on how far the work is.

    Raises:
        ConfigurationError: a table that was named is not there, or has no such column.
    """
    notes = list(source.notes)
    lost = False
    pointers = polymorphic(source)
    repeated = _repeated(source, pointers)
    parts = {name: of for name, of in repeated.items() if source.tables[name].part_of is not None}
    known = declared(source.foreign_keys, parts)
    keys = declared_keys(source)
    guessed: dict[str, str] = {}
    edges: list[Edge] = list(known)
    try:
        named = named_keys(source, keys)
        guessed = unique_in_rows(reader, named, notes) if values else named
        suggested = candidates(source, keys | guessed, known)
        if suggested and values:
            say(f"Comparing values of {len(suggested):,} columns that no foreign key speaks of.")
        edges += compared(reader, source, suggested, notes) if values else suggested
        people = _people(source, edges, persons, guessed)
        roots = choose_people(people, edges, [table for table, _ in persons])
        for root in roots:
            more = [
                *by_email(source, people, people[root], edges),
                *by_role(source, people, people[root], edges),
            ]
            seen = compared(reader, source, more, notes) if values else ()
            edges += [edge for edge in seen if edge.guess.endswith(SEEN)]
    except NotReachedError as error:
        lost = True
        notes.append(f"The source was lost before values were compared: {error.args[0]}")
        people = _people(source, edges, persons, guessed)
        roots = choose_people(people, edges, [table for table, _ in persons])
    notes += [f"{edge.text} {NO_WAY}" for edge in edges if not edge.can_be_written]
    visible = [edge for edge in edges if edge.table not in repeated and edge.parent not in repeated]
    places = assign(source, visible, people, roots)
    return Findings(source, people, roots, places, repeated, guessed, pointers, notes, lost, values)


def _repeated(source: ScannedSource, pointers: Sequence[Polymorphic]) -> dict[str, str]:
    """Copies; but each view of a table with a pointer by row shows a part, and may have a way of its own."""
    by_row = {two.table for two in pointers}
    return {
        name: of for name, of in copies(source).items() if of not in by_row or source.tables[name].part_of
    }


def _people(
    source: ScannedSource,
    edges: Sequence[Edge],
    persons: Sequence[tuple[str, str | None]],
    guessed: dict[str, str],
) -> dict[str, PersonTable]:
    """Person tables, found or named. Tables without a key are skipped."""
    found = dict(find_people(source, edges))
    for name, column in persons:
        table = source.tables.get(name)
        if table is None:
            raise ConfigurationError(
                f"The source has no table {name}.",
                remedy=f"{did_you_mean(name, source.tables)} name one of "
                f"{', '.join(list(source.tables)[:20])} after `--person`, as TABLE:KEY.",
            )
        if column is not None and table.column(column) is None:
            raise ConfigurationError(
                f"Table {name} has no column {column}.",
                remedy=f"{did_you_mean(column, (c.name for c in table.columns))} name one of "
                f"{', '.join(c.name for c in table.columns)} after `--person {name}:`.",
            )
        known = found.get(name) or PersonTable(name, None, 0, False, (), None, "named by you")
        within = known.within if column in (None, known.key) else None
        found[name] = replace(known, key=column or known.key, because="named by you", within=within)
    for name, person in list(found.items()):
        if person.key is None and name in guessed:
            found[name] = replace(person, key=guessed[name])
    chosen = {name for name, _ in persons}
    for name in chosen:
        if found[name].key is None:
            raise ConfigurationError(
                f"Table {name} has no single column that tells its people apart.",
                remedy=f"name the column: `--person {name}:COLUMN`.",
            )
    return {name: person for name, person in found.items() if person.key is not None}


Entries = Mapping[str, Mapping[str, Any]]


def written_roles(here: Mapping[str, Any], found: Findings) -> dict[str, TableRole]:
    """Table of the source -> what it is to the people, of those that lead to a person by the file alone.

    Args:
        here: content of the file; empty: there is none.
        found: by the scan.
    """
    entries, roles = tables_of(here), dict[str, TableRole]()
    for name, entry in entries.items():
        table = _table(name, entry)
        unreached = table in found.places and found.places[table].role is TableRole.UNREACHED
        if unreached and (role := _role(name, entries, found, frozenset())):
            roles[table] = role
    return roles


def role_found(found: Findings, table: str) -> TableRole:
    """What the scan took a table for; what is another kind of people's is about other people."""
    place = found.places[table]
    others = place.whose and found.places[place.whose].role is TableRole.OTHER_PEOPLE
    return TableRole.OTHER_PEOPLE if others and place.role is TableRole.CHILD else place.role


def _role(name: str, entries: Entries, found: Findings, seen: frozenset[str]) -> TableRole | None:
    """Where the ways of an entry lead; None: to no person, or a program guessed them."""
    entry = entries.get(name)
    if entry is None or name in seen:
        return None
    table = _table(name, entry)
    if table in found.places and found.places[table].role is not TableRole.UNREACHED:
        role = role_found(found, table)
        return TableRole.OTHER_PEOPLE if role is TableRole.OTHER_PEOPLE else TableRole.CHILD
    if entry.get("ways") == "guessed" or entry.get("personal") is False or entry.get("copy_of"):
        return None
    if subject := entry.get("subject"):
        others = _keys_of(TableRole.OTHER_PEOPLE, entries, found) - _keys_of(TableRole.PERSON, entries, found)
        return TableRole.OTHER_PEOPLE if set(subject) <= others else TableRole.CHILD
    joins = entry.get("join") or ()
    ends = [
        str(target).rpartition(".")[0]
        for join in (joins if isinstance(joins, list) else [joins])
        if isinstance(join, dict)
        for target in join.values()
    ]
    led = {_role(end, entries, found, seen | {name}) for end in ends}
    return next((role for role in (TableRole.CHILD, TableRole.OTHER_PEOPLE) if role in led), None)


def _keys_of(role: TableRole, entries: Entries, found: Findings) -> set[str]:
    """Identity keys of the tables of one kind of people."""
    return {
        str(key)
        for name, entry in entries.items()
        if (table := _table(name, entry)) in found.places and found.places[table].role is role
        for key in entry.get("subject") or ()
    }


def _table(name: str, entry: Mapping[str, Any]) -> str:
    return str(entry.get("table") or name)
