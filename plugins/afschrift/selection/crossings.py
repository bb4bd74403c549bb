"""Joins by which a row of another person might have the parent key of a row that is the person's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from afschrift.inventory.joins import hops, is_look_up
from afschrift.inventory.model import SourceFile
from afschrift.selection.person import WayFinder
from afschrift.selection.ways import Match, Via


@dataclass(frozen=True)
class Bears:
    """This row points to a row of a parent, under an alias, that is of anybody by one of `bears`."""

    relation: str
    alias: str
    pairs: tuple[str, ...]
    bears: tuple[str | Bears, ...]


@dataclass(frozen=True)
class Crossing:
    """A join of a table to a parent, of which rows of several persons may have the same key.

    Attributes:
        words: the columns and the parent.
        pairs: that two rows of the parent, `t` and `o`, have the same key.
        theirs, own: the ways of the parent's rows, as `o` and as `t`.
        bears: its columns that hold a key of a person, and the rows that it points to.
    """

    words: str
    relation: str
    pairs: tuple[str, ...]
    theirs: tuple[Match | Via, ...]
    own: tuple[Match | Via, ...]
    bears: tuple[str | Bears, ...]


def crossings(source: SourceFile, finder: WayFinder, table: str) -> Iterator[Crossing]:
    """Those of a table itself; none where its rows are of each: a look-up's, or as the map says."""
    if source.tables[table].shared_rows is not None:
        return
    for hop in hops(source, table):
        if is_look_up(source, table, hop):
            continue
        if own := finder.belongs(hop.parent, "t", table):
            theirs = finder.belongs(hop.parent, "o", table)
            pairs = (finder.equal((hop.parent, its, "t"), (hop.parent, its, "o")) for _, its in hop.pairs)
            bears = _bears(source, finder, hop.parent, "t", frozenset({table}))
            words = f"{', '.join(own for own, _ in hop.pairs)} -> {hop.parent}"
            yield Crossing(words, finder.relation(hop.parent), tuple(pairs), theirs, own, bears)


def _bears(
    source: SourceFile, finder: WayFinder, table: str, alias: str, seen: frozenset[str]
) -> tuple[str | Bears, ...]:
    """How a row is of anybody at all: by a key that it bears, or by a row that it points to."""
    links = source.tables[table].subject.values()
    found: list[str | Bears] = [finder.column(table, link.column, alias) for link in links]
    for number, hop in enumerate(hops(source, table), start=1):
        parent = f"{alias}{number}"
        if hop.parent in seen | {table}:
            continue
        if inner := _bears(source, finder, hop.parent, parent, seen | {table}):
            pairs = (finder.equal((table, own, alias), (hop.parent, its, parent)) for own, its in hop.pairs)
            found.append(Bears(finder.relation(hop.parent), parent, tuple(pairs), inner))
    return tuple(found)
