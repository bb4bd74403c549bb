"""Read a dataset of Fides (fideslang, `dataset:` of a YAML file)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from afschrift.datamap.exchange.external_tables import DescribedColumn, DescribedTable, Description, Reference
from afschrift.datamap.exchange.not_imported import NotImported
from afschrift.domain.errors import ConfigurationError
from afschrift.outside.read_yaml import read_yaml

_OF_DATASET = frozenset({"fides_key", "name", "collections"})
_OF_COLLECTION = frozenset({"name", "fields"})
_OF_FIELD = frozenset({"name", "data_categories", "fides_meta", "fidesops_meta"})
_OF_META = frozenset({"primary_key", "identity", "references"})
_READ_ELSEWHERE = frozenset({"data_type", "length"})
"""What the source itself says, so that nothing of it is lost."""


def datasets(text: str | bytes, file: str) -> Iterator[tuple[str, Description]]:
    """The datasets of a file: their keys, and what they say.

    Args:
        text: YAML.
        file: its name, for messages.

    Raises:
        ConfigurationError: this is no file of datasets, or goes beyond a limit; names the line where it can.
    """
    data = read_yaml(text, file)
    found = data.get("dataset") if isinstance(data, Mapping) else None
    if not isinstance(found, list) or not found:
        raise ConfigurationError(
            f"{file} holds no dataset of Fides: a list `dataset` is missing.",
            remedy="give the YAML that `fides pull` or the Fides page of a dataset writes.",
        )
    for one in found:
        try:
            yield str(one["fides_key"]), _described(one)
        except (KeyError, TypeError, AttributeError):
            raise ConfigurationError(
                f"{file}: a dataset lacks `fides_key`, a collection or a field lacks `name`, or a list is "
                "none.",
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
        for field in collection["fields"]:
            column = str(field["name"])
            place = f"{name}.{column}"
            meta = field.get("fides_meta") or field.get("fidesops_meta") or {}
            left.note(_unknown(field, _OF_FIELD), place)
            left.note(_unknown(meta, _OF_META | _READ_ELSEWHERE), place, "fides_meta.")
            said = field.get("data_categories") or ()
            categories = [said] if isinstance(said, str) else [str(one) for one in said]
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
    there, gone = _known(tables, references)
    return Description(tables, there, (*left.lines(), *notes, *gone))


def _known(
    tables: Mapping[str, DescribedTable], references: list[Reference]
) -> tuple[tuple[Reference, ...], tuple[str, ...]]:
    """The references that end somewhere, and a line for each of the others."""
    ends = {(name, column) for name, table in tables.items() for column in table.columns}
    there = tuple(one for one in references if (one.parent, one.parent_column) in ends)
    gone = [one for one in references if one not in there]
    return there, tuple(
        f"{one.table}.{one.column}: there is no field {one.parent}.{one.parent_column}" for one in gone
    )
