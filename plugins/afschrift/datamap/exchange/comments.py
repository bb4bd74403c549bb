"""Words of the inventory in comments of a database: `afschrift: origin=provided category=user.contact.email`.

Such a mark may be anywhere in a comment and ends at the end of its line; other text is ignored. A word
without `=` is `true`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from afschrift.datamap.exchange.external_tables import (
    DescribedColumn,
    DescribedTable,
    Description,
    NotImported,
    Reference,
    described_column,
)
from afschrift.domain.sources import Described, Structure

_MARK = re.compile(r"\bafschrift:[ \t]*(.*)", re.IGNORECASE)
_WORD = re.compile(r"([a-z_]+)(?:=(\"[^\"]*\"|[^\s,;]+))?")


def from_comments(
    columns: Mapping[str, Iterable[str]], described: Described, structure: Structure
) -> Description:
    """Read a description from the comments, keys and foreign keys of a database.

    Args:
        columns: table -> its columns.
        described: keys and comments.
        structure: foreign keys. Of those with several columns, none is taken.
    """
    left = NotImported()
    tables = {}
    for name, of_table in columns.items():
        comments = described.column_comments.get(name, {})
        found = {
            column: _column(column, comments.get(column, ""), f"{name}.{column}", left) for column in of_table
        }
        if any(column.words or column.category or column.identity for column in found.values()):
            tables[name] = DescribedTable(name, found, described.keys.get(name, ()))
    references = tuple(
        Reference(key.table, key.columns[0], key.parent, key.parent_columns[0])
        for key in structure.foreign_keys
        if len(key.columns) == 1 and key.table in tables and key.parent in tables
    )
    return Description(tables, references, left.lines())


def _column(name: str, comment: str, place: str, left: NotImported) -> DescribedColumn:
    mark = _MARK.search(comment)
    words: dict[str, Any] = {}
    for word, value in _WORD.findall(mark[1]) if mark else ():
        words[word] = value.strip('"') if value else True
    return described_column(name, words, "its comment in the database", place, left)
