"""What a source hides or does not prove."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.datamap.check.finding import Code, Finding, finding
from afschrift.domain.decision import Protect
from afschrift.domain.errors import AfschriftError
from afschrift.domain.origin import Origin
from afschrift.domain.sources import Structure
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table
from afschrift.selection.person import Catalogue


def unproven(declared: SourceFile, structure: Structure, catalogue: Catalogue) -> Iterator[Finding]:
    """Each table or column that the connection may not see, or that may lack rows.

    Args:
        declared: the source as the data map has it.
        structure: what its database says.
        catalogue: of the source, by the names of the data map.
    """
    source = declared.source
    closed: set[tuple[str, str]] = set()
    for hidden in structure.hidden:
        if declared.unlisted == "ask" or _read(declared, hidden):
            words = f"{source}.{hidden} is in a schema without USAGE for the connection: nobody looks there"
            yield finding(Code.NO_RIGHT, (source, hidden), words, "give its account USAGE on the schema")
    for name, table in declared.tables.items():
        if not table.personal:
            continue
        yield from _rows(declared, structure, name, table, described=name in catalogue)
        for column in _closed(name, table, catalogue):
            if (declared.in_source(name), column) not in closed:  # one right, however many entries want it
                closed.add((declared.in_source(name), column))
                words = f"{source}.{name}.{column}: no right to read it"
                remedy = "give the account SELECT on the column, or on the whole table"
                yield finding(Code.NO_RIGHT, (source, name, column), words, remedy)


def _rows(
    declared: SourceFile, structure: Structure, name: str, table: Table, *, described: bool
) -> Iterator[Finding]:
    """Whether all rows of a table are known to be read."""
    told, place = declared.structure(structure, declared.tables), (declared.source, name)
    path = ".".join(place)
    if name in told.views and table.complete is None:
        words = f"{path} is a view, and nobody confirmed that it holds every row: say `complete`"
        yield finding(Code.VIEW_NOT_CONFIRMED, place, words, "let somebody who knows the view confirm it")
    if name in told.history and table.history is None:
        words = f"{path} keeps former rows that are not read: say `history: read`, or who decided why not"
        yield finding(Code.HISTORY_NOT_DECIDED, place, words, "decide whether former rows are given")
    if described and name not in told.history and table.history is not None:
        words = f"{path} has no history in the source, but `history` in the inventory"
        yield finding(Code.HISTORY_NOT_DECIDED, place, words, "take `history` out")


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
