"""Chooses the columns for a table's overview: by the inventory, never by the columns' names."""

from __future__ import annotations

import re
from dataclasses import replace

from afschrift.domain.decision import Action
from afschrift.domain.overview import ProfileChoice
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table

BINS, FEWEST_BINS, MOST_BINS = 24_000, 100, 12_000
KEPT, LEAST_KEPT, MOST_KEPT = 6_000_000, 20_000, 2_000_000  # a page shows 2 MB of rows

_MOMENTS = {ValueKind.INSTANT: 0, ValueKind.DATETIME: 1, ValueKind.DATE: 2}
_NUMBERS = frozenset({ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.NUMBER})
_FROM_THE_PERSON = frozenset({Origin.PROVIDED, Origin.OBSERVED, None})
# Numbers of these categories are amounts, places or codes: a line over time would mean nothing.
_NOT_MEASURED = ("user.behavior", "user.demographic", "user.financial", "user.location", "user.payment")
_CURRENCY = re.compile(r"^[A-Z]{3}$")
_SEARCHES = "search_history"


def choices(inventory: Inventory, plan: Plan) -> dict[str, ProfileChoice]:
    """Choices by `source.table`; tables with a measured number share the points that a page can draw."""
    zone = inventory.controller.zone
    found = {e.name: choose(inventory.sources[e.source].tables[e.table], e, zone) for e in plan.extracts}
    share = BINS // max(sum(bool(choice.measure) for choice in found.values()), 1)
    bins = max(FEWEST_BINS, min(MOST_BINS, share))
    return {name: replace(choice, bins=bins) if choice.measure else choice for name, choice in found.items()}


def choose(table: Table, extract: ExtractPlan, zone: str) -> ProfileChoice:
    """Choose what to profile while a table is read.

    Args:
        table: the table's entry in the inventory.
        extract: its plan; masked columns are not profiled.
        zone: time zone of the organisation.
    """
    shown = [f for f in extract.selected if f.action is Action.INCLUDE]
    moment = _moment(table, shown)
    if moment is None:
        return ProfileChoice()
    return ProfileChoice(
        moment=moment.name,
        zone=zone if moment.kind is ValueKind.INSTANT else "UTC",
        measure="" if moment.kind is ValueKind.DATE else _measure(table, shown),
        listed=_listed(table, shown),
    )


def kept_bytes(tables: int) -> int:
    """Bytes of first rows to keep of each table, if so many tables share the page."""
    return max(LEAST_KEPT, min(MOST_KEPT, KEPT // max(tables, 1)))


def _moment(table: Table, shown: list[FieldPlan]) -> FieldPlan | None:
    """The column of the row's own time: the one that links to keys use, else the first of the finest kind."""
    own = {link.at for link in table.subject.values()}
    times = [
        (f.name not in own, f.origin not in _FROM_THE_PERSON, _MOMENTS[f.kind], number, f)
        for number, f in enumerate(shown)
        if f.kind in _MOMENTS and not _category(table, f).startswith("user.demographic")
    ]
    return min(times, key=lambda entry: entry[:4])[-1] if times else None


def _measure(table: Table, shown: list[FieldPlan]) -> str:
    """The observed number with a unit; empty if there is none, or more than one."""
    found = [
        f.name
        for f in shown
        if f.kind in _NUMBERS
        and f.origin is Origin.OBSERVED
        and f.name not in table.key
        and _is_measure(table.columns[f.name].unit)
        and not _category(table, f).startswith(_NOT_MEASURED)
    ]
    return found[0] if len(found) == 1 else ""


def _is_measure(unit: str | None) -> bool:
    """Whether a unit is one of a measurement: ratios and sums of money are not."""
    return bool(unit) and unit != "1" and not _CURRENCY.match(unit or "")


def _listed(table: Table, shown: list[FieldPlan]) -> str:
    found = (f.name for f in shown if f.kind is ValueKind.TEXT and _SEARCHES in _category(table, f))
    return next(found, "")


def _category(table: Table, field: FieldPlan) -> str:
    column = table.columns.get(field.name)
    return (column.category if column else None) or ""
