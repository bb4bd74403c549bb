"""The decision that a column waits for: columns with the same one, for the same reason, are one question."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from afschrift.domain.decision import About
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.table import Table
from afschrift.inventory.unconfirmed import resting_on_guesses, unreached
from afschrift.law.person import SPECIAL, below


class Kind(Enum):
    """Kinds of decisions, in the order in which they are asked, each with its title."""

    CATALOGUE = "What rows of people point to"
    OTHERS_NUMBERS = "Numbers of people in other roles"
    OTHERS = "Data about people in other roles"
    OWN_NUMBERS = "Numbers of the person"
    KEYS = "Keys of rows"
    TECHNICAL = "Technical columns"
    HEALTH = "Clinical record (Art. 9)"
    CONTACT = "Name and contact data"
    MONEY = "Payments"
    MEANING = "Columns of one origin and category"
    NAME = "columns of one name"


_ALIKE = ("origin", "protect", "about", "third_party", "mask", "when", "purposes", "automated")
"""Words that decide whether a value is given: columns with different ones are different questions."""
NUMBER = "user.unique_id"
_HEALTH = ("user.health_and_medical",)
_CONTACT = ("user.contact", "user.name")
_MONEY = ("user.payment", "user.financial")
_TECHNICAL = ("name: last change", "name: technical")
_ONE_DECISION = ("name: start or end", "name: region", "name: position")
"""Beginnings of reasons that leave the same question open under any name; others are asked by name."""
_OPEN = "left open: "


@dataclass(frozen=True)
class Decision:
    """What one question is about.

    Attributes:
        same: what its columns have in common; columns of another one are another question.
    """

    kind: Kind
    same: str


class Decisions:
    """The decisions on the columns of an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        people = named_keys(inventory)
        self._sources = {name: _Tables(source, people) for name, source in inventory.sources.items()}

    def of(self, source: str, table: str, name: str, values: Mapping[str, Any], column: Column) -> Decision:
        """Return the decision on one column.

        Args:
            source: of it.
            table: of it.
            name: of it.
            values: its proposed words.
            column: itself.
        """
        tables = self._sources[source]
        category, origin = values.get("category"), values.get("origin")
        kind = self._kind(tables, table, name, values, column)
        parts: list[Any] = [kind.name, {word: values[word] for word in _ALIKE if word in values}]
        if kind is Kind.CATALOGUE:
            parts += [source, None if origin else _left_open(column)]
        elif kind is Kind.MEANING:
            special = below(category, SPECIAL)
            parts.append(category if special else ".".join(str(category).split(".")[:2]))
        elif kind is Kind.HEALTH:
            parts.append(source)
        elif kind is Kind.TECHNICAL or (origin is None and _reason(column).startswith(_ONE_DECISION)):
            parts.append(_left_open(column))
        elif kind is Kind.NAME or (origin is None and kind is not Kind.OWN_NUMBERS):
            parts.append(tables.named_as(table, name).casefold())
        elif below(category, SPECIAL):
            parts.append("special")
        return Decision(kind, json.dumps(parts, sort_keys=True))

    def is_asked(self, source: str, table: str, name: str) -> bool:
        """Whether a key of the people who ask reaches a column, or it finds the rows of other people."""
        return self.is_reached(source, table) or name in self._sources[source].ways(table)

    def is_reached(self, source: str, table: str) -> bool:
        """Whether a key of the people who ask may reach a table."""
        return table not in self._sources[source].unreached

    def _kind(
        self, tables: _Tables, table: str, name: str, values: Mapping[str, Any], column: Column
    ) -> Kind:
        category, origin = values.get("category"), values.get("origin")
        others = values.get("about") == About.THIRD_PARTY
        is_key = origin == Origin.ASSIGNED and category == NUMBER
        if "protect" in values or (not others and tables.takes_over_others(table, name)):
            return Kind.NAME
        if (is_key or not origin) and not others and name in tables.keys_of_people(table):
            return Kind.OTHERS_NUMBERS if table in tables.unreached else Kind.OWN_NUMBERS
        if origin == Origin.NOT_PERSONAL and table in tables.catalogue:
            return Kind.CATALOGUE
        if others or tables.points_at_people(table, name):
            return Kind.OTHERS if origin else Kind.NAME
        if is_key or (not origin and tables.named_as(table, name) != name):
            return Kind.KEYS if origin else Kind.NAME
        if _reason(column).startswith(_TECHNICAL):
            return Kind.CATALOGUE if origin and table in tables.catalogue else Kind.TECHNICAL
        catalogue = table in tables.catalogue
        record = table in tables.clinical and not catalogue and name not in tables.ways(table)
        return _by_category(origin, category, catalogue=catalogue, ill=record)


def _by_category(origin: str | None, category: str | None, *, catalogue: bool, ill: bool) -> Kind:
    if below(category, _HEALTH) or (ill and not origin):
        return Kind.HEALTH
    if origin and below(category, _CONTACT):
        return Kind.CONTACT
    if catalogue and (origin or not category):
        return Kind.CATALOGUE
    if not (origin and category):
        return Kind.NAME
    return Kind.MONEY if below(category, _MONEY) else Kind.MEANING


def named_keys(inventory: Inventory) -> frozenset[str]:
    """Return the keys of the people who ask: the person's own, and what a row has with one of them."""
    found = {inventory.identity.person}
    tables = [table for _, table in inventory.tables()]
    while more := {key for table in tables if found & set(table.links) for key in table.links} - found:
        found |= more
    return frozenset(found)


def _reason(column: Column) -> str:
    return column.proposed.because if column.proposed else ""


def _left_open(column: Column) -> str:
    return _reason(column).partition(_OPEN)[2]


class _Tables:
    """The tables of one source, by their place among those of people."""

    def __init__(self, source: SourceFile, people: frozenset[str]) -> None:
        self._tables, self._people = source.tables, people

    @cached_property
    def catalogue(self) -> frozenset[str]:
        """Tables to whose key rows of other tables point: articles, cities, departments."""
        return frozenset(name for name, table in self._tables.items() if self._is_catalogue(table))

    def _is_catalogue(self, table: Table) -> bool:
        ends = [(own, *end.rsplit(".", 1)) for join in table.join for own, end in join.items()]
        keys = {name: other.key for name, other in self._tables.items()}
        return (
            bool(ends)
            and not table.subject
            and all((own,) == table.key and keys.get(to) != (column,) for own, to, column in ends)
        )

    @cached_property
    def clinical(self) -> frozenset[str]:
        """Tables with a column about health."""
        return frozenset(
            name
            for name, table in self._tables.items()
            if any(below((column.proposal or column).category, _HEALTH) for column in table.columns.values())
        )

    @cached_property
    def _ways(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {name: set() for name in self._tables}
        for name, table in self._tables.items():
            found[name] |= self.keys_of_people(name)
            for own, end in (way for join in table.join for way in join.items()):
                found[name].add(own)
                to, _, column = end.rpartition(".")
                found.setdefault(to, set()).add(column)
        return found

    def ways(self, table: str) -> set[str]:
        """Return the columns of a table that say whose its rows are, or whose those of others are."""
        return self._ways[table]

    def keys_of_people(self, table: str) -> set[str]:
        """Return the columns of a table that hold a key of a person."""
        return {column for link in self._tables[table].subject.values() for column in link.columns}

    def points_at_people(self, table: str, column: str) -> bool:
        """Whether a column that finds no rows points to a key of people: they are in another role."""
        to, _, key = self._tables[table].references.get(column, "").rpartition(".")
        return to in self._tables and key in self.keys_of_people(to)

    def named_as(self, table: str, column: str) -> str:
        """Return the name of the column that a key without words of its own takes them from, else its own."""
        return self._joined(table, column)[2] or column

    def takes_over_others(self, table: str, column: str) -> bool:
        """Whether a key takes over, from the column that it joins to, that it is about others."""
        to, _, name = self._joined(table, column)
        other = self._tables[to].columns.get(name) if to in self._tables else None
        return other is not None and (other.proposal or other).about is About.THIRD_PARTY

    def _joined(self, table: str, column: str) -> tuple[str, str, str]:
        ends = [join[column] for join in self._tables[table].join if column in join]
        return ends[0].rpartition(".") if ends else ("", "", "")

    @cached_property
    def unreached(self) -> frozenset[str]:
        """Tables that no key of the people who ask reaches; their ways are not guessed."""
        return unreached(self._tables, self._people) - resting_on_guesses(self._tables)
