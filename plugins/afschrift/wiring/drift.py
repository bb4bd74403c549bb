"""Compare the inventory with the sources as they are now."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from afschrift.domain.errors import AfschriftError
from afschrift.domain.sources import Structure
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.table import Table
from afschrift.inventory.unclassified import unclassified
from afschrift.selection.person import Catalogue, of_entries
from afschrift.selection.proof_check import unproven
from afschrift.selection.repeated_tables import read_twice, unlike
from afschrift.selection.ways_check import WaysCheck
from afschrift.sources.registry import open_source


@dataclass
class Drift:
    """What was seen.

    Attributes:
        differences: what a request would stop at or pass by; each with its way out.
        notes: what somebody decided to pass over.
        columns, classified: columns of personal tables that the sources have, and those that are classified.
    """

    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    columns: int = 0
    classified: int = 0


def compare(inventory: Inventory, sql: Path) -> Drift:
    """Every table and column that is on one side only, types that are not known, keys and joins that fail.

    Args:
        inventory: the data map.
        sql: the folder of statements.
    """
    found = Drift()
    for name, declared in inventory.sources.items():
        with open_source(name, declared.kind, declared.options, connection=declared.connection) as session:
            tables = session.catalogue()
            catalogue = of_entries(declared, tables)
            structure = session.structure()
            found.differences += WaysCheck(declared, inventory.identity, session, catalogue, sql).findings()
        found.differences += unproven(declared, structure, catalogue)
        _tables(declared, tables.keys(), catalogue, structure, found)
    found.differences = list(dict.fromkeys(found.differences))  # a fault of a table is one of all its entries
    return found


def _tables(
    declared: SourceFile,
    tables: Collection[str],
    catalogue: Catalogue,
    structure: Structure,
    found: Drift,
) -> None:
    name = declared.source
    found.differences += read_twice(declared, structure.parts, catalogue)
    stops = ": every request stops there" if declared.unlisted == "ask" else ""
    for copy, column in unlike(declared, catalogue):
        of = declared.tables[copy].copy_of
        found.differences.append(
            f"{name}.{copy}.{column} is no column of {of}: {copy} is no copy of it{stops}"
        )
    unlisted = declared.undescribed(tables)
    if declared.unlisted == "ignore" and unlisted:
        found.notes.append(f"{name}: passed over, as `unlisted: ignore` says: {', '.join(unlisted)}")
    else:
        found.differences += (
            f"{name}.{table} is in the source, but not in the inventory: every request stops there"
            for table in unlisted
        )
    for table in sorted(declared.tables.keys()):
        there = declared.in_source(table)
        if there not in {*tables, *structure.parts, *structure.hidden}:
            path = f"{name}.{table}" + (f" (table {there})" if there != table else "")
            found.differences.append(f"{path} is in the inventory, but not in the source")
    for table in sorted(catalogue.keys() & declared.tables.keys()):
        if declared.tables[table].copy_of is not None:
            continue
        try:
            natives = {column: one.native for column, one in catalogue[table].items()}
            unknown = {column for column, one in catalogue[table].items() if one.kind is None}
        except AfschriftError as why:
            found.differences.append(str(why))
            continue
        described = declared.tables[table]
        found.differences += _columns(f"{name}.{table}", described, natives, unknown)
        if described.personal:
            known = natives.keys() & described.columns.keys()
            found.columns += len(natives)
            found.classified += len(known - set(unclassified(described)))


def _columns(path: str, table: Table, natives: dict[str, str], unknown: set[str]) -> Iterator[str]:
    stops = ": every request stops there" if table.personal else ""
    for column in sorted(natives.keys() - table.columns.keys()):
        yield f"{path}.{column} is not in the inventory{stops}"
    for column in sorted(table.columns.keys() - natives.keys()):
        yield f"{path}.{column} is in the inventory, but not in the source"
    for column in sorted(unknown):
        written = table.columns.get(column)
        if table.personal and (written is None or written.kind is None):
            yield f"{path}.{column} has the type {natives[column]}, which is not known: give it `kind: text`"
