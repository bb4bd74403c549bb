"""Primary and foreign keys among the tables of a bundle.

They come from the inventory's keys, joins and references, and from the foreign keys of the database.

A key is told as one only where the person's rows satisfy it, so that a database may enforce it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from afschrift.bundle.contents import Contents
from afschrift.domain.decision import Action
from afschrift.domain.extracted import TableExtract
from afschrift.domain.plan import ExtractPlan
from afschrift.inventory.joins import Hop, reference_id, references


class Why(StrEnum):
    """Why a relation is no foreign key of the data package."""

    TABLE_NOT_INCLUDED = "table_not_included"  # the other table, or its column, is not in the bundle
    ROWS_NOT_INCLUDED = "rows_not_included"  # some values point to rows that are not in the bundle
    NOT_A_KEY = "not_a_key"  # the columns on the other side are no key there
    IN_PARTS = "in_parts"  # the other table is in several files


@dataclass(frozen=True)
class Relation:
    """A way to join two tables of a source.

    Attributes:
        why_not: None where every value is found on the other side.
    """

    fields: tuple[str, ...]
    table: str
    reference: tuple[str, ...]
    why_not: Why | None

    @property
    def holds(self) -> bool:
        """Whether a database may enforce it."""
        return self.why_not is None


def primary_key(contents: Contents, extract: ExtractPlan) -> tuple[str, ...]:
    """Columns of the key; nothing where one is not in the file as it is, or rows do not satisfy it."""
    key = contents.table(extract.source, extract.table).key
    written = contents.extracted(extract.source, extract.table)
    seen = written.seen if written else None
    if seen is not None and (not seen.key_unique or set(key) & seen.nulls.keys()):
        return ()
    return key if set(key) <= _whole(extract) else ()


def relations(contents: Contents, extract: ExtractPlan) -> Iterator[Relation]:
    """The relations of a table whose columns are in its files."""
    held = {p.table: (p, written) for p, written in contents.held if p.source == extract.source}
    source, known = contents.source(extract.source), contents.structure(extract.source).foreign_keys
    for hop in references(source, extract.table, known):
        fields = tuple(own for own, _ in hop.pairs)
        reference = tuple(theirs for _, theirs in hop.pairs)
        if not set(fields) <= _whole(extract):
            continue
        other = held.get(hop.parent)
        if other is None or not set(reference) <= _whole(other[0]):
            yield Relation(fields, hop.parent, reference, Why.TABLE_NOT_INCLUDED)
        else:
            yield Relation(fields, hop.parent, reference, _why_not(contents, extract, hop, *other))


def _why_not(
    contents: Contents, extract: ExtractPlan, hop: Hop, other: ExtractPlan, written: TableExtract
) -> Why | None:
    seen = contents.references(extract.source).get(reference_id(extract.table, hop))
    if not (_by_its_way(contents, extract, hop, other) if seen is None else seen):
        return Why.ROWS_NOT_INCLUDED
    if set(primary_key(contents, other)) != {theirs for _, theirs in hop.pairs}:
        return Why.NOT_A_KEY
    return Why.IN_PARTS if len(written.parts) > 1 else None


def _by_its_way(contents: Contents, extract: ExtractPlan, hop: Hop, other: ExtractPlan) -> bool:
    """Where nobody compared: rows that came by this way alone have their counterpart, all rows being in."""
    table = contents.table(extract.source, extract.table)
    only_way = len(table.join) == 1 and not table.subject and set(table.join[0]) == {o for o, _ in hop.pairs}
    return only_way and not other.row_rule


def _whole(extract: ExtractPlan) -> set[str]:
    return {field.name for field in extract.fields if field.action is Action.INCLUDE}
