"""Whether what a purpose and a column say about the processing names columns that are there."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.domain.decision import About, Protect, ThirdParty
from afschrift.inventory.column import Column
from afschrift.inventory.joins import leads_to_person
from afschrift.inventory.model import Purpose, SourceFile
from afschrift.inventory.processing import CountryOf, DataSource
from afschrift.inventory.table import Table

Finding = tuple[list[str], str]


def processing_faults(source: SourceFile, purpose: Purpose, where: list[str]) -> Iterator[Finding]:
    """Columns that the information sheet reads among the person's rows."""
    if purpose.retention and purpose.retention.from_:
        yield from _read(source, purpose.retention.from_, [*where, "retention", "from"])
    for number, recipient in enumerate(purpose.recipients or ()):
        path = [*where, "recipients", str(number)]
        if recipient.from_:
            yield from _read(source, recipient.from_, [*path, "from"])
        for name in recipient.tables:
            if name not in source.tables:
                yield [*path, "tables"], f"the source has no table {name}"
        if isinstance(recipient.country, CountryOf):
            lookup = source.tables.get(recipient.country.table)
            named = {recipient.country.name, recipient.country.country}
            if lookup is None or not named <= lookup.columns.keys():
                yield [*path, "country"], f"the source has no such table {recipient.country.table} with them"


def _read(source: SourceFile, target: str, where: list[str]) -> Iterator[Finding]:
    name, _, column = target.rpartition(".")
    table = source.tables.get(name)
    if table is None or column not in table.columns:
        yield where, f"the source has no column {target}; write `table.column`"
    elif not table.personal or not leads_to_person(source, name):
        yield where, f"no way leads from table {name} to the person"
    else:
        yield from _plain(table.columns[column], where)


def _plain(column: Column, where: list[str]) -> Iterator[Finding]:
    """What a mask hides in the files does not come out on the sheet."""
    column = column.proposal or column
    hidden = column.about is About.THIRD_PARTY and column.third_party is not ThirdParty.OWN_USE
    if hidden or column.protect in (Protect.SECRET, Protect.PAYMENT):
        yield where, "the values of this column are masked, so the sheet cannot name them"


def source_faults(table: Table, given: DataSource | None, where: list[str]) -> Iterator[Finding]:
    """The column that names who gave the data."""
    if given and given.from_:
        if given.from_ in table.columns:
            yield from _plain(table.columns[given.from_], [*where, "source", "from"])
        else:
            yield [*where, "source", "from"], f"the table has no column {given.from_}"
