"""Decides for a table which columns leave, and which rows if the origin of data differs by row.

The decisions use facts about each column from the inventory and the person's record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from afschrift.domain.decision import (
    About,
    Action,
    ColumnDecision,
    ColumnFacts,
    ConsentState,
    Mask,
    Policy,
    PurposeFacts,
    decide,
)
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import FieldPlan
from afschrift.domain.right import Right
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.column import Column
from afschrift.inventory.joins import perhaps_other_person, tie_columns
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.table import Table
from afschrift.law.person import below
from afschrift.selection.statements import Scope
from afschrift.selection.ways import closed


@dataclass(frozen=True)
class GroundDecision:
    """What a person decided about a table or column of a request, on a ground.

    Attributes:
        action: EXCLUDE or MASK.
        reason: a key of the texts in `include/letters`.
    """

    action: Action
    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class PersonFacts:
    """What is known about the person, apart from the rows.

    Attributes:
        consents: `source.purpose` -> state of their consent.
        withdrawn: `source.purpose` -> when it was withdrawn, as the source writes it.
        limits: their own limits (R24): `tables` and `categories` that they want; empty: all.
        answers: `source.table.column` -> `include`, `exclude` or `mask`, as a person decided.
        left_out: `source.table` or `source.table.column` -> what a person decided on a ground.
    """

    consents: Mapping[str, ConsentState] = field(default_factory=dict)
    withdrawn: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, GroundDecision] = field(default_factory=dict)

    def withheld(self, table: str, column: str) -> GroundDecision | None:
        """The decision on a ground about a table (`source.table`) or its column; None: there is none."""
        return self.left_out.get(table) or self.left_out.get(f"{table}.{column}")


class TableFacts:
    """Facts of the columns of one table."""

    def __init__(self, inventory: Inventory, source: SourceFile, name: str, person: PersonFacts) -> None:
        self.source = source
        self.name = name
        self.table: Table = source.tables[name]
        self._person = person
        person_key = self.table.subject.get(inventory.identity.person)
        self._joined = {column for join in self.table.join for column in join}
        self._perhaps_others = perhaps_other_person(source, name)
        self._keys = tie_columns(source, name) | ({person_key.column} if person_key else set())

    def of(self, column_name: str, origin: Origin | None, *, row: str | None = None) -> ColumnFacts:
        """Facts of a column; `row`: for rows with this value, if the origin differs by row."""
        column = self.table.columns.get(column_name)
        if column is None:
            return ColumnFacts(origin=None, wanted=self._wanted(None))
        about = column.about
        if column.when is not None and row is not None and row not in column.when:
            about = About.SUBJECT
        return ColumnFacts(
            origin=origin,
            purposes=self._purposes(column),
            automated=column.automated,
            about=about,
            third_party=column.third_party,
            protect=column.protect,
            join_key=column_name in self._keys and (about is About.SUBJECT or column_name in self._joined),
            perhaps_others=column_name in self._perhaps_others,
            wanted=self._wanted(column),
            mask=Mask(column.mask),
            mixed=column.origin == "mixed",
        )

    def _purposes(self, column: Column) -> tuple[PurposeFacts, ...]:
        names = self.table.purposes if column.purposes is None else column.purposes
        return tuple(
            PurposeFacts(
                id=name,
                basis=purpose.basis,
                special=purpose.special,
                public_task=purpose.public_task,
                consent=self._person.consents.get(f"{self.source.source}.{name}"),
                special_portable=purpose.special_decided.portable if purpose.special_decided else None,
            )
            for name in names
            for purpose in [self.source.purposes[name]]
        )

    def _wanted(self, column: Column | None) -> bool:
        tables = self._person.limits.get("tables")
        categories = self._person.limits.get("categories")
        if tables and f"{self.source.source}.{self.name}" not in tables:
            return False
        if not categories or column is None:
            return True
        category = column.category or ""
        return any(category == wanted or category.startswith(f"{wanted}.") for wanted in categories)


NO_ROWS = "no_rows"
"""In place of an answer: the person has no row that the question could be about."""


@dataclass(frozen=True)
class TableDecision:
    """What leaves of a table.

    Attributes:
        scope: rows that leave, by the value of a column; None: all the person's rows.
        asks: reason -> columns that a person must decide on first.
    """

    source: str
    table: str
    fields: tuple[FieldPlan, ...]
    scope: Scope | None
    asks: Mapping[str, tuple[str, ...]]

    @property
    def selected(self) -> tuple[FieldPlan, ...]:
        """The columns that leave the warehouse."""
        return tuple(f for f in self.fields if f.action in (Action.INCLUDE, Action.MASK))

    @property
    def substance(self) -> tuple[str, ...]:
        """Selected columns except keys that only join tables (K43)."""
        return tuple(f.name for f in self.selected if f.reason != "join_key")

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why columns, or the rows of some origins, do not leave, of what is about the person."""
        rows = ["rows_not_from_you"] if self.scope is not None else []
        out = (f.ground for f in self.fields if f.action is Action.EXCLUDE)
        return tuple(dict.fromkeys(r for r in (*rows, *out) if r not in ("not_personal", NO_ROWS)))


class Classifier:
    """Decides table by table for one right and one person."""

    def __init__(self, inventory: Inventory, right: Right, person: PersonFacts) -> None:
        self._inventory = inventory
        self._right = right
        self._person = person
        policy = inventory.policy
        self._policy = Policy(
            observed=policy.observed.choice,
            join_keys=policy.join_keys.choice,
            legitimate_interest=policy.legitimate_interest.choice,
        )

    def table(self, source: SourceFile, name: str, columns: Mapping[str, ColumnType]) -> TableDecision:
        """Decide on every column in the source's current catalogue.

        Raises:
            ConfigurationError: a selected column has a type that the software does not know.
            NeedsPersonError: the connection has no right to a selected column.
        """
        facts = TableFacts(self._inventory, source, name, self._person)
        scope = self._scope(facts)
        fields = tuple(
            self._field(facts, column, column_type, scope) for column, column_type in columns.items()
        )
        asks: dict[str, list[str]] = {}
        for planned in fields:
            if planned.action is Action.ASK:
                asks.setdefault(planned.reason, []).append(f"{source.source}.{name}.{planned.name}")
        decision = TableDecision(
            source.source, name, fields, scope, {reason: tuple(found) for reason, found in asks.items()}
        )
        if decision.selected and not decision.substance:
            return replace(decision, fields=tuple(_drop_key(f, source.tables[name]) for f in fields))
        return decision

    def _scope(self, facts: TableFacts) -> Scope | None:
        """The rows of origins that the right covers; None: all rows."""
        by_row = facts.table.origin
        if by_row is None:
            return None
        bare = [
            name
            for name, column in facts.table.columns.items()
            if column.origin is None and not facts.table.lacks_class(column)
        ]
        if not bare:
            return None  # no column has the row's origin
        included = tuple(
            value
            for value, origin in by_row.values.items()
            if any(self._keeps(facts, column, origin, value) for column in bare)
        )
        return None if len(included) == len(by_row.values) else Scope(by_row.by, included)

    def _keeps(self, facts: TableFacts, column: str, origin: Origin, row: str) -> bool:
        decision = decide(self._right, facts.of(column, origin, row=row), self._policy)
        # A key that only joins tables is no reason to include a row.
        return decision.reason != "join_key" and decision.action not in (Action.EXCLUDE, Action.EXISTS_ONLY)

    def _field(self, facts: TableFacts, name: str, column_type: ColumnType, scope: Scope | None) -> FieldPlan:
        column = facts.table.columns.get(name)
        decision, origins = self._decision(facts, name, scope)
        column_path = f"{facts.source.source}.{facts.name}.{name}"
        answer = self._person.answers.get(column_path)
        if decision.action is Action.ASK and answer is not None:
            decision = _answered(decision, answer, _mask(column))
        left_out = self._person.withheld(f"{facts.source.source}.{facts.name}", name)
        if left_out is not None and (decision.selected or decision.action is Action.ASK):
            mask = _mask(column) if left_out.action is Action.MASK else None
            decision = ColumnDecision(left_out.action, left_out.rules, left_out.reason, mask)
        declared_kind = column.kind if column and not column_type.damage else None
        kind = ValueKind(declared_kind) if declared_kind else column_type.kind
        if decision.selected and (kind is None or column_type.remedy):
            why = "cannot be read exactly" if column_type.remedy else "is not known"
            raise ConfigurationError(
                f"Column {column_path} has the type {column_type.native}, which {why}.",
                remedy=column_type.remedy
                or "give it `kind: text` in the inventory, or leave it out of the view.",
            )
        if decision.selected and column_type.closed:
            raise closed(column_path)
        if decision.action is Action.MASK:
            kind = ValueKind.TEXT
        return FieldPlan(
            name=name,
            kind=kind if decision.selected else None,
            action=decision.action,
            rules=decision.rules,
            reason=decision.reason,
            origin=origins[0] if len(origins) == 1 else None,
            origins=origins,
            mask=decision.mask,
            outside_art20=decision.outside_art20,
            about_others=decision.about_others,
            part=column_type.part,
            damage=column_type.damage if decision.selected else "",
        )

    def _decision(
        self, facts: TableFacts, name: str, scope: Scope | None
    ) -> tuple[ColumnDecision, tuple[Origin, ...]]:
        """The decision for a column; if the origin differs by row, the strictest of the rows in scope."""
        column = facts.table.columns.get(name)
        fixed = column.origin if column else None
        if fixed == "mixed" or (column and column.review == "needed"):
            return decide(self._right, facts.of(name, None), self._policy), ()
        by_row = facts.table.origin if column else None
        if by_row is None:
            origin = Origin(fixed) if fixed else None
            return decide(self._right, facts.of(name, origin), self._policy), (origin,) if origin else ()
        values = [v for v in by_row.values if scope is None or v in scope.included]
        origins = [Origin(fixed) if fixed else by_row.values[value] for value in values]
        decisions = [
            decide(self._right, facts.of(name, origin, row=value), self._policy)
            for value, origin in zip(values, origins, strict=True)
        ]
        if not decisions:
            origin = Origin(fixed) if fixed else next(iter(by_row.values.values()))
            return decide(self._right, facts.of(name, origin), self._policy), (origin,)
        if len({d.selected for d in decisions}) > 1 and all(d.action is not Action.ASK for d in decisions):
            rules = tuple(dict.fromkeys(rule for d in decisions for rule in d.rules))
            return ColumnDecision(Action.ASK, rules, "mixed"), tuple(dict.fromkeys(origins))
        order = (Action.ASK, Action.MASK, Action.INCLUDE, Action.EXISTS_ONLY, Action.EXCLUDE)
        strictest = min(decisions, key=lambda d: order.index(d.action))
        return strictest, tuple(dict.fromkeys(origins))


def _mask(column: Column | None) -> Mask:
    return Mask(column.mask) if column else Mask.TOKEN


def _answered(decision: ColumnDecision, answer: str, mask: Mask) -> ColumnDecision:
    if answer == NO_ROWS:
        return ColumnDecision(Action.INCLUDE, decision.rules, NO_ROWS)
    own = answer == Action.EXCLUDE and decision.reason == "consent_missing"  # it is the reason of both
    reason = decision.reason if own else "person_decided"
    return ColumnDecision(Action(answer), decision.rules, reason, mask if answer == "mask" else None)


_NUMBERS = ("user.unique_id",)


def _drop_key(planned: FieldPlan, table: Table) -> FieldPlan:
    """Exclude a key of a table of which nothing else leaves: keys alone are of no use.

    A name of ours that points to a list, such as a carrier's, is no key to a reader.
    """
    if planned.action is not Action.INCLUDE:
        return planned
    category = (table.columns.get(planned.name) or Column()).category
    is_name = planned.origin is Origin.ASSIGNED and category and not below(category, _NUMBERS)
    reason = "origin_assigned" if is_name else "only_keys"
    return replace(planned, action=Action.EXCLUDE, kind=None, reason=reason)
