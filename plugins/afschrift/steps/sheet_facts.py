"""What the information sheet of an access answer needs from the sources, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from afschrift.casework.columns.question import SHEET_INCOMPLETE
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.extracted import FactValues, SourceExtract
from afschrift.domain.plan import ExtractPlan, FactPlan, Plan, Withheld
from afschrift.domain.sources import Source
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.processing import CountryOf
from afschrift.inventory.sheet_gaps import Gap, column_purposes, gaps_in_data, is_on_sheet, is_settled
from afschrift.questions.kind import OpenQuestion
from afschrift.selection.statements import Statements
from afschrift.values.forms import text_batch

INCOMPLETE = "sheet_incomplete"


def incomplete(gaps: Sequence[Gap]) -> OpenQuestion:
    """The question that an access request ends at. No answer lets it pass: the inventory must be mended."""
    listing = "; ".join(map(str, gaps))
    words = f"The information sheet cannot be made. {listing}."
    return OpenQuestion(
        SHEET_INCOMPLETE, SHEET_INCOMPLETE.options, words, {"fields": [gap.path for gap in gaps]}
    )


def require_complete(inventory: Inventory, plan: Plan, extract: SourceExtract) -> None:
    """Stop where the data of one source show a gap that the inventory alone did not.

    Raises:
        NeedsPersonError: `sheet_incomplete`, with the fields.
    """
    gaps = gaps_in_data(inventory, plan, extract) if plan.right.terms.information_sheet else ()
    if gaps:
        question = incomplete(gaps)
        raise NeedsPersonError(question.words, question=INCOMPLETE, detail=question.detail)


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


def read_facts(session: Source, plans: Sequence[FactPlan]) -> tuple[FactValues, ...]:
    """The answers of one source, within its session and so on its snapshot."""
    return tuple(_read(session, plan) for plan in plans)


def _read(session: Source, plan: FactPlan) -> FactValues:
    rows = [
        tuple(row.values())
        for batch in session.stream(plan.statement)
        for row in text_batch(batch, plan.fields).to_pylist()
    ]
    return FactValues(plan.place, tuple(sorted(rows, key=lambda row: [value or "" for value in row])))
