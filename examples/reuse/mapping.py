"""Fills tables of another party by what columns mean: their category, origin, type and unit.

A mapping is a TOML file, one part a table of your own:

    [contact.given_name]
    category = "user.name.first"
    origin = "provided"

A column of the package fits where every word fits: `category` (Fides, or one below it), `term` (DPV's, at its
end), `origin`, `type`, `unit`, `name`, `table`. All columns of one of your tables come from one of the
package's: the one, and the only one, in which each of them is found exactly once.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from package import Package, Table
from values import Reader


def fill(
    path: Path,
    package: Package,
    tables: list[Table],
    readers: dict[str, list[Reader]],
    metadata: sa.MetaData,
    connection: sa.Connection,
) -> dict[str, int]:
    """Make and fill the tables of a mapping; rows by table."""
    filled = {}
    for name, columns in tomllib.loads(path.read_text(encoding="utf-8")).items():
        table, places = _choose(name, columns, tables)
        fields = readers[table.resource]
        own = [sa.Column(c, fields[at].type) for c, at in zip(columns, places, strict=True)]
        made = sa.Table(name, metadata, *own)
        made.create(connection)
        filled[name] = 0
        rows = package.rows(table)
        while batch := list(islice(rows, 1000)):
            values = [
                {c: fields[at](row[at]) for c, at in zip(columns, places, strict=True)} for row in batch
            ]
            connection.execute(made.insert(), values)
            filled[name] += len(values)
    return filled


def _choose(name: str, columns: dict[str, Any], tables: list[Table]) -> tuple[Table, list[int]]:
    """The table that has every column, and the places of these columns in it."""
    found = []
    for table in tables:
        places = [list(_fitting(table, words)) for words in columns.values()]
        if all(len(fitting) == 1 for fitting in places):
            found.append((table, [fitting[0] for fitting in places]))
    if len(found) != 1:
        candidates = ", ".join(table.name for table, _ in found) or "no table"
        sys.exit(f"[{name}] of the mapping fits {candidates}: say more of its columns, such as `table`.")
    return found[0]


def _fitting(table: Table, words: dict[str, str]) -> Iterator[int]:
    for at, field in enumerate(table.fields):
        category = field.get("afschrift:category", "")
        found = {
            "term": field.get("afschrift:categoryTerm", "").rpartition("#")[2],
            "type": field["type"],
            "unit": field.get("afschrift:unit"),
            "name": field["name"],
            "table": table.parts[0]["afschrift:table"],
        }
        wanted = dict(words)
        group, origin = wanted.pop("category", None), wanted.pop("origin", None)
        fits = group is None or f"{category}.".startswith(f"{group}.")
        fits = fits and (origin is None or origin in field.get("afschrift:origin", []))
        if fits and all(found[word] == value for word, value in wanted.items()):
            yield at
