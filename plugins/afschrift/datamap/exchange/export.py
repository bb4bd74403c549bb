"""Write what people confirmed of a source as a dataset of Fides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from afschrift.inventory.column import Column
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table
from afschrift.inventory.waiting.unconfirmed_ways import unconfirmed_ways


@dataclass
class Exported:
    """A dataset.

    Attributes:
        text: YAML, the same for the same inventory.
        left_out: what Fides has no words for, or nobody confirmed, a line each.
    """

    text: str
    left_out: list[str] = field(default_factory=list)


def export(source: SourceFile) -> Exported:
    """A dataset of a source: categories that a person confirmed, keys, and the ways as references.

    A way that is a guess, or rests on one, is left out. A table with several entries is one collection.
    """
    found = Exported("")
    dataset = {
        "fides_key": source.source,
        "name": source.title.get("en") if source.title else source.source,
        "collections": list(_collections(source, found)),
    }
    found.text = yaml.safe_dump({"dataset": [dataset]}, sort_keys=False, allow_unicode=True, width=110)
    return found


def _collections(source: SourceFile, found: Exported) -> Iterator[dict[str, Any]]:
    waiting = 0
    guessed = unconfirmed_ways(source.tables)
    for table in dict.fromkeys(source.in_source(name) for name in source.tables):
        entries = {name: source.tables[name] for name in source.entries(table)}
        if any(entry.copy_of for entry in entries.values()):
            found.left_out.append(f"{table} repeats another table")
            continue
        columns: dict[str, Column] = {}
        for entry in entries.values():
            columns |= {name: column for name, column in entry.columns.items() if name not in columns}
        members = [name for name, column in columns.items() if column.path]
        found.left_out += [f"{table}.{name}: a member of a document" for name in members]
        columns = {name: column for name, column in columns.items() if name not in members}
        waiting += sum(column.review == "needed" for column in columns.values())
        sure = [entry for name, entry in entries.items() if name not in guessed]
        fields = [
            dict(_field(source, name, column, entries, sure)) for name, column in sorted(columns.items())
        ]
        yield {"name": table, "fields": fields}
        for name, entry in entries.items():
            found.left_out += _unsaid(name, entry) if name not in guessed else _guessed_ways(name, entry)
    if waiting:
        found.left_out.append(f"the category of {waiting} columns, which nobody confirmed")


def _field(
    source: SourceFile, name: str, column: Column, entries: dict[str, Table], sure: Sequence[Table]
) -> Iterator[tuple[str, Any]]:
    yield "name", name
    if column.category:
        yield "data_categories", [column.category]
    meta: dict[str, Any] = {}
    if any(name in entry.key for entry in entries.values()):
        meta["primary_key"] = True
    identities = [k for entry in sure for k, link in entry.subject.items() if link.column == name]
    if identities:
        meta["identity"] = identities[0]
    ends = dict.fromkeys(join[name] for entry in sure for join in entry.join if name in join)
    if references := [_reference(source, end) for end in ends]:
        meta["references"] = references
    if meta:
        yield "fides_meta", meta


def _reference(source: SourceFile, end: str) -> dict[str, str]:
    table, _, column = end.rpartition(".")
    return {
        "dataset": source.source,
        "field": f"{source.in_source(table)}.{column}",
        "direction": "from",
    }


def _guessed_ways(name: str, entry: Table) -> Iterator[str]:
    """Ways whose rows may be somebody else's: in Fides they would look as certain as what a person said."""
    for word in ("subject", "join"):
        if getattr(entry, word):
            yield f"{name}.{word}: a guess that nobody confirmed, or a way that rests on one"


def _unsaid(name: str, entry: Table) -> Iterator[str]:
    """What the ways of a table say and Fides cannot."""
    for key, link in entry.subject.items():
        said = [word for word in ("at", "valid_from", "valid_to", "changed") if getattr(link, word)]
        if link.match == "casefold":
            said.append("match: casefold")
        if said:
            yield f"{name}.subject.{key}: {', '.join(said)}"
    if any(len(join) > 1 for join in entry.join):
        yield f"{name}.join: a key of several columns is one reference a column there"
    if entry.origin:
        yield f"{name}.origin: by row"
