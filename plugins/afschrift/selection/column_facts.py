"""The facts about a column on which a decision rests, gathered from the inventory and the person's record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from afschrift.domain.decision import About, Action, ColumnFacts, ConsentState, Mask, PurposeFacts
from afschrift.domain.origin import Origin
from afschrift.inventory.column import Column
from afschrift.inventory.joins import perhaps_other_person, tie_columns
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.table import Table


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
    """What is known of the person beyond the rows.

    Attributes:
        consents: `source.purpose` -> state of their own consent.
        withdrawn: `source.purpose` -> when it was taken back, as the source writes it.
        limits: their own limits (R24): `tables` and `categories` they want, empty: all.
        answers: `source.table.column` -> `include`, `exclude` or `mask`, where a person decided.
        left_out: `source.table` or `source.table.column` -> what a person decided on a ground.
    """

    consents: Mapping[str, ConsentState] = field(default_factory=dict)
    withdrawn: Mapping[str, str] = field(default_factory=dict, repr=False)
    limits: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, GroundDecision] = field(default_factory=dict)

    def withheld(self, table: str, column: str) -> GroundDecision | None:
        """What was decided about a column of a table (`source.table`), or about the table."""
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
        """Facts of a column, for rows of one origin value where the origin goes by row."""
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
