"""Propose for each column of a scanned source: read samples, call `propose`, and choose labels of tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from statistics import median

from afschrift.datamap.reader import NotAnsweredError, NotReachedError, StatementRunner
from afschrift.datamap.scan.bounded import read_samples, sampled
from afschrift.datamap.scan.concepts import vocabulary
from afschrift.datamap.scan.evidence import TextSample
from afschrift.datamap.scan.explained import rule_of
from afschrift.datamap.scan.proposal import ColumnProposal, Surroundings, propose
from afschrift.datamap.scan.scan_findings import Findings, role_found
from afschrift.datamap.scan.schema import ScannedColumn, ScannedTable
from afschrift.datamap.scan.table_context import TableRole
from afschrift.domain.name_parts import flat, singulars
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin

_EVERY = 10.0
"""Seconds between two lines on progress."""

Proposals = Mapping[str, Mapping[str, ColumnProposal]]
"""Table -> column -> proposal."""


def propose_columns(
    reader: StatementRunner,
    found: Findings,
    region: str,
    *,
    values: bool,
    say: Callable[[str], None],
    written: Mapping[str, TableRole] | None = None,
) -> Proposals:
    """Propose for the columns of every table that is no copy.

    Args:
        reader: of the source, opened.
        found: by the scan; gets notes on what cannot be read, and the labels of tables.
        region: country of telephone numbers without a country code.
        values: whether values may be read.
        say: takes a line on progress.
        written: roles of tables to which only a hand-written way leads.
    """
    tables = [table for name, table in found.source.tables.items() if name not in found.copies]
    tables.sort(key=lambda table: table.name not in found.people)  # their numbers first
    values, reported = values and not found.lost, time.monotonic()
    proposals: dict[str, dict[str, ColumnProposal]] = {}
    lists = _lists(found)
    for number, table in enumerate(tables):
        samples: dict[str, TextSample] = {}
        if values:
            try:
                samples = dict(_samples(reader, table, region))
            except NotReachedError as error:
                values, found.lost = False, True
                found.notes.append(
                    f"The connection was lost after {number} of {len(tables)} tables, and no value of the "
                    f"others was read: {error.args[0]}"
                )
            except NotAnsweredError as error:
                found.notes.append(f"No value of {table.name} was read: {error.args[0]}")
        role = (written or {}).get(table.name) or role_found(found, table.name)
        around = Surroundings(_people(found, table.name), shared=table.name in found.shared)
        numbers = _numbers(found, table, proposals)
        names = [column.name for column in table.columns]
        proposals[table.name] = {
            column.name: replace(
                propose(
                    table,
                    replace(column, points_to=lists.get((table.name, column.name), "")),
                    role,
                    samples.get(column.name),
                    replace(around, number=numbers.get(column.name)),
                ),
                explains=rule_of(column.name, samples.get(column.name, TextSample(())).values, names),
            )
            for column in table.columns
        }
        found.labels[table.name] = label_columns(found, table, proposals[table.name], samples)
        if time.monotonic() - reported > _EVERY:
            reported = time.monotonic()
            say(f"Looked at {number + 1:,} of {len(tables):,} tables.")
    _name_look_ups(found, tables, proposals, lists)
    return proposals


def _numbers(found: Findings, table: ScannedTable, proposals: Proposals) -> dict[str, ColumnProposal]:
    """Return the columns that hold a number of people, with what their own table says of that number."""
    return {
        way.columns[0]: proposals[way.parent][way.parent_columns[0]]
        for way in found.places[table.name].ways
        if way.table == table.name and way.parent in found.people and way.parent in proposals
    }


def _name_look_ups(
    found: Findings,
    tables: Sequence[ScannedTable],
    proposals: dict[str, dict[str, ColumnProposal]],
    lists: Mapping[tuple[str, str], str],
) -> None:
    """Label the look-ups, the farthest first, and propose what names their rows."""
    look_ups = [table for table in tables if found.places[table.name].role is TableRole.LOOKUP]
    look_ups.sort(key=lambda table: found.places[table.name].distance)
    for table in reversed(look_ups):  # the farthest first: a copy of a film is called as the film is
        named = (c.name for c in table.columns if found.labels.get(lists.get((table.name, c.name), "")))
        found.labels[table.name] = found.labels[table.name] or tuple(islice(named, 1))
    for table in look_ups:
        proposals[table.name] |= _named_rows(found, table, proposals, lists)


def _named_rows(
    found: Findings,
    table: ScannedTable,
    proposals: Proposals,
    lists: Mapping[tuple[str, str], str],
) -> Iterator[tuple[str, ColumnProposal]]:
    """Yield columns that say which row of a look-up it is, with the proposal that what points there has.

    They are its key, its label, and its pointers to look-ups with a label; the rest is a catalogue.
    """
    name = table.name
    around = _pointer(found, name, proposals)
    which = {*table.key, found.guessed_keys.get(name), *found.labels[name]}
    named = found.labels[name] or any(found.labels.get(lists.get((name, c.name), "")) for c in table.columns)
    for column in table.columns if around and named else ():  # a file of bare numbers tells nothing
        points = found.labels.get(lists.get((name, column.name), ""))
        if (column.name in which or points) and proposals[name][column.name].origin is Origin.NOT_PERSONAL:
            proposal = propose(table, column, TableRole.LOOKUP, None, around)
            yield column.name, replace(proposal, explains=proposals[name][column.name].explains)


def _people(found: Findings, table: str) -> tuple[str, ...]:
    whose = found.places[table].whose
    return (whose, found.people[whose].key or whose) if whose else ()


def _pointer(found: Findings, table: str, proposals: Proposals) -> Surroundings | None:
    """What points to a look-up; None: nothing of the people who ask, or the pointers are its own catalogue.

    Where they mean different things, it is left open.
    """
    ways = [way for way in found.places[table].ways if way.table in proposals]
    named = [proposals[way.table][column] for way in ways for column in way.columns]
    theirs = found.places[found.places[table].whose].role is TableRole.PERSON
    if not named or not theirs or {proposal.origin for proposal in named} == {Origin.NOT_PERSONAL}:
        return None
    first = named[0]
    if len({(proposal.origin, proposal.category) for proposal in named}) > 1:
        first = replace(first, origin=None, category=None)
    shared = table in found.shared
    pointed_from = ", ".join(f"{way.table}.{column}" for way in ways for column in way.columns)
    return Surroundings(pointer=first, pointed_from=pointed_from, shared=shared)


def _lists(found: Findings) -> dict[tuple[str, str], str]:
    """Return table and column of each pointer to a look-up table -> that table."""
    keys = [(key.table, key.columns, key.parent) for key in found.source.foreign_keys]
    ways = [(way.table, way.columns, name) for name, place in found.places.items() for way in place.ways]
    return {
        (table, columns[0]): to
        for table, columns, to in (*keys, *ways)
        if len(columns) == 1 and to in found.places and found.places[to].role is TableRole.LOOKUP
    }


def _samples(reader: StatementRunner, table: ScannedTable, region: str) -> Iterator[tuple[str, TextSample]]:
    """Yield column and its values with repetitions, without NULL and empty ones: few values are evidence."""
    columns = sampled(table)
    if not columns:
        return
    for column, texts in read_samples(reader, table, columns).items():
        yield column, TextSample(tuple(text for text in texts if text.strip()), region)


NAMES = ("name", "title", "label", "subject", "description")
"""Words of the vocabulary at the end of a column that names its row, the most likely first."""

_BESIDE = frozenset({"full", "long", "official", "public", "volledige"})
"""Words before them that change nothing."""

_ORGANISATION = ("companyname", "bedrijfsnaam", "organisationname", "organizationname", "firmanaam")

_DIFFERENT = 0.9  # least share of different values: a column of few values does not distinguish rows
_LONGEST = 60  # most characters of the median value: longer ones are texts, not names


def label_columns(
    found: Findings,
    table: ScannedTable,
    proposals: Mapping[str, ColumnProposal],
    samples: Mapping[str, TextSample],
) -> tuple[str, ...]:
    """Return the columns of a table's `label`; none if no other table points to it, or no column is a name.

    Tables of people who make requests get none: their own name next to each of their numbers is useless.
    """
    role = found.places[table.name].role
    if role in (TableRole.PERSON, TableRole.UNREACHED) or not _is_pointed_to(found, table.name):
        return ()
    key = table.key or tuple(filter(None, [found.guessed_keys.get(table.name)]))
    open_to_all = {
        column.name: column
        for column in table.columns
        if column.name not in key and column.type.kind is ValueKind.TEXT and not proposals[column.name].secret
    }
    if not key:
        return ()
    organisation = any(flat(name) in _ORGANISATION for name in open_to_all)  # it comes before whom to ask for
    if (people := found.people.get(table.name)) and people.names and not organisation:
        return people.names if set(people.names) <= open_to_all.keys() else ()
    ranked = sorted(_ranked(table, list(open_to_all.values())))
    return next(((name,) for _, _, name in ranked if _tells_apart(samples.get(name))), ())


def _is_short_for(word: str, whole: Iterable[str]) -> bool:
    """Whether a word has the letters of one of the others in their order: `dept` of `department`."""

    def letters_of(name: str) -> bool:
        rest = iter(name)
        return word[0] == name[0] and all(letter in rest for letter in word)

    return len(word) > 2 and any(letters_of(name) for name in whole if name)


def _is_pointed_to(found: Findings, table: str) -> bool:
    places = found.places.values()
    edges = [edge for place in places for edge in (*place.ways, *place.longer, *place.others)]
    return table in {edge.parent for edge in edges} | {key.parent for key in found.source.foreign_keys}


def _ranked(table: ScannedTable, columns: list[ScannedColumn]) -> Iterator[tuple[int, int, str]]:
    """Yield columns whose name suggests a name of the row, with their rank: `name`, `film_title`, `city`."""
    lexicon = vocabulary().lexicon
    own = {*lexicon.words_of(table.name), *singulars(table.name)}
    for number, column in enumerate(columns):
        words = lexicon.words_of(column.name)
        if flat(column.name) in (*singulars(table.name), *_ORGANISATION):
            yield len(NAMES), number, column.name
        elif (
            words
            and words[-1] in NAMES
            and all(word in own | _BESIDE or _is_short_for(word, own) for word in words[:-1])
        ):
            yield NAMES.index(words[-1]), number, column.name


def _tells_apart(sample: TextSample | None) -> bool:
    """Whether values look like names of rows; without values the column's name decides."""
    if sample is None or not sample.values:
        return True
    different = len(set(sample.values)) >= _DIFFERENT * len(sample.values)
    return different and median(map(len, sample.values)) <= _LONGEST
