"""What points from one table to another: foreign keys that a database declares, and what is guessed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from afschrift.domain.name_parts import flat, pointed_to, row_names, word_set, words
from afschrift.domain.sources import ForeignKey

_OTHER_ROLES = word_set(
    "created creator updated updater modified modifier changed deleted approved approver assigned assignee "
    "handled handler closed reviewed reviewer verified processed entered manager supervisor agent rep "
    "employee operator moderator editor admin staff salesperson referrer referred inviter invited reports "
    "report boss lead responsible coach mentor representative behandelaar medewerker verkoper aangemaakt "
    "gewijzigd toegewezen goedgekeurd leidinggevende contactpersoon adviseur"
)


_OWN_DEEDS = word_set(
    "ordered placed bought purchased sent paid requested submitted owned uploaded written posted booked "
    "reported rated made"
)
"""Deeds by which a row is of the person who did it."""


@dataclass(frozen=True)
class Edge:
    """A pointer: rows of `table` name a row of `parent`.

    Attributes:
        guess: why it is taken for one, where the database declares none; empty: it declares it.
        through: it leads to `parent` by a table that has the same key, such as the one that `parent` extends.
    """

    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    guess: str = ""
    through: str = ""

    @property
    def text(self) -> str:
        """`orders.customer_id -> customer.customer_id`."""
        own, theirs = ", ".join(self.columns), ", ".join(self.parent_columns)
        return f"{self.table}.{own} -> {self.parent}.{theirs}"

    @property
    def can_be_written(self) -> bool:
        """Whether a `join` can name where it ends: it writes `table.column`, so no column may have a dot."""
        return not any("." in column for column in self.parent_columns)

    @property
    def can_lead_back(self) -> bool:
        """The same of where it begins, for what is pointed to."""
        return not any("." in column for column in self.columns)

    @property
    def of_another_role(self) -> bool:
        """Whether its name says that it names a person who dealt with the row, such as `approved_by`."""
        named = {word for column in self.columns for word in words(column)}
        by = "by" in named and not named & _OWN_DEEDS
        return (by or bool(named & _OTHER_ROLES)) and not row_names(self.parent) & named

    @property
    def names_parent(self) -> bool:
        """Whether its columns are called as the table or the key that they point to, such as `user_id`."""
        same = {flat(column) for column in self.parent_columns}
        return all(
            (pointed_to(column) or flat(column)) in row_names(self.parent) or flat(column) in same
            for column in self.columns
        )


def target(edge: Edge) -> str:
    """`customer.customer_id`."""
    return f"{edge.parent}.{edge.parent_columns[0]}"


def declared(keys: Iterable[ForeignKey], whole: Mapping[str, str]) -> list[Edge]:
    """Foreign keys as edges, each once; those of a part of a table are the table's.

    Args:
        keys: that the database declares.
        whole: part -> the table that its rows are read with.
    """
    edges = (
        Edge(
            whole.get(key.table, key.table),
            key.columns,
            whole.get(key.parent, key.parent),
            key.parent_columns,
        )
        for key in keys
    )
    return list(dict.fromkeys(edges))


def clear(
    edges: Iterable[Edge], by_values: Collection[Edge], people: Mapping[str, str | None]
) -> Iterator[Edge]:
    """Yield edges without those that only values prove and that leave open whose the rows are.

    Such as a column with numbers of two kinds of people, unless a name decides or the two are the same
    people, and a person's own number that is found in a table: its rows may be theirs, so it is no look-up.

    Args:
        edges: each once.
        by_values: those that only values prove.
        people: tables of people, with the column of their key.
    """
    edges = list(edges)
    same = {frozenset((edge.table, edge.parent)) for edge in edges}
    to_people = [edge for edge in edges if edge.parent in people]
    for edge in edges:
        at = (edge.table, edge.columns) if edge in by_values and edge.parent in people else None
        others = [other for other in to_people if (other.table, other.columns) == at]
        named = {other.parent for other in others if other not in by_values or other.names_parent}
        kinds = {frozenset((edge.parent, other.parent)) for other in others} - {frozenset((edge.parent,))}
        several = edge.table not in people and len(named) != 1 and not kinds <= same
        own = edge.parent not in people and edge.columns == (people.get(edge.table),)
        if edge not in by_values or not (several or own):
            yield edge
