"""One pass over a table for several persons: its statement over the rows of all whose keys are bound.

Both statements are rendered from the same templates and the same plan. Where the one of a single person is
not the frozen one any more, or a table's ways have no shape for several persons, each one is read alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afschrift.domain.plan import ExtractPlan, Plan, Withheld
from afschrift.domain.sources import Source
from afschrift.inventory.model import Inventory
from afschrift.selection.mask_tokens import salt_name
from afschrift.selection.statements import Scope, Statements, fact_plans, render
from afschrift.selection.ways import Match, Via

PERSON, HELD, SALTED = "afschrift_person", "afschrift_held", "afschrift_salt"
"""Columns beside those of a table: whose the row is, their key in it, the salt of their masks."""

_OWN = (PERSON, HELD, SALTED)


class TogetherStatements(Statements):
    """Statements over the rows of several persons; empty where a table has no shape for that."""

    _several, _salt = "1 = 1", f"t.{SALTED}"
    _whose = ((f"t.{PERSON}", PERSON), (f"t.{HELD}", HELD))

    def has_shape(self, table: str) -> bool:
        """Whether rows of a table can be read for several persons."""
        belongs, columns = self.finder.ways(table).belongs, self.finder.readable(table)
        taken = any(self._dialect.quote(name) in columns for name in _OWN)
        return bool(belongs) and not taken and _has_shape(belongs)

    def of_persons(self, part: ExtractPlan, first: int, last: int) -> str:
        """The rows of an extract of persons who follow each other."""
        some = copy(self)
        some._several = f"t.{PERSON} BETWEEN {first:d} AND {last:d}"
        return some.extract(part.table, part.fields, scope_of(part))

    def same_rows(self, part: ExtractPlan, relation: str = "", further: Sequence[str] = ()) -> str:
        """FROM and WHERE of an extract, for what else is asked of the same rows.

        Args:
            part: the extract.
            relation: read instead of the table itself.
            further: columns of it beside the table's own, quoted.
        """
        relation = relation or self.finder.all_rows(part.table)
        scope = self._scope(scope_of(part))
        return self._render("same_rows.sql", part.table, scope=scope, relation=relation, further=further)

    def _render(self, template: str, table: str, **parts: Any) -> str:
        if not self.has_shape(table):
            return ""
        salted = any(self._salt in expression for expression, *_ in parts.get("columns", ()))
        rows = render(
            self._folder,
            "together.sql",
            keys=self._dialect.keys,
            relation=parts.pop("relation", "") or self.finder.relation(table),
            belongs=self.finder.ways(table).belongs,
            columns=(*self.finder.readable(table), *parts.pop("further", ())),
            salted=salt_name(self._dialect) if salted else None,
        )
        return super()._render(template, table, **parts, relation=f"(\n{rows})")


def scope_of(part: ExtractPlan) -> Scope | None:
    """The rows of an extract by the value of a column, as its plan has it."""
    rule = part.row_rule
    return Scope(rule["column"], tuple(rule["included"])) if rule else None


@dataclass(frozen=True)
class TogetherRows:
    """An extract of several persons.

    Attributes:
        statement: reads the rows person by person, each one's in their own order.
        counted: the persons who have rows, each with how many.
        masked: what each mask hides, person by person; empty without masks.
        belongs: the ways to the persons.
    """

    statements: TogetherStatements
    part: ExtractPlan
    statement: str
    counted: str
    masked: str
    belongs: tuple[Match | Via, ...]

    def of_persons(self, first: int, last: int) -> str:
        """The same of persons who follow each other."""
        return self.statements.of_persons(self.part, first, last)

    def same_rows(self, relation: str = "", further: Sequence[str] = ()) -> str:
        """FROM and WHERE of the statement; see `TogetherStatements.same_rows`."""
        return self.statements.same_rows(self.part, relation, further)


class TogetherFinder:
    """Finds what frozen statements are for several persons, in an open session.

    Attributes:
        alone: makes the statements of one person.
        together: makes those of several.
    """

    def __init__(self, folder: Path, inventory: Inventory, source: str, session: Source) -> None:
        """Take the templates' folder, the data map, and the source that is open."""
        self._source = inventory.sources[source]
        given = (folder, self._source, inventory.identity, session.dialect, session.catalogue())
        self.alone, self.together = Statements(*given), TogetherStatements(*given)

    def of_extract(self, part: ExtractPlan) -> TogetherRows | None:
        """The rows of an extract; None where there is no such statement, or the frozen one differs."""
        table, fields, scope = part.table, part.fields, scope_of(part)
        frozen = (part.statement, part.masked_statement)
        alone, together = self.alone, self.together
        if not together.has_shape(table) or frozen != (
            alone.extract(table, fields, scope),
            alone.masked(table, fields, scope),
        ):
            return None
        return TogetherRows(
            together,
            part,
            together.extract(table, fields, scope),
            together.count(table, scope),
            together.masked(table, fields, scope),
            together.ways(table).belongs,
        )

    def of_facts(self, plan: Plan) -> Mapping[str, str]:
        """Frozen statement of a fact for the information sheet -> the same for several persons."""
        source = self._source
        withheld = (part for part in plan.withheld if part.source == source.source)
        parts: list[ExtractPlan | Withheld] = [*plan.of_source(source.source), *withheld]
        frozen = {fact.statement for fact in plan.facts}
        both = zip(*(fact_plans(source, parts, of) for of in (self.alone, self.together)), strict=True)
        return {
            alone.statement: together.statement
            for alone, together in both
            if together.statement and alone.statement in frozen
        }


def _has_shape(belongs: Sequence[Match | Via]) -> bool:
    """Whether a row comes once a person, and can be recognised as theirs without the database.

    Over a join only where what is equal to a value is one value; by a key only where it is compared exactly.
    """
    return all(
        way.exact if isinstance(way, Match) else way.alike and _has_shape(way.belongs) for way in belongs
    )
