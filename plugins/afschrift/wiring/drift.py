"""Compare the inventory with the sources as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from afschrift.domain.errors import AfschriftError, ConfigurationError, NeedsPersonError
from afschrift.inventory.model import Inventory
from afschrift.selection.ways_check import WaysCheck
from afschrift.sources.registry import open_source


def compare(inventory: Inventory, sql: Path) -> Iterator[str]:
    """Every table and column that stands on one side only, every type that is not known, joins to others.

    Args:
        inventory: the data map.
        sql: the folder of statements.
    """
    for name, declared in inventory.sources.items():
        with open_source(name, declared.kind, declared.options, connection=declared.connection) as session:
            catalogue = session.catalogue()
            ways = list(_ways(WaysCheck(declared, inventory.identity, session, catalogue, sql)))
        yield from ways
        stops = ": every request stops there" if declared.unlisted == "ask" else ""
        for table in sorted(catalogue.keys() - declared.tables.keys()):
            yield f"{name}.{table} is in the source, but not in the inventory{stops}"
        for table in sorted(declared.tables.keys() - catalogue.keys()):
            yield f"{name}.{table} is in the inventory, but not in the source"
        for table in sorted(catalogue.keys() & declared.tables.keys()):
            try:
                here, there = declared.tables[table].columns, dict(catalogue[table])
            except AfschriftError as why:
                yield str(why)
                continue
            for column in there.keys() - here.keys():
                stops = ": every request stops there" if declared.tables[table].personal else ""
                yield f"{name}.{table}.{column} is not in the inventory{stops}"
            for column in here.keys() - there.keys():
                yield f"{name}.{table}.{column} is in the inventory, but not in the source"
            for column, column_type in there.items():
                if column_type.kind is None:
                    yield f"{name}.{table}.{column} has the type {column_type.native}, which is not known"


def _ways(check: WaysCheck) -> Iterator[str]:
    try:
        yield from check.findings()
    except (ConfigurationError, NeedsPersonError) as why:  # a column that a join names is not there
        yield str(why)
