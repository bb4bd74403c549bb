"""Everything that a scan finds of a source, with what its file says of ways, before it is written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from afschrift.datamap.matching.people_keys import PeopleElsewhere
from afschrift.datamap.reader import NotAnsweredError, NotReachedError, StatementRunner
from afschrift.datamap.review.written_files import tables_of
from afschrift.datamap.scan.bounded import read_samples, sampled
from afschrift.datamap.scan.schema import ScannedSource
from afschrift.datamap.scan.table_context import TableRole
from afschrift.datamap.scan.ways.by_values import ColumnValues, OpenTable, possible_ways, same_people
from afschrift.datamap.scan.ways.edges import Edge, clear, declared, target
from afschrift.datamap.scan.ways.guesses import (
    Polymorphic,
    by_email,
    by_role,
    candidates,
    copies,
    declared_keys,
    named_keys,
    polymorphic,
)
from afschrift.datamap.scan.ways.person_shapes import PersonShape, shape_of
from afschrift.datamap.scan.ways.person_tables import PersonTable, find_people
from afschrift.datamap.scan.ways.table_places import TablePlace, assign, choose_people
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.nearest import did_you_mean
from afschrift.domain.notation import count
from afschrift.domain.value_kind import ValueKind

Say = Callable[[str], None]
ReadOthers = Callable[[str], PeopleElsewhere]


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
        keys_by_values: tables whose guessed key no name suggests.
        open: tables that no way reaches, and that may be of people nevertheless.
        shared: tables with rows to which several people's rows point, so that they are no one's own.
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
    open: dict[str, OpenTable] = field(default_factory=dict)
    keys_by_values: Collection[str] = ()
    shared: Collection[str] = ()


NO_WAY = "cannot be written as a way, as a column there has a dot in its name: give it a view."


def find(
    reader: StatementRunner,
    source: ScannedSource,
    persons: Sequence[tuple[str, str | None]] = (),
    *,
    values: bool = True,
    say: Say = lambda _: None,
    others: ReadOthers = lambda _: PeopleElsewhere(),
) -> Findings:
    """Whose tables these are, and by which ways.

    Args:
        reader: of the source, opened.
        source: what its catalogue says.
        persons: tables of the people who will ask, with the column of their key, where they were named.
        values: whether values of columns may be compared.
        say: takes a line on how far the work is.
        others: reads the keys of people of other sources, by the salt of the pass.

    Raises:
        ConfigurationError: a table that was named is not there, or has no such column.
    """
    notes = list(source.notes)
    pointers = polymorphic(source)
    repeated = _repeated(source, pointers)
    parts = {name: of for name, of in repeated.items() if source.tables[name].part_of is not None}
    known = declared(source.foreign_keys, parts)
    keys = declared_keys(source)
    seen = ColumnValues(source, by_row={two.table: two.id_column for two in pointers})
    shapes, lost = dict[str, PersonShape](), False
    if values:
        say(f"Comparing the values of {count(len(source.tables), 'table')}.")
        likely = {*find_people(source, known), *(table for table, _ in persons)}
        shapes, lost = _compared(reader, seen, repeated, likely, notes)
    named = named_keys(source, keys)
    guessed = named if not seen.samples else {t: c for t, c in named.items() if seen.unique(t, c)}
    proven = list(seen.proven({(edge.table, column) for edge in known for column in edge.columns}))
    guessed |= _pointed_to(source, keys | guessed, proven)
    edges = [*known, *_agreeing(seen, candidates(source, keys | guessed, known), looked=bool(seen.samples))]
    edges += [edge for edge in proven if (keys | guessed).get(edge.parent) == edge.parent_columns[0]]
    people = _people(seen, edges, persons, guessed, _shaped(shapes, seen, keys | guessed, proven))
    edges += [edge for edge in proven if edge.parent in people]
    by_people = {name: str(person.key) for name, person in people.items() if not source.tables[name].key}
    guessed = {name: key for name, key in by_people.items() if seen.unique(name, key)} | guessed
    roots = choose_people(people, edges, [table for table, _ in persons])
    for root in roots if seen.samples else ():
        of = (source, people, people[root], edges)
        edges += _agreeing(seen, [*by_email(*of), *by_role(*of)], looked=True, strict=True)
    edges = list(clear(_once(edges), {*proven}, {name: person.key for name, person in people.items()}))
    notes += [f"{edge.text} {NO_WAY}" for edge in edges if not edge.can_be_written]
    visible = [edge for edge in edges if edge.table not in repeated and edge.parent not in repeated]
    places = assign(source, visible, people, roots)
    shared = set(_shared(reader, places, roots)) if seen.samples and not lost else set()
    for name in shared:
        places[name].role = TableRole.LOOKUP
    elsewhere = others(seen.salt) if seen.samples else PeopleElsewhere()
    notes += [f"Nothing was compared with {place}: {why}" for place, why in elsewhere.missed.items()]
    still_open = _open(seen, places, repeated, roots, people, elsewhere)
    found = Findings(source, people, roots, places, repeated, guessed, pointers, notes, lost, values)
    return replace(found, open=still_open, keys_by_values=guessed.keys() - named.keys(), shared=shared)


_PAIRS = 20_000
_SEVERAL = 10  # people to a row, on average: a home has fewer, one after the other


def _open(
    seen: ColumnValues,
    places: Mapping[str, TablePlace],
    repeated: Mapping[str, str],
    roots: Sequence[str],
    people: Mapping[str, PersonTable],
    elsewhere: PeopleElsewhere,
) -> dict[str, OpenTable]:
    """Return the tables that may be of people who ask although no way says so."""
    unreached = [n for n, p in places.items() if p.role is TableRole.UNREACHED and n not in repeated]
    near = [n for n, p in places.items() if p.ways and p.role is not TableRole.LOOKUP]  # no one's: articles
    near.sort(key=lambda name: places[name].distance)
    known = list(dict.fromkeys([*roots, *people]))
    near = [name for name in near if name not in people]
    found = dict(possible_ways(seen, unreached, known, near, elsewhere))
    others = [name for name, place in places.items() if place.role is TableRole.OTHER_PEOPLE]
    by_name = {name: tuple(same_people(seen, people, name, roots)) for name in others}
    return found | {name: OpenTable(ways) for name, ways in by_name.items() if ways}


def _shared(
    reader: StatementRunner, places: Mapping[str, TablePlace], people: Collection[str]
) -> Iterator[str]:
    """Yield tables to each of whose rows, in some rows of people, several of them point."""
    for name, place in places.items():
        if name in people or not place.ways or any(way.table == name for way in place.ways):
            continue
        [way, *_] = place.ways
        own = [edge.columns[0] for edge in places[way.table].ways if edge.parent in people]
        if way.table in people or not own:
            continue
        person, to = map(reader.dialect.quote, (own[0], way.columns[0]))
        relation = reader.dialect.relation(way.table)
        rows = f"SELECT {person} AS p, {to} AS v FROM {relation} WHERE {to} IS NOT NULL LIMIT {_PAIRS}"  # noqa: S608 - quoted
        try:
            counted = f"SELECT count(DISTINCT t.p), count(DISTINCT t.v) FROM ({rows}) AS t"  # noqa: S608 - quoted
            [(whose, values)] = reader.rows(counted)
        except NotAnsweredError:
            continue
        if int(whose) > _SEVERAL * int(values) > 0:
            yield name


def _compared(
    reader: StatementRunner,
    seen: ColumnValues,
    repeated: Collection[str],
    likely: Collection[str],
    notes: list[str],
) -> tuple[dict[str, PersonShape], bool]:
    """Read sketches, and what forms of values say of people; also return whether the source was lost."""
    shapes: dict[str, PersonShape] = {}
    try:
        seen.read_samples(reader, repeated)
        shapes = _shapes(reader, seen, notes)
        seen.read_keys(reader, {*likely, *shapes})
    except NotReachedError as error:
        notes.append(f"The connection was lost before values were compared: {error.args[0]}")
        return shapes, True
    return shapes, False


def _agreeing(
    seen: ColumnValues, edges: Sequence[Edge], *, looked: bool, strict: bool = False
) -> Iterator[Edge]:
    """Yield guesses that values do not contradict, with the evidence.

    Args:
        seen: sketches of the columns.
        edges: that names suggest.
        looked: values were compared at all.
        strict: only those of which values speak.
    """
    for edge in edges:
        match = seen.match(edge) if looked else None
        if match is not None and match.alike:
            yield replace(edge, guess=f"{edge.guess}; {match.words(target(edge), alone=False)}")
        elif (match is None or not match.values) and not strict:
            why = "values were not compared" if match is None else "there is no value to compare"
            yield replace(edge, guess=f"{edge.guess}; {why}" if looked else edge.guess)


def _once(edges: Sequence[Edge]) -> list[Edge]:
    """Each pointer once: declared, else by its name, else by its values."""
    found: dict[str, Edge] = {}
    for edge in edges:
        found.setdefault(edge.text, edge)
    return list(found.values())


def _pointed_to(source: ScannedSource, keys: Mapping[str, str], proven: Sequence[Edge]) -> dict[str, str]:
    """Return table without a key -> the column to whose values most tables point."""
    found: dict[str, str] = {}
    for name, table in source.tables.items():
        to = Counter(
            column for column, _ in {(e.parent_columns[0], e.table) for e in proven if e.parent == name}
        )
        if to and name not in keys and not table.key:
            order = {column.name: number for number, column in enumerate(table.columns)}
            found[name] = min(to, key=lambda column: (-to[column], order[column]))
    return found


def _shapes(reader: StatementRunner, seen: ColumnValues, notes: list[str]) -> dict[str, PersonShape]:
    """Return what forms of values say of people, of each table that may be one of them."""
    found: dict[str, PersonShape] = {}
    for name in seen.samples:
        table = seen.source.tables[name]
        columns = [column for column in sampled(table) if column.type.kind in _OF_PEOPLE]
        if not seen.unique_columns(name) or len(columns) < 2:
            continue
        try:
            shape = shape_of(read_samples(reader, table, columns))
        except NotReachedError:
            raise
        except NotAnsweredError as error:
            notes.append(f"No value of {name} was read: {error.args[0]}")
            continue
        if shape is not None:
            found[name] = shape
    return found


_OF_PEOPLE = (ValueKind.TEXT, ValueKind.DATE, ValueKind.DATETIME, ValueKind.INSTANT)


def _shaped(
    shapes: Mapping[str, PersonShape], seen: ColumnValues, keys: Mapping[str, str], proven: Sequence[Edge]
) -> dict[str, PersonTable]:
    """Return tables of people by the forms of their values, and by the values that point to them."""
    found = {}
    for name, shape in shapes.items():
        key = keys.get(name) or next(iter(seen.unique_columns(name)))
        pointing = {edge.table for edge in proven if (edge.parent, edge.parent_columns[0]) == (name, key)}
        if person := shape.person(name, key, len(pointing)):
            found[name] = person
    return found


def _repeated(source: ScannedSource, pointers: Sequence[Polymorphic]) -> dict[str, str]:
    """Copies; but each view of a table with a pointer by row shows a part, and may have a way of its own."""
    by_row = {two.table for two in pointers}
    return {
        name: of for name, of in copies(source).items() if of not in by_row or source.tables[name].part_of
    }


def _people(
    seen: ColumnValues,
    edges: Sequence[Edge],
    persons: Sequence[tuple[str, str | None]],
    guessed: Mapping[str, str],
    shaped: Mapping[str, PersonTable],
) -> dict[str, PersonTable]:
    """Person tables, found or named. Tables without a key are skipped."""
    source = seen.source
    found = {**shaped, **find_people(source, edges)}
    for name, person in found.items():
        key = person.key or guessed.get(name) or (next(iter(seen.unique_columns(name)), None))
        found[name] = replace(person, key=key, rows=seen.rows(name))
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
    if entry.get("ways") or entry.get("personal") is False or entry.get("copy_of"):
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
