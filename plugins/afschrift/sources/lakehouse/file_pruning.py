"""Which files of each table a statement can need, by the keys that it asks for and the bounds in the log.

The statement's own tree, as DuckDB parses it, says which rows it wants; what is not understood wants all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.sources.lakehouse.log_table import LogTable

Mask = npt.NDArray[np.bool_]
"""For each file whether it is needed."""

Values = Callable[[dict[str, Any]], Sequence[Any] | None]
"""Runs a SELECT that reads the key table alone; None: it has too many values."""

KEYS = "afschrift_key"
_LONGEST = 32
"""Writers cut the bounds of longer texts."""

_BOUNDED = (pa.types.is_integer, pa.types.is_string, pa.types.is_date)
_LEAF = {"COLUMN_REF", "CONSTANT", "CAST", "FUNCTION", "CASE", "COMPARISON", "CONJUNCTION", "OPERATOR"}


def tables_of(statement: str, parse: Callable[[str], str]) -> dict[str, list[dict[str, Any]]] | None:
    """Table -> the SELECTs that read it; None: the statement is none that DuckDB takes apart."""
    tree = json.loads(parse(statement))
    if tree["error"]:
        return None
    found: dict[str, list[dict[str, Any]]] = {}
    for node in _nodes(tree):
        if node.get("type") == "SELECT_NODE":
            for table in _relations(node["from_table"]):
                found.setdefault(table["table_name"], []).append(node)
    return found


def needed(table: str, log: LogTable, selects: Sequence[dict[str, Any]], values: Values) -> Mask:
    """Files of a table that a statement can need.

    Args:
        table: its name in the statement.
        log: the version that is read.
        selects: the SELECTs of the statement that read it.
        values: see `Values`.
    """
    every = np.zeros(len(log.files), bool)
    for node in selects:
        conditions = _conditions(node["from_table"])
        if conditions is None:
            return np.ones(len(log.files), bool)
        conditions += [node["where_clause"]] if node["where_clause"] else []
        for relation in _relations(node["from_table"]):
            if relation["table_name"] == table:
                search = _PlannedSearch(log, relation["alias"] or table, values, node)
                every |= search.all_of(conditions)
    return every


def files_of_a_key(log: LogTable, column: str) -> int:
    """Number of files whose bounds hold a value from the middle of a column."""
    bounds = _bounds(log, column)
    known = pc.drop_null(pa.chunked_array(bounds).combine_chunks()) if bounds else None
    if bounds is None or known is None or not len(known):
        return len(log.files)
    middle = known.take(pc.sort_indices(known))[len(known) // 2]
    inside = pc.and_(pc.less_equal(bounds[0], middle), pc.greater_equal(bounds[1], middle))
    return int(pc.sum(pc.fill_null(inside, True)).as_py())


def _nodes(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        yield found
        found = list(found.values())
    if isinstance(found, list):
        for part in found:
            yield from _nodes(part)


def _relations(found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if found["type"] == "BASE_TABLE":
        yield dict(found)
    elif found["type"] == "JOIN":
        yield from _relations(found["left"])
        yield from _relations(found["right"])


def _conditions(found: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Conditions of inner joins; None where a row may come without any."""
    if found["type"] != "JOIN":
        return []
    left, right = _conditions(found["left"]), _conditions(found["right"])
    if left is None or right is None or found["join_type"] != "INNER" or found["using_columns"]:
        return None
    return [*left, *right, *([found["condition"]] if found["condition"] else [])]


class _PlannedSearch:
    def __init__(self, log: LogTable, alias: str, values: Values, node: Mapping[str, Any]) -> None:
        self._log, self._alias, self._values, self._node = log, alias, values, node

    def all_of(self, conditions: Sequence[Mapping[str, Any]]) -> Mask:
        """Files with rows that may fulfil all of these conditions."""
        found = np.ones(len(self._log.files), bool)
        flat = list(_flat(conditions))
        of_keys = [c for c in flat if _aliases(c) == {self._key_alias()}]
        for condition in flat:
            found &= self._one(condition, of_keys)
        return found

    def _key_alias(self) -> str:
        return next((r["alias"] for r in _relations(self._node["from_table"]) if r["table_name"] == KEYS), "")

    def _one(self, condition: Mapping[str, Any], of_keys: Sequence[Mapping[str, Any]]) -> Mask:
        kind = condition["type"]
        if kind == "CONJUNCTION_OR":
            parts = [self.all_of([part]) for part in condition["children"]]
            return np.asarray(np.logical_or.reduce(parts), bool)
        if kind == "SUBQUERY" and condition["subquery_type"] == "ANY":
            node = condition["subquery"]["node"]
            if condition["comparison_type"] == "COMPARE_EQUAL" and _reads_keys(node):
                return self._within(condition["child"], node)
        if kind == "COMPARE_EQUAL":
            for column, other in (("left", "right"), ("right", "left")):
                if self._key_alias() and _aliases(condition[other]) == {self._key_alias()}:
                    return self._within(condition[column], _of_keys(self._node, condition[other], of_keys))
        return np.ones(len(self._log.files), bool)

    def _within(self, column: Mapping[str, Any], node: dict[str, Any]) -> Mask:
        """Files whose bounds hold one of the values that a SELECT gives."""
        every = np.ones(len(self._log.files), bool)
        if column["type"] != "COLUMN_REF" or len(column["column_names"]) != 2:
            return every
        alias, name = column["column_names"]
        bounds = _bounds(self._log, name) if alias == self._alias else None
        values = self._values(node) if bounds else None
        if bounds is None or values is None:
            return every
        low, high = bounds
        found = np.zeros(len(self._log.files), bool)
        for value in values:
            if value is None:
                continue
            try:
                bound = pa.scalar(value, low.type)
            except (pa.ArrowException, TypeError, OverflowError):
                return every
            inside = pc.and_(pc.less_equal(low, bound), pc.greater_equal(high, bound))
            found |= pc.fill_null(inside, True).to_numpy(zero_copy_only=False)
        return found


def _bounds(log: LogTable, name: str) -> tuple[pa.Array, pa.Array] | None:
    known = {column.lower(): column for column in (*log.partitions, *log.lows)}
    column = known.get(name.lower())
    if column is None:
        return None
    if column in log.partitions:
        low = high = log.partitions[column]
    else:
        low, high = log.lows[column], log.highs[column]
    if not any(bounded(low.type) for bounded in _BOUNDED):
        return None
    if pa.types.is_string(low.type) and low is not high:
        cut = pc.greater_equal(pc.utf8_length(high), _LONGEST)
        high = pc.if_else(pc.fill_null(cut, True), pa.scalar(None, high.type), high)
    return low, high


def _flat(conditions: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for condition in conditions:
        if condition["type"] == "CONJUNCTION_AND":
            yield from _flat(condition["children"])
        else:
            yield condition


def _aliases(found: Any) -> set[str]:
    """The tables whose columns an expression names; `?` where it has more than columns and functions."""
    names: set[str] = set()
    for node in _nodes(found):
        if node.get("type") == "COLUMN_REF":
            names.add(node["column_names"][0] if len(node["column_names"]) == 2 else "?")
        elif "class" in node and node["class"] not in _LEAF | {"TYPE"}:
            names.add("?")
    return names


def _reads_keys(node: Mapping[str, Any]) -> bool:
    """Whether a SELECT reads the key table and nothing else."""
    table = node["from_table"]
    if node["type"] != "SELECT_NODE" or table["type"] != "BASE_TABLE" or table["table_name"] != KEYS:
        return False
    read = [node["select_list"], node["where_clause"]]
    return _aliases(read) == {table["alias"] or KEYS} and not node["group_expressions"]


def _of_keys(
    node: Mapping[str, Any], value: Mapping[str, Any], conditions: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """A SELECT of a value over the key table that another SELECT joins."""
    keys = next(r for r in _relations(node["from_table"]) if r["table_name"] == KEYS)
    both = {"class": "CONJUNCTION", "type": "CONJUNCTION_AND", "alias": "", "children": list(conditions)}
    return {
        **node,
        "modifiers": [],
        "select_list": [value],
        "from_table": keys,
        "where_clause": both if conditions else None,
        "group_expressions": [],
        "group_sets": [],
        "having": None,
        "qualify": None,
    }
