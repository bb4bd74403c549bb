"""One pass over a table for several persons: the statement of one of them, over the rows of all.

A frozen statement stays as it is, but for its FROM and its condition, which name the rows of one person:
in their place stand the rows of all whose keys are bound, each with whose it is. A statement of another
shape has none for several persons, and then each one is read alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from afschrift.domain.plan import ExtractPlan
from afschrift.domain.sources import Dialect
from afschrift.inventory.model import SourceFile
from afschrift.selection.mask_tokens import salt_name, salt_of
from afschrift.selection.person import WayFinder
from afschrift.selection.statements import render
from afschrift.selection.ways import Match, Via

PERSON, HELD, SALTED = "afschrift_person", "afschrift_held", "afschrift_salt"
"""Columns beside those of a table: whose the row is, their key in it, the salt of their masks."""

_OWN = (PERSON, HELD, SALTED)
_FROM = "\nFROM (\n"
_SELECT, _GROUP, _ORDER = "SELECT\n", "\nGROUP BY ", "\nORDER BY "


@dataclass(frozen=True)
class TogetherRows:
    """The rows of a statement, for all persons whose keys are bound.

    Attributes:
        table: of the inventory.
        relation: as it stands after FROM in the statement of one person.
        condition: of that statement, with its WHERE.
        salt: SQL of the salt there; empty where the statement has none.
        salted: name of the salt in the key table, as a literal; None where none is needed.
    """

    folder: Path
    keys: str
    table: str
    relation: str
    condition: str
    belongs: tuple[Match | Via, ...]
    columns: tuple[str, ...]
    salt: str
    salted: str | None

    def of(self, statement: str) -> str:
        """FROM and condition of a statement of one person, for all of them."""
        statement = statement.replace(f"\nFROM {self.relation} AS t\n", f"\nFROM (\n{self.rows()}) AS t\n")
        statement = statement.replace(f"\n{self.condition}", "\nWHERE 1 = 1")
        return statement.replace(self.salt, f"t.{SALTED}") if self.salt else statement

    def rows(self, relation: str = "", further: Sequence[str] = ()) -> str:
        """SELECT of the rows; `relation`, with `further` columns of it, instead of the table itself."""
        return render(
            self.folder,
            "together.sql",
            keys=self.keys,
            relation=relation or self.relation,
            belongs=self.belongs,
            columns=(*self.columns, *further),
            salted=self.salted,
        )

    def ordered(self, statement: str, span: tuple[int, int] | None = None) -> str:
        """The rows of an extract, person by person, each one's in their own order.

        Args:
            statement: of one person.
            span: the first and the last person; None: all.
        """
        head, _, order = self.of(statement).rpartition(_ORDER)
        own = f",\n  t.{PERSON} AS {PERSON}, t.{HELD} AS {HELD}"  # last, as an order may go by places
        head = head.replace(_FROM, f"{own}{_FROM}", 1)
        if span:
            head += f"\n  AND t.{PERSON} BETWEEN {span[0]:d} AND {span[1]:d}"
        return f"{head}{_ORDER}t.{PERSON}, {order}"

    def counted(self, statement: str) -> str:
        """Of an extract: the persons who have rows, each with how many."""
        counts = f"SELECT t.{PERSON} AS {PERSON}, count(*) AS number"
        return f"{counts}\n{self.same_rows(statement)}\nGROUP BY t.{PERSON}\nORDER BY 1\n"

    def same_rows(self, statement: str, relation: str = "", further: Sequence[str] = ()) -> str:
        """FROM and WHERE of an extract, for what else is asked of the same rows."""
        ends = statement.rpartition(_ORDER)[0].partition(f"\n{self.condition}")[2]
        return f"FROM (\n{self.rows(relation, further)}) AS t\nWHERE 1 = 1{ends}"

    def grouped(self, statement: str) -> str:
        """Of a statement of groups, or of one row in all: the same person by person."""
        whole = self.of(statement).replace(_SELECT, f"{_SELECT}  t.{PERSON} AS {PERSON},\n", 1)
        groups = _GROUP in statement.partition(f"\n{self.condition}")[2]
        by = f"{whole.rstrip()}, t.{PERSON}" if groups else f"{whole.rstrip()}{_GROUP}t.{PERSON}"
        return f"{by}\nORDER BY 1\n"


@dataclass(frozen=True)
class TogetherFinder:
    """Finds the rows of frozen statements for several persons, in an open session.

    Attributes:
        folder: of the templates.
        finder: of the ways, by the catalogue of the session.
    """

    folder: Path
    source: SourceFile
    dialect: Dialect
    finder: WayFinder

    def of_extract(self, part: ExtractPlan) -> TogetherRows | None:
        """The rows of an extract; None where its statement has no shape for several persons."""
        found = self._of(part.table, part.statement)
        if found is None or not part.statement.startswith(_SELECT) or _ORDER not in part.statement:
            return None
        counted = part.masked_statement
        return found if not counted or self._of(part.table, counted) is not None else None

    def of_fact(self, statement: str) -> TogetherRows | None:
        """The rows of a fact for the information sheet, over whichever table it is."""
        shapes = (self._of(table, statement) for table in self._personal())
        return next((found for found in shapes if found is not None), None)

    def _personal(self) -> Iterator[str]:
        for name, table in self.source.tables.items():
            if table.personal and name in self.finder.tables:
                yield name

    def _of(self, table: str, statement: str) -> TogetherRows | None:
        """None too where the statement was made of other ways than there are now."""
        belongs = self.finder.ways(table).belongs
        condition = render(self.folder, "whose.sql", keys=self.dialect.keys, belongs=belongs).strip()
        if statement.count(f"\n{condition}\n") != 1 or not belongs or not _has_shape(belongs):
            return None
        columns = self.finder.readable(table)
        if any(self.dialect.quote(name) in columns for name in _OWN):
            return None
        salt = salt_of(self.dialect)
        for relation in (self.finder.all_rows(table), self.finder.relation(table)):
            if statement.count(f"\nFROM {relation} AS t\n") == 1:
                used = salt if salt in statement else ""
                salted = salt_name(self.dialect) if used else None
                return TogetherRows(
                    self.folder, self.dialect.keys, table, relation, condition, belongs, columns, used, salted
                )
        return None


def _has_shape(belongs: Sequence[Match | Via]) -> bool:
    """Whether a row comes once a person, and can be told to be theirs without the database.

    Over a join only where what is equal to a value is one value; by a key only where it is compared exactly.
    """
    return all(
        way.exact if isinstance(way, Match) else way.alike and _has_shape(way.belongs) for way in belongs
    )
