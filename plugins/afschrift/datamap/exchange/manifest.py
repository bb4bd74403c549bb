"""Read a `manifest.json` of dbt (version 12 of its schema): `meta`, tags and tests of its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from afschrift.datamap.exchange.external_tables import (
    IDENTITY,
    DescribedColumn,
    DescribedTable,
    Description,
    NotImported,
    Reference,
    described_column,
    split_references,
)
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.base import fides_categories
from afschrift.outside.limits import UnreadableError
from afschrift.outside.read_json import read_json

OWN = "afschrift"
"""Key of `meta` with words of the inventory."""

MOST = 256_000_000
"""Largest manifest in bytes: one of thousands of models has a hundred million."""

_CATEGORY = ("category", "data_category", "data_categories")
_TABLES = frozenset({"model", "seed", "snapshot", "source"})
_REMEDY = "run `dbt parse` and give target/manifest.json."

Node = Mapping[str, Any]


def described(text: str | bytes, file: str, schema: str | None = None) -> Description:
    """Read the description of the tables that dbt makes or reads.

    Args:
        text: JSON.
        file: its name, for messages.
        schema: its tables are named without the schema; None: the schema of most tables.

    Raises:
        ConfigurationError: this is no manifest of dbt, or exceeds a limit.
    """
    try:
        manifest = read_json(text, file, most=MOST)
        if "dbt_schema_version" not in manifest["metadata"]:
            raise KeyError
        nodes: dict[str, Node] = {**manifest["nodes"], **manifest["sources"]}
        return _description(nodes, schema)
    except UnreadableError as error:
        raise ConfigurationError(str(error.args[0]), remedy=_REMEDY) from None
    except (KeyError, TypeError, AttributeError):
        raise ConfigurationError(f"{file} is no manifest of dbt.", remedy=_REMEDY) from None


def _description(nodes: Mapping[str, Node], schema: str | None) -> Description:
    left = NotImported()
    tables = {
        id_: node
        for id_, node in nodes.items()
        if node["resource_type"] in _TABLES and (node.get("config") or {}).get("materialized") != "ephemeral"
    }
    schemas = [str(node["schema"]) for node in tables.values()]
    usual = schema if schema is not None else max(schemas, key=schemas.count, default="")
    names = {id_: _name(node, usual) for id_, node in tables.items()}
    unique: dict[str, list[str]] = {}
    for test, kind, _ in _tests(nodes):
        if kind == "unique":
            unique.setdefault(_of(test), []).append(str(test["column_name"]))
    found: dict[str, DescribedTable] = {}
    notes: list[str] = []
    for id_, node in tables.items():
        name = names[id_]
        left.note((f"meta.{word}" for word in _meta(node) if word != "owner"), name)
        if not node["columns"]:
            notes.append(f"{name}: dbt describes none of its columns, so it is left out")
            continue
        if name in found:
            notes.append(f"{name}: dbt has it in several databases; that of {node['database']} is left out")
            continue
        columns = {column["name"]: _column(column, name, left) for column in node["columns"].values()}
        found[name] = DescribedTable(name, columns, _key(node, unique.get(id_, ())))
    there, gone = split_references(_relationships(nodes, names), found)
    notes += [f"{link.start} -> {link.end}: dbt does not describe both columns" for link in gone]
    return Description(found, there, (*left.lines(), *notes))


def _name(node: Node, usual: str) -> str:
    table = str(node.get("alias") or node.get("identifier") or node["name"])
    return table if node["schema"] == usual else f"{node['schema']}.{table}"


def _meta(node: Node) -> dict[str, Any]:
    """Return `meta` of a node or a column; since dbt 1.10 it is in `config`."""
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _tags(node: Node) -> list[str]:
    both = [*(node.get("tags") or ()), *((node.get("config") or {}).get("tags") or ())]
    return list(dict.fromkeys(map(str, both)))


def _column(column: Node, table: str, left: NotImported) -> DescribedColumn:
    place = f"{table}.{column['name']}"
    words: dict[str, Any] = {}
    for tag in _tags(column):
        word, colon, value = tag.partition(":")
        if tag in fides_categories():
            words["category"] = tag
        elif colon and word in ("category", "origin", IDENTITY):
            words[word] = value
        else:
            left.note([f"tag {tag}"], place)
    for word, value in _meta(column).items():
        if word in _CATEGORY:
            several = value if isinstance(value, list) else [value]
            words["category"] = several[0] if several else None
            left.note((f"meta.{word} {more}" for more in several[1:]), place)
        elif word == OWN and isinstance(value, Mapping):
            words |= value
        else:
            left.note([f"meta.{word}"], place)
    return described_column(column["name"], words, "dbt: tags and meta", place, left)


def _tests(nodes: Mapping[str, Node]) -> Iterator[tuple[Node, str, Mapping[str, Any]]]:
    """Yield tests of columns: the test, its name, its arguments."""
    for node in nodes.values():
        test = node.get("test_metadata")
        if node["resource_type"] == "test" and test and node.get("column_name"):
            yield node, test["name"], test.get("kwargs") or {}


def _key(node: Node, unique: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of dbt's primary key, or the single column that it tests to be unique."""
    for constraint in node.get("constraints") or ():
        if constraint.get("type") == "primary_key" and constraint.get("columns"):
            return tuple(constraint["columns"])
    declared = [
        column["name"]
        for column in node["columns"].values()
        if any(constraint.get("type") == "primary_key" for constraint in column.get("constraints") or ())
    ]
    tested = [column for column in unique if column in node["columns"]]
    return tuple(declared) or (tuple(tested) if len(tested) == 1 else ())


def _of(test: Node) -> str:
    return str(test.get("attached_node") or "")


def _relationships(nodes: Mapping[str, Node], names: Mapping[str, str]) -> Iterator[Reference]:
    for test, name, arguments in _tests(nodes):
        child = _of(test)
        if name != "relationships" or child not in names:
            continue
        others = [node for node in test["depends_on"]["nodes"] if node != child and node in names]
        parent = others[0] if others else child
        yield Reference(names[child], str(test["column_name"]), names[parent], str(arguments["field"]))
