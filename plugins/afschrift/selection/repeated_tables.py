"""Tables whose rows another table holds too: nothing is given twice, and nothing is missed for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from afschrift.domain.errors import AfschriftError
from afschrift.inventory.model import SourceFile
from afschrift.selection.person import Catalogue


def read_twice(source: SourceFile, parts: Mapping[str, str], catalogue: Catalogue) -> Iterator[str]:
    """Tables of the data map whose rows come with those of another one, each with what to do.

    A partition or a child of PostgreSQL's INHERITS belongs to its parent. One with columns of its own may
    stand in the map as long as the parent does not: it is a table that a request asks about.

    Args:
        source: as the data map has it.
        parts: table -> the table whose rows include its rows.
        catalogue: of the source.
    """
    for part, whole in sorted(parts.items()):
        if not _personal(source, part):
            continue
        fault = f"{source.source}.{part} is a part of {whole}, which holds its rows"
        if part not in catalogue:
            yield f"{fault}: describe {whole} alone"
        elif _personal(source, whole):
            yield f"{fault}: describe one of the two"


def unlike(source: SourceFile, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Copies of the data map with a column that their table has not: the copy and the column."""
    for name, table in source.tables.items():
        if table.copy_of is not None and name in catalogue:
            with suppress(AfschriftError):  # one that cannot be read is not compared, nor is it read
                for column in sorted(set(catalogue[name]) - set(catalogue.get(table.copy_of, {}))):
                    yield name, column


def _personal(source: SourceFile, table: str) -> bool:
    return any(source.tables[name].personal for name in source.entries(table))
