"""After an answer an inventory says what was shown with the answer, and all else as before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from afschrift.datamap.review.answer_text import with_answer
from afschrift.datamap.review.groups import Group, words_of
from afschrift.datamap.review.pointing import Place, taken_over
from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory, SourceFile

Said = Mapping[Place, Mapping[str, Any]]
"""Place -> what was said of it otherwise than was proposed; those that were answered alone."""


def altered(
    before: Inventory, after: Inventory, answered: Sequence[tuple[Group, Mapping[str, Any]]]
) -> Iterator[str]:
    """Places of which the inventory says something else than a person saw and answered.

    Args:
        before: what was shown.
        after: with the answers in it.
        answered: each question, with the words of its answer.
    """
    said = {place: words for group, words in answered for place in group.places}
    takers = {place for group, _ in answered for place in (*group.places, *group.takers)}
    frees = any(group.is_table for group, _ in answered)
    for name, source in before.sources.items():
        now = after.sources.get(name)
        if now is None or now.tables.keys() != source.tables.keys() or _apart(now) != _apart(source):
            yield name
            continue
        yield from _tables(source, now, said, takers, frees)


def _apart(source: SourceFile) -> dict[str, Any]:
    return source.model_dump(exclude={"tables", "confirmations"})


def _tables(
    source: SourceFile, now: SourceFile, said: Said, takers: Set[Place], frees: bool
) -> Iterator[str]:
    given_by = [place for place in (*said, *takers) if place.source == source.source]
    for name, table in source.tables.items():
        place = Place(source.source, name)
        columns, other = table.columns, now.tables[name].columns
        given = {"columns", "confirmed"} | ({"review", "ways", "decided"} if place in said else set())
        if table.model_dump(exclude=given) != now.tables[name].model_dump(exclude=given):
            yield place.path
        for column in {**columns, **other}:
            of = Place(source.source, name, column)
            if column not in columns or column not in other:
                yield of.path
                continue
            old, new = columns[column], other[column]
            # what waits is asked about with what it takes over; of what is confirmed it was shown as a taker
            shown = of in takers or new.proposal is not None
            taken = taken_over(new, given_by) if shown else {}
            # a way, or a column of one, frees what a person confirmed of other columns as well
            may_count = of in said or frees or bool(old.awaits) or (of in takers and old.proposal is None)
            if with_answer({**_words(old), **taken}, said.get(of, {})) != _words(new) or not (
                may_count or old.model_dump() == new.model_dump()
            ):
                yield of.path


def _words(column: Column) -> dict[str, Any]:
    """What is said of a column, confirmed or not, but for who says it."""
    review = (column.proposal or column).review
    return words_of(column) | ({"review": "case"} if review == "case" else {})
