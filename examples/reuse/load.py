"""Loads a bundle into a database: tables, types, keys and rows, by its datapackage.json alone.

    python examples/reuse/load.py BUNDLE URL [--schema NAME] [--format csv|json|ndjson] [--map FILE]

BUNDLE is the ZIP file or the folder; URL is SQLAlchemy's, such as `sqlite:///my.db`. See README.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from mapping import fill
from package import Package, Row, Table
from values import Reader, agree

BATCH = 1000


def main() -> None:
    """Read the command line and load, in one transaction."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("url", help="of the database, for SQLAlchemy")
    parser.add_argument("--schema", help="schema to load into; it is made")
    parser.add_argument("--format", default="csv", choices=["csv", "json", "ndjson"])
    parser.add_argument("--map", type=Path, help="TOML file: tables of your own, filled by what columns mean")
    options = parser.parse_args()
    package = Package(options.bundle)
    engine = sa.create_engine(options.url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA foreign_keys = ON"))
    with engine.begin() as connection:
        if options.schema:
            connection.execute(sa.schema.CreateSchema(options.schema, if_not_exists=True))
        metadata = sa.MetaData(schema=options.schema)
        tables = package.tables(options.format)
        if not tables:
            sys.exit(f"The bundle has no tables in the format {options.format}.")
        readers = read_types(package, tables)
        loaded = load(package, tables, readers, metadata, connection)
        loaded["uploaded_file"] = load_files(package, metadata, connection)
        if options.map:
            loaded |= fill(options.map, package, tables, readers, metadata, connection)
    for name, rows in loaded.items():
        sys.stdout.write(f"{name}: {rows} rows\n")


def read_types(package: Package, tables: list[Table]) -> dict[str, list[Reader]]:
    """A reader for each field, after a look at every value; both sides of a relation get one type."""
    readers = {table.resource: [Reader(field, table.format) for field in table.fields] for table in tables}
    for table in tables:
        for row in package.rows(table):
            for reader, value in zip(readers[table.resource], row, strict=True):
                reader.look(value)
    for table in tables:
        for key in table.schema.get("foreignKeys", []):
            other = key["reference"].get("resource", table.resource)
            for own, theirs in zip(key["fields"], key["reference"]["fields"], strict=True):
                agree(_named(readers[table.resource], own), _named(readers[other], theirs))
    for table in tables:
        for reader in readers[table.resource]:
            if reader.note:
                sys.stderr.write(f"{table.name}.{reader.note}\n")
    return readers


def load(
    package: Package,
    tables: list[Table],
    readers: dict[str, list[Reader]],
    metadata: sa.MetaData,
    connection: sa.Connection,
) -> dict[str, int]:
    """Make all tables and fill them; rows by table."""
    names = {table.resource: table.name for table in tables}
    made = {t.name: _make(t, names, readers[t.resource], metadata) for t in tables}
    metadata.create_all(connection)
    loaded = {}
    for table in tables:
        fields = readers[table.resource]
        count = 0
        for batch in batches(package.rows(table)):
            values = [{r.name: r(value) for r, value in zip(fields, row, strict=True)} for row in batch]
            connection.execute(made[table.name].insert(), values)
            count += len(values)
        loaded[table.name] = count
    return loaded


def load_files(package: Package, metadata: sa.MetaData, connection: sa.Connection) -> int:
    """The files that the person had uploaded, in a table of their own; how many there are."""
    table = sa.Table(
        "uploaded_file",
        metadata,
        sa.Column("table_name", sa.Text(), primary_key=True),
        sa.Column("column_name", sa.Text(), primary_key=True),
        sa.Column("row_number", sa.Integer(), primary_key=True),
        sa.Column("row_key", sa.JSON(none_as_null=True)),
        sa.Column("name", sa.Text()),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    table.create(connection)
    files = package.files()
    for resource in files:
        file = resource["afschrift:file"]
        row = {
            "table_name": f"{resource['afschrift:source']}_{resource['afschrift:table']}",
            "column_name": file["column"],
            "row_number": file["row"],
            "row_key": file.get("key"),
            "name": file.get("name"),
            "media_type": resource["mediatype"],
            "content": package.read(resource),
        }
        connection.execute(table.insert(), row)
    return len(files)


def batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Rows in lists, so that memory does not depend on their number."""
    while batch := list(islice(rows, BATCH)):
        yield batch


def _make(table: Table, names: dict[str, str], readers: list[Reader], metadata: sa.MetaData) -> sa.Table:
    columns: list[Any] = []
    for field, reader in zip(table.fields, readers, strict=True):
        constraints = field.get("constraints", {})
        columns.append(
            sa.Column(
                reader.name,
                reader.type,
                nullable=not constraints.get("required", False),
                unique=constraints.get("unique", False) or None,
                comment=field.get("title"),
                autoincrement=False,
            )
        )
    if key := table.schema.get("primaryKey"):
        columns.append(sa.PrimaryKeyConstraint(*key))
    for relation in table.schema.get("foreignKeys", []):
        other = names[relation["reference"].get("resource", table.resource)]
        place = f"{metadata.schema}.{other}" if metadata.schema else other
        theirs = [f"{place}.{column}" for column in relation["reference"]["fields"]]
        # Checked at the end: rows of one table may point to each other, and tables come in any order.
        columns.append(
            sa.ForeignKeyConstraint(relation["fields"], theirs, deferrable=True, initially="DEFERRED")
        )
    return sa.Table(table.name, metadata, *columns)


def _named(readers: list[Reader], name: str) -> Reader:
    return next(reader for reader in readers if reader.name == name)


if __name__ == "__main__":
    main()
