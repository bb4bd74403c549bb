"""What is read of a source for the information sheet of an access answer (Art. 15(1))."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from afschrift.domain.plan import ExtractPlan, FactPlan, Withheld
from afschrift.inventory.model import SourceFile
from afschrift.inventory.processing import CountryOf
from afschrift.inventory.sheet_gaps import column_purposes, is_on_sheet, is_settled
from afschrift.selection.statements import Statements


def fact_plans(
    source: SourceFile, parts: Sequence[ExtractPlan | Withheld], statements: Statements
) -> Iterator[FactPlan]:
    """What is to be read of a source for the purposes and columns that the sheet speaks of (R74, R75).

    Nothing where a proposal alone says whose it is or what; the sheet then has a gap, which is asked.
    """
    purposes: dict[str, None] = {}
    tables: dict[str, list[str]] = {}
    for part in parts:
        for field in filter(is_on_sheet, part.fields):
            tables.setdefault(part.table, []).append(field.name)
            purposes |= dict.fromkeys(column_purposes(source, part.table, field.name))
    for name in purposes:
        purpose = source.purposes[name]
        if purpose.retention and purpose.retention.from_ and is_settled(source, purpose.retention.from_):
            table, _, column = purpose.retention.from_.rpartition(".")
            yield FactPlan(source.source, f"purposes.{name}.retention", *statements.span(table, column))
        for number, recipient in enumerate(purpose.recipients or ()):
            if recipient.from_ and is_settled(source, *(path for _, path in recipient.read)):
                table, _, column = recipient.from_.rpartition(".")
                country = recipient.country if isinstance(recipient.country, CountryOf) else None
                field_path = f"purposes.{name}.recipients.{number}"
                yield FactPlan(source.source, field_path, *statements.names(table, column, country=country))
    for table, columns in tables.items():
        declared = source.tables[table]
        if declared.source and declared.source.from_ and source.may_follow(table, declared.source.from_):
            asked = statements.names(table, declared.source.from_)
            yield FactPlan(source.source, f"tables.{table}.source", *asked)
        for name in columns:
            own = declared.columns[name].source if name in declared.columns else None
            if own and own.from_ and source.may_follow(table, own.from_):
                asked = statements.names(table, own.from_, present=name)
                yield FactPlan(source.source, f"tables.{table}.columns.{name}.source", *asked)
