"""Statements over the rows of several persons, from the same templates and plan as those of one person.

If a person's statement would differ from the frozen one, or the ways of a table do not work for several
persons, each person's rows are read alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

from afschrift.domain.plan import ExtractPlan, Plan, Withheld
from afschrift.domain.sources import Catalogue, Dialect, Source
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.fact_plans import fact_plans
from afschrift.selection.mask_tokens import salt_name
from afschrift.selection.statements import Scope, Statements, render
from afschrift.selection.ways import Match, Via
from afschrift.services import Services

PERSON, HELD, SALTED = "afschrift_person", "afschrift_held", "afschrift_salt"
"""Columns besides those of a table: the person of the row, their key in it, the salt of their masks."""

_OWN = (PERSON, HELD, SALTED)


class BatchStatements(Statements):
    """Statements over the rows of several persons; empty for a table whose ways do not allow it.

    Attributes:
        alone: renders the statements of one person.
    """

    _several, _salt = "1 = 1", f"t.{SALTED}"
    _whose = ((f"t.{PERSON}", PERSON), (f"t.{HELD}", HELD))

    def __init__(
        self, folder: Path, source: SourceFile, identity: IdentityFile, dialect: Dialect, catalogue: Catalogue
    ) -> None:
        super().__init__(folder, source, identity, dialect, catalogue)
        self.alone = Statements(folder, source, identity, dialect, catalogue)

    def has_shape(self, table: str) -> bool:
        """Whether the rows of a table can be read for several persons."""
        belongs, columns = self.finder.ways(table).belongs, self.finder.readable(table)
        taken = any(self._dialect.quote(name) in columns for name in _OWN)
        return bool(belongs) and not taken and _has_shape(belongs)

    def reads(self, part: ExtractPlan) -> bool:
        """Whether an extract can be read for several persons, and for one its statement is the frozen one."""
        if not self.has_shape(part.table):
            return False
        asked = part.table, part.fields, scope_of(part)
        alone = self.alone.extract(*asked), self.alone.masked(*asked)
        return (part.statement, part.masked_statement) == alone

    def rows(self, part: ExtractPlan, persons: tuple[int, int] | None = None) -> str:
        """Return the statement for the rows of an extract, ordered by person and then as for one person.

        Args:
            part: the extract.
            persons: numbers of the first and the last person; None: all.
        """
        some = copy(self)
        if persons is not None:
            some._several = f"t.{PERSON} BETWEEN {persons[0]:d} AND {persons[1]:d}"
        return some.extract(part.table, part.fields, scope_of(part))

    def same_rows(self, part: ExtractPlan, relation: str = "", further: Sequence[str] = ()) -> str:
        """Return FROM and WHERE of an extract, for further queries over the same rows (`SameRows`)."""
        relation = relation or self.finder.all_rows(part.table)
        scope = self._scope(part.table, scope_of(part))
        return self._render("same_rows.sql", part.table, scope=scope, relation=relation, further=further)

    def of_facts(self, plan: Plan) -> Mapping[str, str]:
        """Return frozen statement of a fact for the information sheet -> its form for several persons."""
        source = self._source
        withheld = (part for part in plan.withheld if part.source == source.source)
        parts: list[ExtractPlan | Withheld] = [*plan.of_source(source.source), *withheld]
        frozen = {fact.statement for fact in plan.facts}
        both = zip(*(fact_plans(source, parts, of) for of in (self.alone, self)), strict=True)
        return {
            alone.statement: together.statement
            for alone, together in both
            if together.statement and alone.statement in frozen
        }

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


def batch_statements(services: Services, source: str, session: Source) -> BatchStatements:
    """Return the statements of a source in an open session."""
    inventory = services.inventory
    return BatchStatements(
        services.sql, inventory.sources[source], inventory.identity, session.dialect, session.catalogue()
    )


def scope_of(part: ExtractPlan) -> Scope | None:
    """Return the plan's restriction of an extract to some values of a column, if any."""
    rule = part.row_rule
    return Scope(rule["column"], tuple(rule["included"])) if rule else None


def _has_shape(belongs: Sequence[Match | Via]) -> bool:
    """Whether each row comes once for a person, and can be recognised as theirs without the database.

    A join qualifies only if the database treats no two different values as equal; a key only if it is
    compared exactly.
    """
    return all(
        way.exact if isinstance(way, Match) else way.alike and _has_shape(way.belongs) for way in belongs
    )
