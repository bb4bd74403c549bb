"""The information sheet of an access answer: the facts it needs from the sources, and the gaps in them."""

from __future__ import annotations

from collections.abc import Sequence

from afschrift.casework.columns.question import SHEET_INCOMPLETE
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.extracted import FactValues, SourceExtract
from afschrift.domain.plan import FactPlan, Plan
from afschrift.domain.sources import Source
from afschrift.inventory.model import Inventory
from afschrift.inventory.sheet_gaps import Gap, gaps_in_data
from afschrift.questions.kind import OpenQuestion
from afschrift.values.forms import text_batch

INCOMPLETE = "sheet_incomplete"


def incomplete(gaps: Sequence[Gap]) -> OpenQuestion:
    """Return the question at which an access request stops. Only a corrected inventory ends it, no answer."""
    listing = "; ".join(map(str, gaps))
    words = f"The information sheet cannot be made. {listing}."
    return OpenQuestion(
        SHEET_INCOMPLETE, SHEET_INCOMPLETE.options, words, {"fields": [gap.path for gap in gaps]}
    )


def require_complete(inventory: Inventory, plan: Plan, extract: SourceExtract) -> None:
    """Stop if the data of one source show a gap that the inventory alone did not.

    Raises:
        NeedsPersonError: `sheet_incomplete`, with the fields.
    """
    gaps = gaps_in_data(inventory, plan, extract) if plan.right.terms.information_sheet else ()
    if gaps:
        question = incomplete(gaps)
        raise NeedsPersonError(question.words, question=INCOMPLETE, detail=question.detail)


def read_facts(session: Source, plans: Sequence[FactPlan]) -> tuple[FactValues, ...]:
    """Return the facts of one source, read in its session and so on its snapshot."""
    return tuple(_read(session, plan) for plan in plans)


def _read(session: Source, plan: FactPlan) -> FactValues:
    rows = [
        tuple(row.values())
        for batch in session.stream(plan.statement)
        for row in text_batch(batch, plan.fields).to_pylist()
    ]
    return FactValues(plan.place, tuple(sorted(rows, key=lambda row: [value or "" for value in row])))
