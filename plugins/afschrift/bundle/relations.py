"""Primary and foreign keys among the tables of a bundle, from the inventory's keys and joins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from afschrift.bundle.contents import Contents
from afschrift.core.decision import Action
from afschrift.core.manifest import ExtractPlan


@dataclass(frozen=True)
class Relation:
    """A way to join two tables of the bundle.

    Attributes:
        holds: every value is found on the other side, so that a database may enforce it.
            False where rows may point to data of somebody else, which are not in the bundle.
    """

    fields: tuple[str, ...]
    table: str
    reference: tuple[str, ...]
    holds: bool


def primary_key(contents: Contents, extract: ExtractPlan) -> tuple[str, ...]:
    """Columns of the key, or nothing where one of them is not in the file as it is."""
    key = contents.table(extract.source, extract.table).key
    return key if set(key) <= _whole(extract) else ()


def relations(contents: Contents, extract: ExtractPlan) -> Iterator[Relation]:
    """The joins whose columns are in the bundle on both sides."""
    table = contents.table(extract.source, extract.table)
    held = {p.table: (p, written) for p, written in contents.held if p.source == extract.source}
    for way in table.join:
        targets = {target.rsplit(".", 1)[0] for target in way.values()}
        if len(targets) != 1:
            continue
        target = targets.pop()
        reference = tuple(column.rsplit(".", 1)[1] for column in way.values())
        other, written = held.get(target, (None, None))
        if other and written and set(way) <= _whole(extract) and set(reference) <= _whole(other):
            # Rows that came by this way alone have their counterpart, unless it was left out by row,
            # or may stand in another part of a large table.
            only_way = len(table.join) == 1 and not table.subject
            holds = only_way and not other.row_rule and len(written.parts) == 1
            yield Relation(tuple(way), target, reference, holds)


def _whole(extract: ExtractPlan) -> set[str]:
    return {field.name for field in extract.fields if field.action is Action.INCLUDE}
