"""Asks the staged files of a packed answer whether they refute what the answer says or hides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from afschrift.casework.review.refutation import Refutations
from afschrift.datamap.check.map_findings import CHECKED
from afschrift.domain.decision import Action
from afschrift.domain.extracted import SourceExtract, TableExtract
from afschrift.domain.plan import ExtractPlan, FieldPlan, Plan
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.refutable import left_out_recipients, person_columns
from afschrift.inventory.table import Table
from afschrift.services import Services

Found = Iterator[tuple[str, str, int]]
"""Kind, place and rows."""
Given = Mapping[str, tuple[ExtractPlan, TableExtract]]
"""`source.table` -> its plan and its rows."""


def refutations(services: Services, plan: Plan, records: Sequence[SourceExtract]) -> Refutations:
    """Return what refutes an answer, by kind and place, unless the map settles it.

    Args:
        services: of the step.
        plan: frozen.
        records: of its extracts.
    """
    checked = services.register.oversight.last_of_system(CHECKED) or {}
    open_ = {(place, kind) for place, kind, _ in checked.get("findings", ())}
    settled = set(_settled(services)) - open_  # a finding that is another one now is open again
    written = {f"{record.source}.{table.table}": table for record in records for table in record.tables}
    given = {part.name: (part, written[part.name]) for part in plan.extracts if part.name in written}
    found: dict[str, dict[str, int]] = {}
    for kind, place, rows in (
        *_in_rows(services, given),
        *(found for found in _masked(given) if (found[1], found[0]) in open_),
        *(_recipients(services, given) if plan.right.terms.information_sheet else ()),
    ):
        if rows and (place, kind) not in settled:
            places = found.setdefault(kind, {})
            places[place] = max(rows, places.get(place, 0))
    return found


def _settled(services: Services) -> Iterator[tuple[str, str]]:
    """Yield place and kind of what a person settled in the map."""
    for name, source in services.inventory.sources.items():
        for entry in source.settled:
            if entry.until.isoformat() >= services.now()[:10]:
                yield ".".join(filter(None, (name, entry.table, entry.column))), entry.code


def _masked(given: Given) -> Found:
    for name, (_, table) in given.items():
        yield from (("mask_determined", f"{name}.{column}", rows) for column, rows in table.masked.items())


def _in_rows(services: Services, given: Given) -> Found:
    for name, (part, table) in given.items():
        source = services.inventory.sources[part.source]
        persons, declared = table.seen.persons if table.seen else {}, source.tables[part.table]
        for column, rows in persons.items():
            yield "others_key_given", f"{name}.{column}", rows.others
            yield "own_value_masked", f"{name}.{column}", rows.own
        if declared.origin is None and any(field.origin is Origin.PROVIDED for field in part.selected):
            ways = person_columns(source, part.table, services.inventory.identity.person)
            of_others = (rows.others + rows.masked for column, rows in persons.items() if ways.get(column))
            yield "origin_not_by_row", name, max(of_others, default=0)
        for field in part.selected:
            if field.action is Action.MASK and _hides_provided(declared, field):
                yield "own_value_masked", f"{name}.{field.name}", table.masked.get(field.name, 0)
            cells = [mask for mask in part.redactions if mask.column == field.name and mask.span is None]
            if field.origin is Origin.PROVIDED:
                yield "own_value_masked", f"{name}.{field.name}", len(cells)


def _hides_provided(table: Table, field: FieldPlan) -> bool:
    """Whether a mask is on values that the person gave, in some row."""
    column = table.columns.get(field.name)
    if any(link.column == field.name for link in table.subject.values()):  # the person's own are not masked
        return False
    if column is None or column.when is None or column.origin is not None or table.origin is None:
        return Origin.PROVIDED in field.origins
    return any(table.origin.values[word] is Origin.PROVIDED for word in column.when)


def _recipients(services: Services, given: Given) -> Found:
    parts = [(part, table.rows) for part, table in given.values() if table.rows]
    for name, source in services.inventory.sources.items():
        columns = [(p.table, field.name) for p, _ in parts if p.source == name for field in p.selected]
        for _, table in left_out_recipients(source, columns):
            yield "recipient_left_out", f"{name}.{table}", given[f"{name}.{table}"][1].rows
