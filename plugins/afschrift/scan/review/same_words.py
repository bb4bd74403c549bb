"""After an answer an inventory says what was shown with the answer, and all else as before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.scan.review.groups import Group, Place, words_of


def altered(before: Inventory, after: Inventory, group: Group, said: Mapping[str, Any]) -> Iterator[str]:
    """Places of which the inventory says something else than a person saw and answered.

    Args:
        before: what was shown.
        after: with the answer in it.
        group: the question.
        said: the words of the answer.
    """
    for name, source in before.sources.items():
        now = after.sources.get(name)
        if now is None or now.tables.keys() != source.tables.keys() or _apart(now) != _apart(source):
            yield name
            continue
        yield from _tables(source, now, group, said)


def _apart(source: SourceFile) -> dict[str, Any]:
    return source.model_dump(exclude={"tables", "confirmations"})


def _tables(source: SourceFile, now: SourceFile, group: Group, said: Mapping[str, Any]) -> Iterator[str]:
    touched = set(group.places)
    for name, table in source.tables.items():
        place = Place(source.source, name)
        columns, other = table.columns, now.tables[name].columns
        given = {"columns", "confirmed"} | ({"review", "ways", "decided"} if place in touched else set())
        if table.model_dump(exclude=given) != now.tables[name].model_dump(exclude=given):
            yield place.path
        for column in {**columns, **other}:
            of = Place(source.source, name, column)
            if column not in columns or column not in other:
                yield of.path
                continue
            old, new = columns[column], other[column]
            # a way, or a column of one, frees what a person confirmed of other columns as well
            may_count = of in touched or group.is_table or bool(old.awaits)
            if {**_words(old), **(said if of in touched else {})} != _words(new) or not (
                may_count or old.model_dump() == new.model_dump()
            ):
                yield of.path


def _words(column: Column) -> dict[str, Any]:
    """What is said of a column, confirmed or not, but for who says it."""
    review = (column.proposal or column).review
    return words_of(column) | ({"review": "case"} if review == "case" else {})
