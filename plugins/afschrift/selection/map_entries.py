"""The catalogue of a source with the names of the data map: its entries, and parts of documents as columns.

A part of a document is a column of the data map that the source does not have: a member by its name, or the
rest of the document. Tables that repeat rows of others are found here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from afschrift.domain.errors import AfschriftError, ConfigurationError, NeedsPersonError
from afschrift.domain.nearest import did_you_mean
from afschrift.domain.sources import Catalogue, ColumnType, Dialect
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table


def of_entries(source: SourceFile, catalogue: Catalogue, dialect: Dialect) -> Catalogue:
    """The catalogue, with entries that have another name than their table, and with parts of documents."""
    named = {name: table.table for name, table in source.tables.items() if table.table}
    found = {**catalogue, **{name: catalogue[table] for name, table in named.items() if table in catalogue}}
    for name, table in source.tables.items():
        if name in found and (parts := table.parts):
            found[name] = _with_parts(name, table, found[name], parts, dialect)
    return found


def column_sql(dialect: Dialect, name: str, found: ColumnType, alias: str = "t") -> str:
    """SQL of a column: qualified and quoted; of a part of a document the SQL that extracts it."""
    quoted = f"{alias}.{dialect.quote(found.part.column if found.part else name)}"
    return found.value.format(column=quoted) if found.value else quoted


def text_beginnings(dialect: Dialect, columns: Mapping[str, ColumnType], characters: int) -> str:
    """The columns of a SELECT that reads columns as texts, each truncated."""
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
    """The columns of a table: in place of each document the rest of it, followed by its members.

    A member is left out if the source lacks its document. A table that may not be read is returned unchanged,
    so that reading a column raises the reason; so is one that has its parts already.

    Args:
        name: of the table, for errors.
        table: as the data map has it.
        columns: as the source has them.
        parts: `table.parts`.
        dialect: of the session.

    Raises:
        ConfigurationError: a member has the name of a column of the source.
    """
    try:
        there = dict(columns)
    except AfschriftError:
        return columns
    if any(column.part for column in there.values()):
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
    """A column of text holds documents if the data map says so."""
    declared = table.columns.get(column)
    is_json = declared is not None and declared.kind == "json"
    return replace(found, kind=ValueKind.JSON) if is_json else found


def _part(dialect: Dialect, document: ColumnType, part: DocumentPart, place: str) -> ColumnType:
    found = replace(document, part=part) if document.closed else dialect.part_of(document, part, place)
    return replace(found, part=part)


def unseen(
    source: str, table: str, column: str, columns: Mapping[str, ColumnType] | None, *, hides: bool
) -> ConfigurationError | NeedsPersonError:
    """The error for a column that is not in the source; `hides`: or that the connection may not see."""
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
        remedy=f"{did_you_mean(column, columns)} correct the inventory.".lstrip(),
    )


def read_twice(source: SourceFile, parts: Mapping[str, str], catalogue: Catalogue) -> Iterator[str]:
    """Messages on tables of the data map whose rows are read with those of another table.

    A partition or a child of PostgreSQL's INHERITS belongs to its parent. A child with further columns may be
    in the map if the parent is not.

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
    """Copies in the data map with a column that their original lacks: the copy and the column."""
    for name, table in source.tables.items():
        if table.copy_of is not None and name in catalogue:
            with suppress(AfschriftError):  # a table that cannot be read is not compared
                for column in sorted(set(catalogue[name]) - set(catalogue.get(table.copy_of, {}))):
                    yield name, column


def _personal(source: SourceFile, table: str) -> bool:
    return any(source.tables[name].personal for name in source.entries(table))
