"""How tables of one source lead to tables with a key of the person, and to rows with a label."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from afschrift.domain.sources import ForeignKey
from afschrift.inventory.model import Inventory, SourceFile


@dataclass(frozen=True)
class Hop:
    """One alternative from a table to a parent: pairs of (own column, parent's column)."""

    parent: str
    pairs: tuple[tuple[str, str], ...]


def hops(source: SourceFile, table: str) -> Iterator[Hop]:
    """Yield the alternatives of a table's `join`, in the order of the file."""
    for join in source.tables[table].join:
        pairs = tuple((own, target.rpartition(".")[2]) for own, target in join.items())
        yield Hop(next(iter(join.values())).rpartition(".")[0], pairs)


def on_the_way(source: SourceFile, table: str) -> Iterator[str]:
    """Yield a table, and those that its joins lead to; a table with `shared_rows` ends the way."""
    found, ahead = {table: None}, [table]
    for name in ahead:
        if source.tables[name].shared_rows is None:
            parents = [hop.parent for hop in hops(source, name) if hop.parent not in found]
            found |= dict.fromkeys(parents)
            ahead += dict.fromkeys(parents)
    yield from found


def references(source: SourceFile, table: str, known: Sequence[ForeignKey] = ()) -> Iterator[Hop]:
    """Yield every way from a table to another one.

    These are its joins, its `references`, the look-ups that it points to, and foreign keys of the database.

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
    """Yield the foreign keys of the database that start at a table."""
    for key in known:
        if key.table == table:
            yield Hop(key.parent, tuple(zip(key.columns, key.parent_columns, strict=True)))


def references_of(source: SourceFile, table: str) -> Iterator[Hop]:
    for own, target in source.tables[table].references.items():
        yield Hop(target.rpartition(".")[0], ((own, target.rpartition(".")[2]),))


def look_ups(source: SourceFile, table: str) -> Iterator[Hop]:
    """Yield the look-ups of a table: tables joined by their own key to a column of this one."""
    for name in source.joined_to.get(table, ()):
        for hop in hops(source, name):
            if hop.parent == table and is_look_up(source, name, hop):
                yield Hop(name, tuple((h, o) for o, h in hop.pairs))


def is_look_up(source: SourceFile, table: str, hop: Hop) -> bool:
    """Whether a join goes from a table's own key to a column of the parent that is not the parent's key.

    In the database the parent then points to this table, so a row here can belong to several persons.
    """
    own, theirs = {o for o, _ in hop.pairs}, {t for _, t in hop.pairs}
    return own == set(source.tables[table].key) and theirs != set(source.tables[hop.parent].key)


def reference_id(table: str, hop: Hop) -> str:
    """Return the name of a relation: `orders(address_id)->address(address_id)`."""
    own = ",".join(column for column, _ in hop.pairs)
    theirs = ",".join(column for _, column in hop.pairs)
    return f"{table}({own})->{hop.parent}({theirs})"


def find_table(inventory: Inventory, source: str, name: str) -> tuple[str, str] | None:
    """Return source and name of a table, by `table`, or by `source.table` for one of another source."""
    if name in inventory.sources[source].tables:
        return source, name
    other, _, table = name.partition(".")
    known = other in inventory.sources and table in inventory.sources[other].tables
    return (other, table) if known else None


def leads_to_person(source: SourceFile, table: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether some way without a cycle ends at a table with `subject`."""
    if table in seen or table not in source.tables:
        return False
    if source.tables[table].subject:
        return True
    return any(leads_to_person(source, hop.parent, seen | {table}) for hop in hops(source, table))


def key_columns(source: SourceFile, entries: Collection[str], column: str) -> frozenset[str]:
    """Return identity keys that a column may hold outside its table's ways, by its name or references.

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
    """Yield the keys that a column `table.column` holds by `subject`."""
    name, _, column = (target or "").rpartition(".")
    if name in source.tables:
        yield from (key for key, link in source.tables[name].subject.items() if link.column == column)


def tie_columns(source: SourceFile, table: str) -> frozenset[str]:
    """Return the columns that link a table to others: its key, its pointers, and what others point to (K43).

    A reference outside the joins to another person's key is not included.
    """
    declared = source.tables[table]
    joined = {column for join in declared.join for column in join}
    theirs = {own for own, target in declared.references.items() if _names_person(source, target)}
    theirs -= {*joined, *(link.column for link in declared.subject.values())}
    pointed = source.pointed_at.get(table, frozenset())
    return frozenset({*joined, *declared.key, *declared.references, *pointed} - theirs)


def perhaps_other_person(source: SourceFile, table: str) -> frozenset[str]:
    """Return columns outside the joins that hold another person's key if a guessed way is right."""
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
    """Whether a `table.column` is an identity key, or a column of a table with `names`."""
    name, _, column = target.rpartition(".")
    table = source.tables[name]
    return table.names is not None or column in {link.column for link in table.subject.values()}


def labelled_ways(source: SourceFile, table: str, known: Sequence[ForeignKey] = ()) -> Iterator[Hop]:
    """Yield the ways from a table to one with a `label`, composite keys first.

    `references` and foreign keys hold for every row. Of several joins from the same column a row follows one,
    and which one is not known here, so these are left out.

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
    """Whether the columns of one way are among those of the other, as for a number with its kind."""
    return _own(hop) <= _own(other) or _own(other) <= _own(hop)


def _is_by_key(source: SourceFile, hop: Hop) -> bool:
    """Whether a join leads to a single row: from a rental to its film, but not from a film to its rentals."""
    return {theirs for _, theirs in hop.pairs} == set(source.tables[hop.parent].key)


def _is_settled(source: SourceFile, table: str, hop: Hop) -> bool:
    """Whether the columns of the way and of the label are confirmed: a proposal is not shown."""
    here, other = source.tables[table], source.tables[hop.parent]
    waiting = [here.waits(own) for own, _ in hop.pairs]
    waiting += [other.waits(column) for column in (*other.label, *(theirs for _, theirs in hop.pairs))]
    return not any(waiting)
