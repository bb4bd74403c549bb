"""Which columns point to a row that has words of its own, so that a reader need not look a number up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from afschrift.domain.sources import ForeignKey
from afschrift.inventory.joins import Hop, foreign_keys, hops, look_ups, references_of
from afschrift.inventory.model import SourceFile


def labelled_ways(source: SourceFile, table: str, known: Sequence[ForeignKey] = ()) -> Iterator[Hop]:
    """The ways from a table to one with a `label`, composite keys first.

    A `join` says how rows become the person's, and of several from one column, be it with a further one, each
    row goes by one: which one is not known here, so none counts. What `references` or the database declares
    holds for every row.

    Args:
        source: of the table.
        table: its name.
        known: foreign keys of the database.
    """
    if not source.labelled:
        return
    declared = [*references_of(source, table), *foreign_keys(table, known)]
    sure = {_own(hop) for hop in declared}
    ways = list(hops(source, table))
    joined = [hop for hop in (*ways, *look_ups(source, table)) if _own(hop) not in sure]
    alone = [
        hop
        for hop in joined
        if not any(one.parent != hop.parent and _own(one) == _own(hop) for one in joined)
        and not (hop in ways and any(one.parent != hop.parent and _within(one, hop) for one in ways))
    ]
    found = [*declared, *(hop for hop in alone if _is_by_key(source, hop))]
    for hop in sorted(dict.fromkeys(found), key=lambda hop: -len(hop.pairs)):
        if hop.parent in source.labelled and _is_settled(source, table, hop):
            yield hop


def _own(hop: Hop) -> frozenset[str]:
    return frozenset(own for own, _ in hop.pairs)


def _within(one: Hop, other: Hop) -> bool:
    """Whether all columns of one point somewhere in the other one too, as a number does with its kind."""
    return _own(one) <= _own(other) or _own(other) <= _own(one)


def _is_by_key(source: SourceFile, hop: Hop) -> bool:
    """Whether a join leads to one row, as one from a film to its rentals does not."""
    return {theirs for _, theirs in hop.pairs} == set(source.tables[hop.parent].key)


def _is_settled(source: SourceFile, table: str, hop: Hop) -> bool:
    """Whether people confirmed what points and what it is called: of a proposal nobody is told."""
    here, other = source.tables[table], source.tables[hop.parent]
    waiting = [here.waits(own) for own, _ in hop.pairs]
    waiting += [other.waits(column) for column in (*other.label, *(theirs for _, theirs in hop.pairs))]
    return not any(waiting)
