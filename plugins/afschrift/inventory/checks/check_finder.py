"""What the finder needs of the inventory, and which columns of free text it may have been told nothing of."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.domain.decision import Protect
from afschrift.inventory.column import Column
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table

_TEXTS = frozenset(
    {"answer", "body", "comment", "comments", "description", "feedback", "message", "note", "notes", "remark",
     "remarks", "review", "summary", "text", "opmerking", "opmerkingen", "notitie", "toelichting", "bericht"}
)  # fmt: skip
_OF_CONTENT = ("user.content", "user.social")


def finder_faults(table: Table, where: list[str]) -> Iterator[tuple[list[str], str]]:
    """Columns of names that are not there, and texts that nobody may read."""
    if table.names:
        for named in table.names.columns:
            if named not in table.columns:
                yield [*where, "names"], f"the table has no column {named}"
    for name, column in table.columns.items():
        if column.free_text and column.protect is Protect.SECRET:
            yield [*where, "columns", name], "a secret never leaves, so there is no text to look through"


def finder_hints(inventory: Inventory) -> Iterator[str]:
    """Where a text may hold others' data that nobody looks for; a hint, no fault."""
    tables = [(f"{s.source}.{n}", t) for s in inventory.sources.values() for n, t in s.tables.items()]
    examined = False
    for path, table in tables:
        for name, column in table.columns.items():
            examined = examined or column.free_text
            if table.personal and not column.free_text and _reads_as_text(name, column):
                yield f"{path}.{name} looks like free text: say `free_text: true` where people type in it."
    if examined and not any(table.names for _, table in tables):
        yield "No table says `names`, so names of people are not looked for in free text."


def _reads_as_text(name: str, column: Column) -> bool:
    words = set(name.lower().split("_"))
    typed = not column.codes and column.kind != "json" and column.protect is not Protect.SECRET
    typed = typed and column.third_party is None  # of others, and decided on
    return typed and bool(words & _TEXTS) and (column.category or "").startswith(_OF_CONTENT)
