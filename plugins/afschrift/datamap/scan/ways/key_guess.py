"""Which column tells the rows of a table apart, where the database declares no key."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from afschrift.datamap.scan.bounded import distinct_statement
from afschrift.datamap.scan.reader import NotAnsweredError, StatementRunner
from afschrift.datamap.scan.schema import ScannedSource, ScannedTable
from afschrift.datamap.scan.ways.name_parts import is_generic, pointed_to, row_names, singulars
from afschrift.datamap.scan.ways.person_tables import key_column


def declared_keys(source: ScannedSource) -> dict[str, str]:
    """Table -> the one column of its key, where the database declares one."""
    found = {table.name: key_column(table) for table in source.tables.values() if not table.computed}
    return {table: column for table, column in found.items() if column is not None}


def named_keys(source: ScannedSource, declared: Mapping[str, str]) -> dict[str, str]:
    """Table without any key -> the column that is called as its key would be."""
    called = {one for name in source.tables for one in singulars(name)}
    found = {}
    for table in source.tables.values():
        plain = not table.computed and table.part_of is None and table.readable
        if plain and table.name not in declared and not table.key and (column := _called_so(table, called)):
            found[table.name] = column
    return found


def _called_so(table: ScannedTable, called: Collection[str]) -> str | None:
    """By its whole name, or by the end of it where no other table is called so (`user_id` of `wp_users`)."""
    names = singulars(table.name) | (row_names(table.name) - set(called))
    own = [c.name for c in table.columns if (pointed_to(c.name) or "") in names]
    return next(iter([*own, *(c.name for c in table.columns if is_generic(c.name))]), None)


def unique_in_rows(reader: StatementRunner, named: Mapping[str, str], notes: list[str]) -> dict[str, str]:
    """Those whose first thousand rows have a value each, and each its own."""
    found = {}
    for table, column in named.items():
        try:
            [(rows, values)] = reader.rows(distinct_statement(reader.dialect, table, column))
        except NotAnsweredError as error:
            notes.append(f"{table}.{column} was not looked at: {error.args[0]}")
            continue
        if int(rows) == int(values):
            found[table] = column
    return found
