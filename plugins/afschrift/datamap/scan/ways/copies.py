"""Tables that repeat another one: views that show columns of one table alone, and parts of a table."""

from __future__ import annotations

from afschrift.datamap.scan.schema import ScannedSource, ScannedTable


def copies(source: ScannedSource) -> dict[str, str]:
    """Table -> the table that it repeats, which is no copy itself.

    A view repeats a table that it reads, as the database says, where each of its columns is one of that table
    by name and type. One with a column of its own repeats nothing.
    """
    found = {}
    for table in source.tables.values():
        if table.part_of is not None:
            found[table.name] = _whole(source, table)
        elif table.computed and table.columns:
            of = [one for one in _read(source, table) if _shows(one, table)]
            if of:
                found[table.name] = max(of, key=lambda one: (len(one.key) > 0, -len(one.columns))).name
    return {copy: of for copy, of in found.items() if of in source.tables and of not in found}


def _whole(source: ScannedSource, part: ScannedTable) -> str:
    """The table at the top, where parts have parts."""
    seen, name = {part.name}, part.part_of or ""
    while name in source.tables and (above := source.tables[name].part_of) and name not in seen:
        seen.add(name)
        name = above
    return name


def _read(
    source: ScannedSource, view: ScannedTable, seen: frozenset[str] = frozenset()
) -> list[ScannedTable]:
    """The tables that a view reads, by other views too."""
    found = []
    for name in view.reads:
        table = source.tables.get(name)
        if table is not None and name not in seen and name != view.name:
            seen |= {name}
            found += _read(source, table, seen) if table.computed else [table]
    return found


def _shows(table: ScannedTable, view: ScannedTable) -> bool:
    types = {column.name: column.type.native for column in table.columns}
    return all(types.get(column.name) == column.type.native for column in view.columns)
