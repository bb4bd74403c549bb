"""What a value lacks that the person needs to understand it: a title, a date, a meaning, a unit, a name.

The rules look at columns, never at values. They judge what an answer gives: a date or a row that is left out
explains nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal

from afschrift.domain.decision import Action
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.column import Column
from afschrift.inventory.joins import references
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.table import Table
from afschrift.inventory.titles import ends_with, name_words, says_more, word_list
from afschrift.outside.read_yaml import packaged


class Need(StrEnum):
    """What a column lacks. `meaning` of the column is enough for all but the title."""

    TITLE = "title"
    DATE = "date"
    CODES = "codes"
    UNIT = "unit"
    NAME = "name"
    MEMBERS = "members"

    def in_words(self, what: Literal["write", "means", "lacks"]) -> str:
        """Return what to write, what that is, or what a reader does not find."""
        return str(packaged("afschrift.inventory", "readable_words.yml")["needs"][self][what])


@dataclass(frozen=True)
class GivenTable:
    """What an answer gives of a table.

    Attributes:
        short: columns of texts whose values all have three characters at most; None: not counted.
        ids: columns of texts whose values all have the length of a UUID.
    """

    source: str
    table: str
    columns: Sequence[FieldPlan]
    short: Collection[str] | None = None
    ids: Collection[str] = ()

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(column.name for column in self.columns)


def described_columns(inventory: Inventory) -> list[GivenTable]:
    """Return what the map says that an access answer gives, for a check without its sources."""
    return [
        GivenTable(
            source.source,
            name,
            [
                FieldPlan(column, ValueKind(words.kind) if words.kind else None, Action.INCLUDE, (), "")
                for column, words in table.columns.items()
                if not table.lacks_class(words) and words.origin != Origin.NOT_PERSONAL and not words.protect
            ],
        )
        for source in inventory.sources.values()
        for name, table in source.tables.items()
        if table.personal and not table.copy_of
    ]


class Readability:
    """Judges the columns of an answer.

    Args:
        inventory: the data map.
        given: the tables of the answer.
    """

    def __init__(self, inventory: Inventory, given: Sequence[GivenTable]) -> None:
        self._inventory = inventory
        self._languages = inventory.controller.languages
        self._given: Mapping[tuple[str, str], GivenTable] = {(g.source, g.table): g for g in given}

    def missing(self, given: GivenTable) -> dict[str, tuple[Need, ...]]:
        """Return each column that lacks something, with what it lacks."""
        source = self._inventory.sources[given.source]
        found = {column.name: tuple(self._of(source, given, column)) for column in given.columns}
        return {name: needs for name, needs in found.items() if needs}

    def _of(self, source: SourceFile, given: GivenTable, planned: FieldPlan) -> Iterator[Need]:
        table = source.tables[given.table]
        column = table.columns.get(planned.name) or Column()
        if any(not says_more(column.title, planned.name, language) for language in self._languages):
            yield Need.TITLE
        if column.meaning or planned.action is Action.MASK:
            return
        if column.kind == "json" and not column.members:
            yield Need.MEMBERS
        points = [hop for hop in references(source, given.table) if planned.name in dict(hop.pairs)]
        own = planned.name in table.key or any(planned.name == link.column for link in table.subject.values())
        is_id = name_words(planned.name)[1:][-1:] == ["id"] and planned.kind is not ValueKind.BOOLEAN
        is_id = is_id or planned.kind is ValueKind.UUID or planned.name in given.ids
        if (points or is_id) and not own:
            ends = [(hop.parent, dict(hop.pairs)[planned.name]) for hop in points]
            if not any(self._is_named(source, *end) for end in ends):
                yield Need.NAME
            return
        measured = _is_measured(column, planned)
        if (measured or _is_observed(table, column)) and not own and not self._is_dated(source, given):
            yield Need.DATE
        if measured and not (column.unit or column.unit_from or column.codes or column.ranges):
            yield Need.UNIT
        elif not measured and not own and not column.codes and _is_code(column, planned, given):
            yield Need.CODES
        elif not (measured or own or column.codes or column.ranges or column.unit or column.unit_from):
            yield from [Need.UNIT] * _is_bare_number(column, planned)

    def _is_named(self, source: SourceFile, table: str, column: str) -> bool:
        """Whether the row that a column points to is given with its name, or can be found by its number.

        A person knows their own number, so what points to their own record needs no other name.
        """
        declared = source.tables.get(table)
        if declared is None:
            return False
        key = declared.subject.get(self._inventory.identity.person)
        if key is not None and key.column == column:
            return True
        there = self._given.get((source.source, table))
        return there is not None and bool(there.names.intersection({*declared.label, column}))

    def _is_dated(self, source: SourceFile, given: GivenTable) -> bool:
        """Whether a row has a date, or leads to one that has, or is the person's own record."""
        table = source.tables[given.table]
        person = table.subject.get(self._inventory.identity.person)
        if person is not None and table.key in ((), (person.column,)):
            return True
        seen, ahead = {given.table}, [given]
        for there in ahead:
            if any(map(_is_date, there.columns)):
                return True
            parents = {hop.parent for hop in references(source, there.table)} - seen
            seen |= parents
            ahead += filter(None, (self._given.get((source.source, name)) for name in sorted(parents)))
        return False


@dataclass(frozen=True)
class UnreadableColumn:
    """A column that lacks something, and how many cells that makes unreadable."""

    source: str
    table: str
    column: str
    needs: tuple[Need, ...]
    cells: int

    @property
    def path(self) -> str:
        return f"{self.source}.{self.table}.{self.column}"


@dataclass(frozen=True)
class ReadableShare:
    """The share of cells that a person can understand.

    Attributes:
        persons: whose cells are counted; 0: each column counts as a cell.
        columns: those that lack something, worst first.
        not_counted: tables whose cells were not counted.
    """

    cells: int
    persons: int
    columns: tuple[UnreadableColumn, ...]
    not_counted: tuple[str, ...] = ()

    @property
    def percent(self) -> int:
        """Of the cells, rounded down; of none 100."""
        lost = sum(column.cells for column in self.columns)
        return 100 if not self.cells else 100 * (self.cells - lost) // self.cells


def readable_share(
    inventory: Inventory,
    given: Sequence[GivenTable],
    cells: Mapping[tuple[str, str], Mapping[str, int]] | None = None,
    persons: int = 0,
    not_counted: Sequence[str] = (),
) -> ReadableShare:
    """Return the share, and the columns that lack something.

    Args:
        inventory: the data map.
        given: the tables of an answer.
        cells: source and table -> column -> values that are not NULL; None: each column counts as one.
        persons: whose cells they are.
        not_counted: tables without counts.
    """
    if cells is not None:  # a table without rows names nothing to which others point
        given = [table for table in given if any(cells[table.source, table.table].values())]
    judge, found, total = Readability(inventory, given), [], 0
    for table in given:
        of = dict.fromkeys(table.names, 1) if cells is None else cells[table.source, table.table]
        total += sum(of.values())
        found += [
            UnreadableColumn(table.source, table.table, name, needs, of[name])
            for name, needs in judge.missing(table).items()
            if of.get(name)
        ]
    found.sort(key=lambda column: (-column.cells, column.path))
    return ReadableShare(total, persons, tuple(found), tuple(not_counted))


_CODES = ("code", "codes", "flag", "flags", "version", "versie")
_PLAIN_CATEGORIES = ("user.contact", "user.name", "user.unique_id", "user.government_id", "user.account")
_NUMBERS = frozenset({ValueKind.DECIMAL, ValueKind.NUMBER})
_DATED = frozenset({ValueKind.DATE, ValueKind.DATETIME, ValueKind.INSTANT})


def _is_date(column: FieldPlan) -> bool:
    if column.kind in _DATED:
        return True
    words = name_words(column.name)
    by_name = not word_list("date").isdisjoint(words) or any(
        word.endswith(("date", "datum")) for word in words
    )
    return by_name and column.kind in (None, ValueKind.TEXT, ValueKind.INTEGER, ValueKind.TIME)


def _is_measured(column: Column, planned: FieldPlan) -> bool:
    """Whether it is a measurement or an amount; a count of things needs no unit."""
    if (column.category or "").startswith(("user.location", *_PLAIN_CATEGORIES)):
        return False
    words = set(name_words(planned.name))
    if words & word_list("place"):
        return False
    if planned.kind in _NUMBERS:
        return True
    if planned.kind is ValueKind.TEXT:
        texts = not words.isdisjoint(word_list("amount_in_text")) or ends_with(
            planned.name, word_list("money")
        )
        return texts and not column.free_text
    if planned.kind in (None, ValueKind.INTEGER):
        return not words.isdisjoint(word_list("amount")) and words.isdisjoint(
            word_list("may_be_code") | word_list("date") | {*_CODES}
        )
    return False


def _is_bare_number(column: Column, planned: FieldPlan) -> bool:
    """Whether it is a whole number of which neither name nor category says what it counts."""
    if planned.kind is not ValueKind.INTEGER or _is_date(planned):
        return False
    plain = (column.category or "").startswith(("user.location", *_PLAIN_CATEGORIES))
    return not plain and (word_list("counted") | word_list("place")).isdisjoint(name_words(planned.name))


def _is_observed(table: Table, column: Column) -> bool:
    if column.origin is None and table.origin is not None:
        return Origin.OBSERVED in table.origin.values.values()
    return column.origin is Origin.OBSERVED


def _is_code(column: Column, planned: FieldPlan, given: GivenTable) -> bool:
    """Whether its values are codes: by its name, or by their length; not if the next column explains them."""
    plain = (column.category or "").startswith(_PLAIN_CATEGORIES) or column.free_text
    if plain or planned.kind not in (None, ValueKind.TEXT, ValueKind.INTEGER):
        return False
    name = "".join(name_words(planned.name))
    stem = next((name.removesuffix(end) for end in _CODES if name.endswith(end)), None)
    if stem is not None:
        others = {"".join(name_words(other)) for other in given.names}
        return not name.endswith(tuple(word_list("no_code"))) and others.isdisjoint(
            stem + word for word in word_list("explains_code")
        )
    if not word_list("counted").isdisjoint(name_words(planned.name)):
        return False
    if given.short is not None and planned.kind is ValueKind.TEXT:
        return planned.name in given.short
    return not word_list("may_be_code").isdisjoint(name_words(planned.name)[-1:])
