"""What of the data map an answer could refute: masks, columns with people's keys, recipients left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from afschrift.domain.decision import About, Protect, ThirdParty
from afschrift.domain.sources import ForeignKey
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.column import Column
from afschrift.inventory.joins import Hop, hops, references
from afschrift.inventory.model import SourceFile
from afschrift.inventory.sheet_gaps import column_purposes
from afschrift.inventory.table import Table


def masks_others(column: Column) -> bool:
    """Whether data about others in a column are masked, in all rows or in some."""
    return column.about is About.THIRD_PARTY and column.third_party is ThirdParty.MASK


def may_hold_others_key(table: Table, name: str, person: str) -> bool:
    """Whether a column holds a key that another one may outweigh: the row is of the person `person` names."""
    settled = table.columns[name].third_party is ThirdParty.OWN_USE
    return (
        not settled
        and person in table.subject
        and any(link.column == name for key, link in table.subject.items() if key != person)
    )


def is_clear(table: Table, name: str) -> bool:
    """Whether access gives a column as it is, in every row."""
    column = table.columns[name]
    others = column.about is About.THIRD_PARTY and column.third_party is not ThirdParty.OWN_USE
    kept_back = column.protect in (Protect.SECRET, Protect.PAYMENT)
    return not (others or kept_back or table.waits(name) or column.origin is Origin.NOT_PERSONAL)


def person_columns(
    source: SourceFile, table: str, person: str, known: Sequence[ForeignKey] = ()
) -> dict[str, bool]:
    """Columns that hold keys of persons -> whether rows of the table are found by it.

    Args:
        source: of the table.
        table: its name in the data map.
        person: the key that says who a person is.
        known: foreign keys of the database.
    """
    declared = source.tables[table]
    found = dict.fromkeys(_at_person(source, person, references(source, table, known)), False)
    if declared.origin is not None and declared.origin.person_key == person:
        found[declared.origin.by] = False
    own = [link.column for name, link in declared.subject.items() if name == person]
    return found | dict.fromkeys([*own, *_at_person(source, person, hops(source, table))], True)


def _at_person(source: SourceFile, person: str, ways: Iterator[Hop]) -> Iterator[str]:
    for hop in ways:
        link = source.tables[hop.parent].subject.get(person) if hop.parent in source.tables else None
        yield from (own for own, theirs in hop.pairs if link is not None and theirs == link.column)


def left_out_recipients(source: SourceFile, columns: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield purposes that name no recipient, with a table of theirs that a recipient of another purpose gets.

    Args:
        source: of the columns.
        columns: those of the answer, each with its table.
    """
    used = {
        (purpose, table): source.purposes[purpose].recipients
        for table, column in columns
        for purpose in column_purposes(source, table, column)
    }
    held = {table for recipients in used.values() for r in recipients or () for table in r.tables}
    named = {
        purpose for (purpose, table), of in used.items() for r in of or () if table in (r.tables or [table])
    }
    for (purpose, table), recipients in used.items():
        if table in held and purpose not in named and recipients is not None:
            yield purpose, table
