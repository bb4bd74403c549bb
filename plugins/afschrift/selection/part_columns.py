"""Parts of documents beside the columns that a source has: members by name, and the rest of each document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from afschrift.domain.errors import AfschriftError, ConfigurationError, NeedsPersonError
from afschrift.domain.sources import ColumnType, Dialect
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table


def of_entries(
    source: SourceFile, catalogue: Mapping[str, Mapping[str, ColumnType]], dialect: Dialect
) -> Mapping[str, Mapping[str, ColumnType]]:
    """The catalogue by the inventory: entries with another name than their table, parts of documents."""
    named = {name: table.table for name, table in source.tables.items() if table.table}
    found = {**catalogue, **{name: catalogue[table] for name, table in named.items() if table in catalogue}}
    for name, table in source.tables.items():
        if name in found and (parts := table.parts):
            found[name] = _with_parts(name, table, found[name], parts, dialect)
    return found


def column_sql(dialect: Dialect, name: str, found: ColumnType, alias: str = "t") -> str:
    """A column as it stands in a statement: qualified and quoted; of a document the SQL of its part."""
    quoted = f"{alias}.{dialect.quote(found.part.column if found.part else name)}"
    return found.value.format(column=quoted) if found.value else quoted


def text_beginnings(dialect: Dialect, columns: Mapping[str, ColumnType], characters: int) -> str:
    """The columns of a SELECT that reads columns as texts, each cut off."""
    return ", ".join(
        dialect.beginning(dialect.text(column_sql(dialect, name, found)), characters)
        for name, found in columns.items()
    )


def _with_parts(
    name: str,
    table: Table,
    columns: Mapping[str, ColumnType],
    parts: Mapping[str, DocumentPart],
    dialect: Dialect,
) -> Mapping[str, ColumnType]:
    """The columns of a table: behind each document its members, and in its own place the rest of it.

    A member whose document the source has not is left out, as a column is that it has not. A table that may
    not be read stays as it is: whoever asks for a column is told why. So does one that has its parts already.

    Args:
        name: of the table, for errors.
        table: as the data map has it.
        columns: as the source has them.
        parts: `table.parts`.
        dialect: of the session.

    Raises:
        ConfigurationError: a member bears the name of a column of the source.
    """
    try:
        there = dict(columns)
    except AfschriftError:
        return columns
    if any(one.part for one in there.values()):
        return columns
    for member in sorted(n for n, part in parts.items() if part.path and n in there):
        raise ConfigurationError(
            f"Table {name} has a column {member} of its own, and the inventory gives a member this name.",
            remedy="give the member another name.",
        )
    found: dict[str, ColumnType] = {}
    for column, type_ in there.items():
        found[column] = type_
        if column not in parts:
            continue
        document = _document(table, column, type_)
        of = {column: parts[column], **{n: p for n, p in parts.items() if p.path and p.column == column}}
        found |= {n: _part(dialect, document, part, f"{name}.{column}") for n, part in of.items()}
    return found


def _document(table: Table, column: str, found: ColumnType) -> ColumnType:
    """A document in a column of text is one where the data map says so."""
    declared = table.columns.get(column)
    is_json = declared is not None and declared.kind == "json"
    return replace(found, kind=ValueKind.JSON) if is_json else found


def _part(dialect: Dialect, document: ColumnType, part: DocumentPart, place: str) -> ColumnType:
    found = replace(document, part=part) if document.closed else dialect.part_of(document, part, place)
    return replace(found, part=part)


def unseen(
    source: str, table: str, column: str, columns: Mapping[str, ColumnType] | None, *, hides: bool
) -> ConfigurationError | NeedsPersonError:
    """That a column is not in the source; `hides`: or that the connection has no right to it."""
    if hides:
        return NeedsPersonError(
            f"The connection of {source} sees no {table}.{column}: it has no right to read it, or it is not "
            "there.",
            question="no_right",
            detail={"table": f"{source}.{table}"},
            remedy="give its account SELECT on the table, or correct the inventory.",
        )
    if columns is None:
        return ConfigurationError(
            f"Source {source} has no table {table}, but the inventory names it.",
            remedy="correct the inventory, or give the connection the right to see the table.",
        )
    return ConfigurationError(
        f"Table {source}.{table} has no column {column}, but the inventory names it.",
        remedy="correct the inventory.",
    )
