"""Whether a source can be left for later: nothing else of the answer may rest on it."""

from __future__ import annotations

from collections.abc import Collection

from afschrift.inventory.model import Inventory
from afschrift.law.partial_response import Hindrance


def personal_tables(inventory: Inventory, source: str) -> tuple[str, ...]:
    """Names of the tables of a source that may hold personal data."""
    return tuple(name for name, table in inventory.sources[source].tables.items() if table.personal)


def consent_column(inventory: Inventory, source: str, table: str) -> str:
    """The source that keeps a consent; `shop.consent` may be named from another source."""
    return source if table in inventory.sources[source].tables else table.partition(".")[0]


def hindrance(inventory: Inventory, source: str, also: Collection[str] = ()) -> Hindrance | None:
    """Why a source cannot be left for later; None where it can.

    Keys that are looked up in it might lead to rows elsewhere, and nobody can tell which: such an answer
    would look whole and not be. Likewise of consents, on which a decision about other data rests.

    Args:
        inventory: the data map.
        source: its name.
        also: sources that are left for later besides.
    """
    gone = {source, *also}
    age_column = inventory.identity.age_column
    if age_column is not None and age_column.partition(".")[0] == source:
        return Hindrance.KEYS
    if any(len(table.links) > 1 for table in inventory.sources[source].tables.values()):
        return Hindrance.KEYS
    others = [name for name in inventory.sources if name not in gone and personal_tables(inventory, name)]
    for other in others:
        for purpose in inventory.sources[other].purposes.values():
            if purpose.consent and consent_column(inventory, other, purpose.consent.table) == source:
                return Hindrance.CONSENTS
    return None if others or inventory.manual else Hindrance.ONLY_SOURCE
