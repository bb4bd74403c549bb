"""Columns about others of which nobody said how they are treated: each request that would give them asks."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.domain.decision import About, Protect, ThirdParty
from afschrift.domain.origin import Origin
from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory


def others_hints(inventory: Inventory) -> Iterator[str]:
    """One line a table (R31, R32); a hint, no fault, as a controller may want to look each time.

    Columns that wait for a person are not among them: they are told of as that.
    """
    for source in inventory.sources.values():
        for name, table in source.tables.items():
            columns = table.columns if table.personal else {}
            if asked := [one for one, column in columns.items() if _asks(column)]:
                yield (
                    f"{source.source}.{name}: data about others in {', '.join(asked)}, and `third_party` "
                    "does not say `mask` or `own_use`: every request that would give them asks."
                )


def _asks(column: Column) -> bool:
    undecided = column.about is About.THIRD_PARTY and column.third_party in (None, ThirdParty.ASK)
    stays = column.protect is Protect.SECRET or column.origin is Origin.NOT_PERSONAL
    return undecided and not stays and column.proposal is None
