"""What the answers of one message mask differently: words are not masked in one and clear in the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from afschrift.casework.same_message import asked_with
from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import Plan
from afschrift.domain.redaction import GIVEN_FILES
from afschrift.register.register import Register

Place = tuple[str, object, object]
"""Column as `source.table.column`; row by its key, else its number (None: all rows); span (None: whole)."""


def differing_masks(mine: Plan, other: Plan) -> dict[str, int]:
    """Columns of which two answers mask different places -> number of those places.

    Only columns that both give are compared, masks of a whole column where both give the same kinds of rows.
    A row may be in one answer alone, so an officer judges.
    """
    common = _given(mine).keys() & _given(other).keys()
    differing = set(_places(mine)) ^ set(_places(other))
    rules = [{part.name: part.row_rule for part in plan.extracts} for plan in (mine, other)]
    found: Counter[str] = Counter()
    for column, row, _ in differing:
        table = column.rpartition(".")[0]
        alike = row is not None or rules[0].get(table) == rules[1].get(table)
        found[column] += alike and not common.isdisjoint((column, table))
    return dict(sorted((+found).items()))


def masked_otherwise(register: Register, plan: Plan) -> dict[str, int]:
    """As `differing_masks`, against the plans of the other requests of the same message."""
    found: Counter[str] = Counter()
    for other in asked_with(register, register.facts.timeline(plan.request)):
        frozen = register.steps.latest(other.request, "classify")
        try:
            planned = register.plans.get(other.request, frozen["plan"]) if frozen else None
        except ConfigurationError:  # its key was destroyed, or another version froze it
            continue
        found += Counter(differing_masks(plan, planned)) if planned else Counter()
    return dict(found)


def _given(plan: Plan) -> dict[str, Action]:
    """The columns that a plan gives, and the files that people found, with what is done to them."""
    columns = {f"{part.name}.{f.name}": f.action for part in plan.extracts for f in part.selected}
    return columns | {f"{system.source}.{GIVEN_FILES}": Action.INCLUDE for system in plan.given}


def _places(plan: Plan) -> Iterator[Place]:
    whole = {column for column, action in _given(plan).items() if action is Action.MASK}
    yield from ((column, None, None) for column in whole)
    redactions = [cell for part in plan.extracts for cell in part.redactions]
    for cell in (*redactions, *(cell for system in plan.given for cell in system.masks)):
        if (column := f"{cell.table}.{cell.column}") not in whole:
            yield column, tuple(sorted(cell.key.items())) or cell.number, cell.span
