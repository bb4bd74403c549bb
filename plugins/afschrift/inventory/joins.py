"""How tables of one source lead to the tables that know the person, and to rows with a label."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from afschrift.domain.sources import ForeignKey
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


def on_the_way(source: SourceFile, table: str) -> Iterator[str]:
    """A table, and those that its joins lead to; `shared_rows` ends the way, as a decision."""
    found, ahead = {table: None}, [table]
    for name in ahead:
        if source.tables[name].shared_rows is None:
            parents = [hop.parent for hop in hops(source, name) if hop.parent not in found]
            found |= dict.fromkeys(parents)
            ahead += dict.fromkeys(parents)
    yield from found


def references(source: SourceFile, table: str, known: Sequence[ForeignKey] = ()) -> Iterator[Hop]:
    """Every way from a table to another one.

    Its joins, what it declares under `references`, the look-ups that it points to, and what the database
    itself declares.

    Args:
        source: of the table.
        table: its name.
        known: foreign keys of the database.
    """
    seen = set()
    keys = foreign_keys(table, known)
    for hop in (*hops(source, table), *references_of(source, table), *look_ups(source, table), *keys):
        same = (hop.parent, frozenset(hop.pairs))
        if same not in seen:
            seen.add(same)
            yield hop


def foreign_keys(table: str, known: Sequence[ForeignKey]) -> Iterator[Hop]:
    """Those of the database that start at a table."""
    for key in known:
        if key.table == table:
            yield Hop(key.parent, tuple(zip(key.columns, key.parent_columns, strict=True)))


def references_of(source: SourceFile, table: str) -> Iterator[Hop]:
    """What a table declares under `references`."""
    for own, target in source.tables[table].references.items():
        yield Hop(target.rpartition(".")[0], ((own, target.rpartition(".")[2]),))


def look_ups(source: SourceFile, table: str) -> Iterator[Hop]:
    """Tables that are joined by their own key to a column here: in the database this table points to them."""
    for name in source.joined_to.get(table, ()):
        for hop in hops(source, name):
            if hop.parent == table and is_look_up(source, name, hop):
                yield Hop(name, tuple((h, o) for o, h in hop.pairs))


def is_look_up(source: SourceFile, table: str, hop: Hop) -> bool:
    """Whether a join goes from a table's own key to a column of the parent that is not its key.

    In the database the parent points to this table then, and a row here is of each row that names it.
    """
    own, theirs = {o for o, _ in hop.pairs}, {t for _, t in hop.pairs}
    return own == set(source.tables[table].key) and theirs != set(source.tables[hop.parent].key)


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


def key_columns(source: SourceFile, entries: Collection[str], column: str) -> frozenset[str]:
    """Identity keys that a column may hold beside the ways of its table: by its name, or by where it points.

    Args:
        source: the source.
        entries: the entries of one table of it.
        column: a column of that table.
    """
    pointed: set[str] = set()
    reached: set[str] = set()
    for name in entries:
        table = source.tables[name]
        reached |= {key for key, link in table.subject.items() if link.column == column}
        reached |= {key for join in table.join for key in _keys_at(source, join.get(column))}
        pointed |= {column, *_keys_at(source, table.references.get(column))}
    return frozenset(pointed - reached)


def _keys_at(source: SourceFile, target: str | None) -> Iterator[str]:
    """The keys that a column `table.column` holds by itself."""
    name, _, column = (target or "").rpartition(".")
    if name in source.tables:
        yield from (key for key, link in source.tables[name].subject.items() if link.column == column)


def tie_columns(source: SourceFile, table: str) -> frozenset[str]:
    """Columns that tie a table to others: its key, its pointers, and what others point to (K43).

    A pointer beside the joins that leads to another person's number is none of them.
    """
    declared = source.tables[table]
    joined = {column for join in declared.join for column in join}
    theirs = {own for own, target in declared.references.items() if _names_person(source, target)}
    theirs -= {*joined, *(link.column for link in declared.subject.values())}
    pointed = source.pointed_at.get(table, frozenset())
    return frozenset({*joined, *declared.key, *declared.references, *pointed} - theirs)


def perhaps_other_person(source: SourceFile, table: str) -> frozenset[str]:
    """Columns beside the joins of a table that are another person's number if a guessed way is right."""
    declared = source.tables[table]
    own = {link.column for link in declared.subject.values()} | {
        column for join in declared.join for column in join
    }
    return frozenset(
        column
        for column, target in declared.references.items()
        if column not in own
        and _names_person(source, target)
        and source.tables[target.rpartition(".")[0]].names is None
        and not source.may_follow(target.rpartition(".")[0])
    )


def _names_person(source: SourceFile, target: str) -> bool:
    """Whether a `table.column` is a key by which people are known, or of a table of their names."""
    name, _, column = target.rpartition(".")
    table = source.tables[name]
    return table.names is not None or column in {link.column for link in table.subject.values()}


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
        if not any(other.parent != hop.parent and _own(other) == _own(hop) for other in joined)
        and not (hop in ways and any(other.parent != hop.parent and _within(other, hop) for other in ways))
    ]
    found = [*declared, *(hop for hop in alone if _is_by_key(source, hop))]
    for hop in sorted(dict.fromkeys(found), key=lambda hop: -len(hop.pairs)):
        if hop.parent in source.labelled and _is_settled(source, table, hop):
            yield hop


def _own(hop: Hop) -> frozenset[str]:
    return frozenset(own for own, _ in hop.pairs)


def _within(hop: Hop, other: Hop) -> bool:
    """Whether all columns of one point somewhere in the other one too, as a number does with its kind."""
    return _own(hop) <= _own(other) or _own(other) <= _own(hop)


def _is_by_key(source: SourceFile, hop: Hop) -> bool:
    """Whether a join leads to one row, as one from a film to its rentals does not."""
    return {theirs for _, theirs in hop.pairs} == set(source.tables[hop.parent].key)


def _is_settled(source: SourceFile, table: str, hop: Hop) -> bool:
    """Whether people confirmed what points and what it is called: a proposal is not shown."""
    here, other = source.tables[table], source.tables[hop.parent]
    waiting = [here.waits(own) for own, _ in hop.pairs]
    waiting += [other.waits(column) for column in (*other.label, *(theirs for _, theirs in hop.pairs))]
    return not any(waiting)
