"""After answers an inventory says of other columns what it said before, but for what was shown with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from afschrift.datamap.review.groups import Group, words_of
from afschrift.datamap.review.pointing import Place
from afschrift.inventory.column import Column
from afschrift.inventory.confirmed_layer import with_answer
from afschrift.inventory.model import Inventory


def altered(
    before: Inventory, after: Inventory, answered: Sequence[tuple[Group, Mapping[str, Any]]]
) -> Iterator[str]:
    """Columns of which something else would be said than a person saw and answered.

    A column that points to another one may lose a mask by what that says from now on.

    Args:
        before: what was shown.
        after: with the answers in it.
        answered: each question, with the words of its answer.
    """
    answers = {place: words for group, words in answered for place in group.places}
    takers = {place for group, _ in answered for place in (*group.places, *group.takers)}
    now = _columns(after)
    for place, old in _columns(before).items():
        new = now.get(place)
        said = with_answer(words_of(old), answers.get(place, {}))
        known = {} if new is None else words_of(new)
        lost = new is None or (old.proposal is None and new.proposal is not None)
        more = known != said and place not in takers
        if lost or more or not said.items() <= known.items():
            yield place.path


def _columns(inventory: Inventory) -> dict[Place, Column]:
    return {
        Place(source.source, name, column): said
        for source in inventory.sources.values()
        for name, table in source.tables.items()
        for column, said in table.columns.items()
    }
