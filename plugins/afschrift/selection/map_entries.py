"""The catalogue of a source by the data map: entries, parts of documents, and tables that repeat others.

A part of a document is a column of the data map without being one of the source: a member by its name, or the
rest of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from afschrift.domain.errors import AfschriftError, ConfigurationError, NeedsPersonError
from afschrift.domain.sources import Catalogue, ColumnType, Dialect
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table


def of_entries(source: SourceFile, catalogue: Catalogue, dialect: Dialect) -> Catalogue:
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
