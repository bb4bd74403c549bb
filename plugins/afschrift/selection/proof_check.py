"""What a source hides or does not prove: findings of `inventory check --live`."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.domain.decision import Protect
from afschrift.domain.errors import AfschriftError
from afschrift.domain.origin import Origin
from afschrift.domain.sources import Structure
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table
from afschrift.selection.person import Catalogue


def unproven(declared: SourceFile, structure: Structure, catalogue: Catalogue) -> Iterator[str]:
    """A line for each table or column that the connection may not see, or that may lack rows.

    Args:
        declared: the source as the data map has it.
        structure: what its database says.
        catalogue: of the source, by the names of the data map.
    """
    source = declared.source
    told = declared.structure(structure, declared.tables)
    closed: set[tuple[str, str]] = set()
    for hidden in structure.hidden:
        if declared.unlisted == "ask" or _read(declared, hidden):
            yield f"{source}.{hidden} is in a schema without USAGE for the connection: nobody looks there"
    for name, table in declared.tables.items():
        if not table.personal:
            continue
        where = f"{source}.{name}"
        if name in told.views and table.complete is None:
            yield f"{where} is a view, and nobody confirmed that it holds every row: say `complete`"
        if name in told.history and table.history is None:
            yield f"{where} keeps former rows that are not read: say `history: read`, or who decided why not"
        if name in catalogue and name not in told.history and table.history is not None:
            yield f"{where} has no history in the source, but `history` in the inventory"
        for column in _closed(name, table, catalogue):
            if (declared.in_source(name), column) not in closed:  # one right, however many entries want it
                closed.add((declared.in_source(name), column))
                yield f"{where}.{column}: no right to read it"


def _closed(name: str, table: Table, catalogue: Catalogue) -> Iterator[str]:
    """Columns without a right, where a request may want them."""
    try:
        closed = {column for column, found in catalogue.get(name, {}).items() if found.closed}
    except AfschriftError:  # the whole table is closed, and said to be
        return
    for column in sorted(closed):
        known = table.columns.get(column)
        if known is None or not (known.origin is Origin.NOT_PERSONAL or known.protect is Protect.SECRET):
            yield column


def _read(declared: SourceFile, table: str) -> bool:
    return any(declared.tables[name].personal for name in declared.entries(table))
