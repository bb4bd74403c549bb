"""Read and write datasets of Fides (fideslang, `dataset:` of a YAML file)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from afschrift.datamap.exchange.external_tables import (
    DescribedColumn,
    DescribedTable,
    Description,
    NotImported,
    Reference,
    split_references,
)
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.column import Column
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table
from afschrift.inventory.unconfirmed import unconfirmed_ways
from afschrift.outside.read_yaml import read_yaml

_OF_DATASET = frozenset({"fides_key", "name", "collections"})
_OF_COLLECTION = frozenset({"name", "fields"})
_OF_FIELD = frozenset({"name", "data_categories", "fides_meta", "fidesops_meta"})
_OF_META = frozenset({"primary_key", "identity", "references"})
_READ_ELSEWHERE = frozenset({"data_type", "length"})
"""Words that are not imported, as the source itself has them."""


def datasets(text: str | bytes, file: str) -> Iterator[tuple[str, Description]]:
    """Yield the datasets of a file: key and description.

    Args:
        text: YAML.
        file: its name, for messages.

    Raises:
        ConfigurationError: this is no file of datasets, or exceeds a limit; names the line if it is known.
    """
    data = read_yaml(text, file)
    found = data.get("dataset") if isinstance(data, Mapping) else None
    if not isinstance(found, list) or not found:
        raise ConfigurationError(
            f"{file} holds no dataset of Fides: a list `dataset` is missing.",
            remedy="give the YAML that `fides pull` or the Fides page of a dataset writes.",
        )
    for dataset in found:
        try:
            yield str(dataset["fides_key"]), _described(dataset)
        except (KeyError, TypeError, AttributeError):
            raise ConfigurationError(
                f"{file}: a dataset lacks `fides_key`, a collection or a field lacks `name`, or a value "
                "should be a list.",
                remedy="let `fides parse` check the file, and give it again.",
            ) from None


def _unknown(words: Mapping[str, Any], known: frozenset[str]) -> list[str]:
    return [word for word, value in words.items() if word not in known and value is not None]


def _described(dataset: Mapping[str, Any]) -> Description:
    left = NotImported()
    left.note(_unknown(dataset, _OF_DATASET), "the dataset")
    tables: dict[str, DescribedTable] = {}
    references: list[Reference] = []
    notes: list[str] = []
    for collection in dataset["collections"]:
        name = str(collection["name"])
        left.note(_unknown(collection, _OF_COLLECTION), name)
        columns: dict[str, DescribedColumn] = {}
        key: list[str] = []
        for entry in collection["fields"]:
            column = str(entry["name"])
            place = f"{name}.{column}"
            meta = entry.get("fides_meta") or entry.get("fidesops_meta") or {}
            left.note(_unknown(entry, _OF_FIELD), place)
            left.note(_unknown(meta, _OF_META | _READ_ELSEWHERE), place, "fides_meta.")
            given = entry.get("data_categories") or ()
            categories = [given] if isinstance(given, str) else [str(category) for category in given]
            if more := ", ".join(categories[1:]):
                notes.append(f"{place}: a column has one category here; {more} is left out")
            if meta.get("primary_key"):
                key.append(column)
            because = f"Fides dataset {dataset['fides_key']}"
            columns[column] = DescribedColumn(
                column, next(iter(categories), None), because, meta.get("identity")
            )
            for target in meta.get("references") or ():
                if target["dataset"] == dataset["fides_key"]:
                    parent, _, end = str(target["field"]).partition(".")
                    references.append(Reference(name, column, parent, end, target.get("direction")))
                else:
                    notes.append(f"{place} -> {target['dataset']}: across sources, people are found by keys")
        tables[name] = DescribedTable(name, columns, tuple(key))
    there, gone = split_references(references, tables)
    notes += [f"{link.start}: there is no field {link.end}" for link in gone]
    return Description(tables, there, (*left.lines(), *notes))


@dataclass(frozen=True)
class Exported:
    """An exported dataset.

    Attributes:
        text: YAML, the same for the same inventory.
        left_out: a line for each thing that Fides has no words for, or that is not confirmed.
    """

    text: str
    left_out: tuple[str, ...]


def export(source: SourceFile) -> Exported:
    """Export a source: confirmed categories, keys, and the ways as references.

    A way that is guessed, or depends on a guess, is left out. A table with several entries is one collection.
    """
    left_out: list[str] = []
    dataset = {
        "fides_key": source.source,
        "name": source.title.get("en") if source.title else source.source,
        "collections": list(_collections(source, left_out)),
    }
    text = yaml.safe_dump({"dataset": [dataset]}, sort_keys=False, allow_unicode=True, width=110)
    return Exported(text, tuple(left_out))


def _collections(source: SourceFile, left_out: list[str]) -> Iterator[dict[str, Any]]:
    waiting = 0
    guessed = unconfirmed_ways(source.tables)
    for table in dict.fromkeys(source.in_source(name) for name in source.tables):
        entries = {name: source.tables[name] for name in source.entries(table)}
        if any(entry.copy_of for entry in entries.values()):
            left_out.append(f"{table} repeats another table")
            continue
        columns: dict[str, Column] = {}
        for entry in entries.values():
            columns |= {name: column for name, column in entry.columns.items() if name not in columns}
        members = [name for name, column in columns.items() if column.path]
        left_out += [f"{table}.{name}: a member of a document" for name in members]
        columns = {name: column for name, column in columns.items() if name not in members}
        waiting += sum(column.review == "needed" for column in columns.values())
        sure = [entry for name, entry in entries.items() if name not in guessed]
        fields = [
            dict(_field(source, name, column, entries, sure)) for name, column in sorted(columns.items())
        ]
        yield {"name": table, "fields": fields}
        for name, entry in entries.items():
            left_out += _unsaid(name, entry) if name not in guessed else _guessed_ways(name, entry)
    if waiting:
        left_out.append(f"the category of {waiting} columns, which is not confirmed")


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
    """Yield guessed ways as left out: in Fides they would look as certain as confirmed ones."""
    for word in ("subject", "join"):
        if getattr(entry, word):
            yield f"{name}.{word}: a guess that is not confirmed, or a way that depends on one"


def _unsaid(name: str, entry: Table) -> Iterator[str]:
    """Yield the words of a table's ways that Fides cannot express."""
    for key, link in entry.subject.items():
        words = [word for word in ("at", "valid_from", "valid_to", "changed") if getattr(link, word)]
        if link.match == "casefold":
            words.append("match: casefold")
        if words:
            yield f"{name}.subject.{key}: {', '.join(words)}"
    if any(len(join) > 1 for join in entry.join):
        yield f"{name}.join: a key of several columns is one reference a column there"
    if entry.origin:
        yield f"{name}.origin: by row"
