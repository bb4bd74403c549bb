"""A shop whose customers and visits hold JSON documents, the same in every kind of warehouse."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support import maps
from tests.support.one_shop import Tables

DOCUMENTS: tuple[str | None, ...] = (
    '{"address": {"city": "Den \\"Haag\\" \\u00e9 \U0001f600", "zip": 1.10, "geo": {"lat": 52.0, "lon": [4, {"e": 1}]}}, '
    '"score": 0.75, "tags": ["a", {"b": null}], "a.b": "it\'s {dotted}", "rest \\"q\\" $": true, "\\u0071uiz": 5}',
    '{"address": {"city": "Delft"}, "score": 3}',
    '{"address": {"city": null, "zip": null}, "score": null, "a.b": null}',
    '{"address": null}',
    '{"address": "Main street 1", "Score": 4, "other": null}',
    '{"address": [{"city": "of a list"}], "score": {"high": 1}, "a": {"b": 2}}',
    '{"address": {"city": {"name": "Leiden", "code": [1, 2]}, "more": {"x": {}}}}',
    "{}",
    "[1, 2]",
    '"a text"',
    "7",
    "null",
    None,
)
"""Of the visits of customer 1, in their order; customer 2 has one of their own."""

PATHS = {
    "city": ("address", "city"),
    "zip": ("address", "zip"),
    "score": ("score",),
    "dotted": ("a.b",),
}
PROVIDED = ("city", "dotted")
REST = "{origin: inferred, meaning: {nl: Overig, en: Other}}"


def rows() -> list[tuple[int, int, str | None]]:
    own = [(number, 1, document) for number, document in enumerate(DOCUMENTS, start=10)]
    return [*own, (90, 2, '{"address": {"city": "Utrecht of another person"}, "score": 9}')]


def tables(type_: str = "JSON") -> Tables:
    columns = {"visit_id": "INTEGER", "customer_id": "INTEGER", "profile": type_}
    return {"customer": ({"customer_id": "INTEGER"}, [(1,), (2,)]), "visit": (columns, list(rows()))}


def write_inventory(folder: Path, kind: str, more: str, rest: str = REST) -> Path:
    """A data map of it; `rest`: what is said of the document's own column."""
    return maps.write(folder, shop=maps.text("profile_shop.yml", kind=kind, more=more, rest=rest))


def read(text: str | None) -> Any:
    """A document with its numbers exact, by Python's own reader."""
    return None if text is None else json.loads(text, parse_float=Decimal, parse_int=Decimal)


def expected(document: str | None, paths: dict[str, tuple[str, ...]] = PATHS) -> tuple[dict[str, Any], Any]:
    whole = read(document)
    members = {}
    for name, path in paths.items():
        value = whole
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        members[name] = value
    return members, without(whole, [*paths.values()])


def without(value: Any, paths: list[tuple[str, ...]]) -> Any:
    """A value without some members; None where nothing else is in it."""
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, inside in value.items():
        below = [path[1:] for path in paths if path[0] == name]
        if () in below:
            continue
        left = without(inside, below) if below else inside
        if left is not None or not below:
            kept[name] = left
    return kept or None
