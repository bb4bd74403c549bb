"""Which column says in words which row it is, for a table that others point to: a name, a title.

By what its name means in Dutch or English and by the form of its values; a guess, that a person confirms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from afschrift.datamap.scan.concepts import vocabulary
from afschrift.datamap.scan.proposal import ColumnProposal, TableRole
from afschrift.datamap.scan.sample import TextSample
from afschrift.datamap.scan.scan_findings import Findings
from afschrift.datamap.scan.schema import ScannedColumn, ScannedTable
from afschrift.datamap.scan.ways.name_parts import flat, singulars
from afschrift.domain.value_kind import ValueKind

NAMES = ("name", "title", "label", "subject", "description")
"""Words of the vocabulary that a name of a row ends with, the likeliest first."""

_BESIDE = frozenset({"full", "long", "official", "public", "volledige"})
"""Words beside them that change nothing."""

_ORGANISATION = ("companyname", "bedrijfsnaam", "organisationname", "organizationname", "firmanaam")

_DIFFERENT = 0.9  # of the values: a column of few values tells no row apart
_LONGEST = 60  # characters of half of the values: what is longer is a text


def label_columns(
    found: Findings,
    table: ScannedTable,
    proposals: Mapping[str, ColumnProposal],
    samples: Mapping[str, TextSample],
) -> tuple[str, ...]:
    """The columns; none where no row of another table points here, or none looks like a name.

    A person's own row gets none: their name beside each of their numbers tells them nothing.
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


def _is_pointed_to(found: Findings, table: str) -> bool:
    places = found.places.values()
    edges = [edge for place in places for edge in (*place.ways, *place.longer, *place.others)]
    return table in {edge.parent for edge in edges} | {key.parent for key in found.source.foreign_keys}


def _ranked(table: ScannedTable, columns: list[ScannedColumn]) -> Iterator[tuple[int, int, str]]:
    """Columns called as a name of a row is, with their place: `name`, `film_title`, `city` of cities."""
    lexicon = vocabulary().lexicon
    own = {*lexicon.words_of(table.name), *singulars(table.name)}
    for number, column in enumerate(columns):
        words = lexicon.words_of(column.name)
        if flat(column.name) in (*singulars(table.name), *_ORGANISATION):
            yield len(NAMES), number, column.name
        elif words and words[-1] in NAMES and set(words[:-1]) <= own | _BESIDE:
            yield NAMES.index(words[-1]), number, column.name


def _tells_apart(sample: TextSample | None) -> bool:
    """Whether values look like names of rows; of a table without values its name decides."""
    if sample is None or not sample.values:
        return True
    different = len(set(sample.values)) >= _DIFFERENT * len(sample.values)
    return different and median(map(len, sample.values)) <= _LONGEST
