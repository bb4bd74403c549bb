"""How tables of one source lead to the tables that know the person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from afschrift.inventory.model import SourceFile


@dataclass(frozen=True)
class Hop:
    """One alternative from a table to a parent: pairs of (own column, parent's column)."""

    parent: str
    pairs: tuple[tuple[str, str], ...]


def hops(source: SourceFile, table: str) -> Iterator[Hop]:
    """The alternatives of a table's `join`, in the order written."""
    for join in source.tables[table].join:
        pairs = tuple((own, target.rpartition(".")[2]) for own, target in join.items())
        yield Hop(next(iter(join.values())).rpartition(".")[0], pairs)


def references(source: SourceFile, table: str) -> Iterator[Hop]:
    """Every way from a table to another one: its joins, then what it declares under `references`."""
    seen = set()
    declared = source.tables[table].references
    named = [
        Hop(target.rpartition(".")[0], ((own, target.rpartition(".")[2]),))
        for own, target in declared.items()
    ]
    for hop in (*hops(source, table), *named):
        if hop not in seen:
            seen.add(hop)
            yield hop


def reference_id(table: str, hop: Hop) -> str:
    """Name of a relation inside its source: `orders(address_id)->address(address_id)`."""
    own = ",".join(column for column, _ in hop.pairs)
    theirs = ",".join(column for _, column in hop.pairs)
    return f"{table}({own})->{hop.parent}({theirs})"


def leads_to_person(source: SourceFile, table: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether some way without a cycle ends at a table with `subject`."""
    if table in seen or table not in source.tables:
        return False
    if source.tables[table].subject:
        return True
    return any(leads_to_person(source, hop.parent, seen | {table}) for hop in hops(source, table))


def join_columns(source: SourceFile, table: str) -> frozenset[str]:
    """Columns that tie a table to another one: its key where others point, its own pointers (K43)."""
    own = {column for join in source.tables[table].join for column in join}
    pointed = {
        target.rpartition(".")[2]
        for other in source.tables.values()
        for join in other.join
        for target in join.values()
        if target.rpartition(".")[0] == table
    }
    return frozenset(own | pointed)
