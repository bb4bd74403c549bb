"""What a register still says of a forgotten request, and which persons of the warehouse it fits.

The attacker has the register after the destruction, its exports and the whole warehouse, and an installation
of his own, in which he puts the same request for everybody and keeps all that comes of it. He looks in no
place in particular: each number, each hexadecimal text and each size of what is encrypted, in any column and
at any depth of any JSON, is held against what his own register says of each person.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_HEX = re.compile(r"[0-9a-f]{16,}")
_COUNTERS = {"id", "seq", "previous"}
"""Columns that number rows: they tell in which order things came, which the times tell too."""

Place = str
Rows = Mapping[str, list[dict[str, Any]]]


@dataclass
class Remains:
    """What is left of one request.

    Attributes:
        values: place -> its numbers, digests and sizes.
        types: the types of its events, in order, and how many rows each table has: they may stay.
    """

    values: dict[Place, Counter[Any]] = field(default_factory=lambda: defaultdict(Counter))
    types: tuple[str, ...] = ()

    @property
    def digests(self) -> set[str]:
        """Every hexadecimal text, wherever it is."""
        return {v for counted in self.values.values() for v in counted if isinstance(v, str)}


@dataclass(frozen=True)
class Fit:
    """Whom a request fits.

    Attributes:
        by_types: persons left by the types of events alone.
        by_all: persons left by everything.
        places: place -> how many persons it leaves, the place that tells most first; of `by_types`.
    """

    by_types: int
    by_all: int
    places: dict[Place, int]


def rows_of(register: Path) -> Rows:
    """Everything in a register on SQLite."""
    with closing(sqlite3.connect(register)) as db:
        db.row_factory = sqlite3.Row
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [dict(row) for row in db.execute(f'SELECT * FROM "{name}"')] for name in names}


def remains_of(rows: Rows, request: str) -> Remains:
    """What a register says of a request, of its case, and of whatever names one of them."""
    found, ids = Remains(), {request}
    ids |= {row["case_id"] for row in rows["request"] if row["id"] == request}
    headers = {row["seq"]: row for row in rows["event"]}
    for _ in range(3):  # a part names its message, which names its request
        for table, row in _mine(rows, ids):
            if table != "event" and isinstance(row.get("id"), str):
                ids.add(row["id"])
    mine = list(_mine(rows, ids))
    seqs = {row["seq"] for table, row in mine if table in ("event", "event_payload")}
    types = [headers[seq]["type"] for seq in sorted(seqs)]
    counted = Counter(table for table, _ in mine if table not in ("event", "event_payload"))
    found.types = (*types, *(f"{table} {number}" for table, number in sorted(counted.items())))
    mine += [("event_payload", row) for row in rows["event_payload"] if row["seq"] in seqs]
    for table, row in mine:
        name = f"event {headers[row['seq']]['type']}" if table == "event_payload" else table
        for column, value in row.items():
            if column not in _COUNTERS:
                for place, part in _values(f"{name}.{column}", value):
                    found.values[place][part] += 1
    return found


def fit(left: Remains, true: str, everybody: Mapping[str, Remains]) -> Fit:
    """Whom what is left of a request fits, among everybody as the attacker's own register has them.

    What fits the true person is counted alone: random values fit no one.
    """
    same = {name for name, remains in everybody.items() if remains.types == everybody[true].types}
    digests = {name: everybody[name].digests for name in same}
    persons, places = set(same), {}
    for place, counted in left.values.items():
        for value in counted:
            those = {name for name in same if value in everybody[name].values.get(place, ())}
            if isinstance(value, str):
                those |= {name for name in same if value in digests[name]}
            if true in those:
                persons &= those
                places[place] = min(len(those), places.get(place, len(same)))
    places = {
        place: n for place, n in sorted(places.items(), key=lambda counted: counted[1]) if n < len(same)
    }
    return Fit(len(same), len(persons), places)


def _mine(rows: Rows, ids: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for table, of_table in rows.items():
        for row in of_table:
            texts = [value for value in row.values() if isinstance(value, str)]
            if any(id in text for id in ids for text in texts):
                yield table, row


def _values(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int | float):
        yield place, value
    elif isinstance(value, bytes):
        yield f"{place} (size)", len(value)
    elif isinstance(value, str) and value[:1] in ("{", "["):
        yield from _json(place, json.loads(value))
    elif isinstance(value, str) and _HEX.fullmatch(value):
        yield place, value


def _json(place: Place, value: Any) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _json(f"{place}.{name}", member)
    elif isinstance(value, list):
        yield f"{place} (length)", len(value)
        for item in value:
            yield from _json(place, item)
    else:
        yield from _values(place, value)
