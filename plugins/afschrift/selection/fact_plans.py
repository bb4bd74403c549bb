"""What to read of a source besides rows: facts that the page and the information sheet say of the person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from afschrift.domain.decision import Action
from afschrift.domain.plan import ExtractPlan, FactPlan, Withheld
from afschrift.inventory.model import SourceFile
from afschrift.inventory.processing import CountryOf
from afschrift.inventory.sheet_gaps import column_purposes, is_on_sheet, is_settled
from afschrift.selection.statements import Statements


def purpose_plans(
    source: SourceFile,
    parts: Sequence[ExtractPlan | Withheld],
    statements: Statements,
    *,
    recipients: bool = False,
) -> Iterator[FactPlan]:
    """What to read for whom a purpose concerns and how long data are kept, by either right.

    With `recipients`, also the names of those who get them, which the person did not provide.
    """
    read = (column_purposes(source, part.table, field.name) for part in parts for field in part.fields)
    for name in dict.fromkeys(name for names in read for name in names):
        only = source.purposes[name].only  # whom it concerns counts for columns that are not given too
        if only is not None and is_settled(source, only.column):
            table, _, column = only.column.rpartition(".")
            yield FactPlan(source.source, f"purposes.{name}.only", *statements.names(table, column))
    columns = ((part.table, field.name) for part in parts for field in filter(is_on_sheet, part.fields))
    served = (column_purposes(source, *column) for column in columns)
    for name in dict.fromkeys(name for names in served for name in names):
        purpose = source.purposes[name]
        if purpose.retention and purpose.retention.from_ and is_settled(source, purpose.retention.from_):
            table, _, column = purpose.retention.from_.rpartition(".")
            yield FactPlan(source.source, f"purposes.{name}.retention", *statements.span(table, column))
        for number, recipient in enumerate(purpose.recipients or ()):
            if recipient.only and is_settled(source, recipient.only.column):
                asked = statements.names(*recipient.only.column.rsplit(".", 1))
                yield FactPlan(source.source, f"purposes.{name}.recipients.{number}.only", *asked)
            if recipients and recipient.from_ and is_settled(source, *(path for _, path in recipient.read)):
                table, _, column = recipient.from_.rpartition(".")
                country = recipient.country if isinstance(recipient.country, CountryOf) else None
                field_path = f"purposes.{name}.recipients.{number}"
                yield FactPlan(source.source, field_path, *statements.names(table, column, country=country))


def fact_plans(
    source: SourceFile, parts: Sequence[ExtractPlan | Withheld], statements: Statements
) -> Iterator[FactPlan]:
    """What to read of a source for the purposes and columns that the sheet describes (R74, R75).

    Nothing is read by an unconfirmed proposal; the sheet then has a gap, about which a person is asked.
    """
    tables: dict[str, list[str]] = {}
    unread: list[tuple[str, str]] = []
    for part in parts:
        for field in filter(is_on_sheet, part.fields):
            tables.setdefault(part.table, []).append(field.name)
            if field.action not in (Action.INCLUDE, Action.MASK):
                unread.append((part.table, field.name))
    yield from purpose_plans(source, parts, statements, recipients=True)
    for table, columns in tables.items():
        declared = source.tables[table]
        if declared.source and declared.source.from_ and source.may_follow(table, declared.source.from_):
            asked = statements.names(table, declared.source.from_)
            yield FactPlan(source.source, f"tables.{table}.source", *asked)
        if declared.origin and declared.origin.person_key and source.may_follow(table, declared.origin.by):
            yield FactPlan(source.source, f"tables.{table}.origin", *statements.row_origins(table))
        for name in columns:
            own = declared.columns[name].source if name in declared.columns else None
            if own and own.from_ and source.may_follow(table, own.from_):
                asked = statements.names(table, own.from_, present=name)
                yield FactPlan(source.source, f"tables.{table}.columns.{name}.source", *asked)
    for table, name in unread:
        if not statements.catalogue[table][name].closed and source.may_follow(table, name):
            yield FactPlan(source.source, held_place(table, name), *statements.held(table, name))


def held_place(table: str, column: str) -> str:
    """Place of the fact whether the person has a value in a column that is not read."""
    return f"tables.{table}.columns.{column}.held"
