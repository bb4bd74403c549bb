"""Explain why a column is given or not: the decision, the way to the person and the statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from afschrift.app.project import SHIPPED
from afschrift.casework.decision.source_triggers import is_case_column
from afschrift.domain.decision import REASONS, Action
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.nearest import did_you_mean
from afschrift.domain.plan import FieldPlan
from afschrift.domain.right import Right
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.sheet_gaps import column_purposes
from afschrift.inventory.unconfirmed import awaited
from afschrift.selection.map_entries import of_entries
from afschrift.selection.statements import Statements
from afschrift.selection.table_decision import Classifier, PersonFacts
from afschrift.sources.registry import open_declared


@dataclass(frozen=True)
class DecisionExplanation:
    """One column's decision in words, with its reasons.

    Attributes:
        place: source, table and column.
        case_by_case: if the person has a value in it, an officer decides before it is given.
        proposal: words of the inventory for it that are not confirmed.
        awaited: what must be confirmed before the confirmed column applies.
        defaults: the words that a default gave, with its place.
    """

    column_path: str
    place: tuple[str, str, str]
    field: FieldPlan
    words: str
    purposes: tuple[str, ...]
    decided: str
    way: str
    statement: str
    case_by_case: bool
    proposal: str
    awaited: str
    defaults: tuple[str, ...]


def explain(inventory: Inventory, name: str, right: Right) -> DecisionExplanation:
    """Decide on a column as a request without personal consents or limits would.

    Raises:
        ConfigurationError: there is no such column, or several have the name.
    """
    source, table, column = _find(inventory, name)
    declared = source.tables[table]
    column_path = f"{source.source}.{table}.{column}"
    if declared.asked:
        possible = "; ".join(way.because for way in declared.possible)
        raise ConfigurationError(
            f"Nothing says whose the rows of {source.source}.{table} are (`ways: asked`), and every request "
            f"stops there.{f' What values show: {possible}.' if possible else ''}",
            remedy="give it `subject`, `join` or `personal: false`, and take out `ways` and `possible`.",
        )
    if declared.unconfirmed:
        raise ConfigurationError(
            f"Table {source.source}.{table} is only proposed as a copy or as not personal "
            "(`review: needed`): every request stops there.",
            remedy="remove `review` if that is right, or describe the table.",
        )
    if not declared.personal:
        raise ConfigurationError(
            f"Table {source.source}.{table} holds no personal data (`personal: false`): "
            f"{column_path} is in no answer.",
        )
    session = open_declared(source)
    try:
        with session:
            catalogue = of_entries(source, session.catalogue(), session.dialect)
    except RetriableError:  # the source cannot be reached: decide by the inventory alone
        unknown = ColumnType("VARCHAR", ValueKind.TEXT, "{column}")
        catalogue = {
            name: {column: replace(unknown, part=of.parts.get(column)) for column in of.columns}
            for name, of in source.tables.items()
        }
    decision = Classifier(inventory, right, PersonFacts()).table(source, table, catalogue[table])
    field = next(f for f in decision.fields if f.name == column)
    statements = Statements(SHIPPED / "sql", source, inventory.identity, session.dialect, catalogue)
    written = declared.columns[column]
    note = None if written.proposal else written.decided or declared.decided
    return DecisionExplanation(
        column_path=column_path,
        place=(source.source, table, column),
        field=field,
        words=REASONS[field.reason],
        purposes=tuple(
            " + ".join(filter(None, (f"{p} ({source.purposes[p].basis}", source.purposes[p].special))) + ")"
            for p in column_purposes(source, table, column)
        ),
        decided=f"by {note.by} on {note.on}: {note.why}" if note else "",
        way=statements.ways(table).words,
        statement=statements.extract(table, decision.fields, decision.scope) if decision.selected else "",
        case_by_case=field.action in (Action.INCLUDE, Action.MASK)
        and is_case_column(inventory, declared, column),
        proposal=_proposal(written),
        awaited=awaited(source.source, written),
        defaults=tuple(_defaults(source, table, written)),
    )


def _defaults(source: SourceFile, table: str, written: Column) -> Iterator[str]:
    """Yield lines such as `origin, category by defaults.columns.*_at`."""
    words: dict[tuple[str, ...], list[str]] = {}
    for word, place in (written.proposal or written).sources.items():
        words.setdefault(place, []).append(word)
    for place, found in words.items():
        yield f"{', '.join(sorted(found))} by {'.'.join(place)}"
    if source.default_purposes(table, written):
        yield "purposes by defaults.purposes"


def _proposal(written: Column) -> str:
    """Return the proposal for a column that is not confirmed, with its confidence."""
    if written.proposal is None or written.awaits:
        return ""
    of, sure = written.proposal, written.proposed
    values = of.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"review", "proposed"})
    words = ", ".join(f"{name} {value}" for name, value in values.items()) or "nothing"
    return f"{words} (confidence {sure.confidence:.2f}: {sure.because})" if sure is not None else words


def _find(inventory: Inventory, name: str) -> tuple[SourceFile, str, str]:
    found = [
        (source, table, column)
        for source in inventory.sources.values()
        for table, declared in source.tables.items()
        for column in declared.columns
        if name in (f"{table}.{column}", f"{source.source}.{table}.{column}")
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        columns = (
            f"{t}.{c}" for s in inventory.sources.values() for t, of in s.tables.items() for c in of.columns
        )
        raise ConfigurationError(
            f"The inventory has no column {name}.",
            remedy=f"{did_you_mean(name, columns)} write TABLE.COLUMN or SOURCE.TABLE.COLUMN.".lstrip(),
        )
    column_paths = ", ".join(f"{source.source}.{table}.{column}" for source, table, column in found)
    raise ConfigurationError(
        f"Several columns have this name: {column_paths}.", remedy="name the source too."
    )
