"""Identity keys of the people of a draft: what they are called, and whether the project knows them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from afschrift.datamap.scan.scan_findings import Findings
from afschrift.datamap.scan.ways.name_parts import is_generic, singulars, words

EMAIL_KEY = "email"
_KEY_LENGTH = 41


@dataclass(frozen=True)
class KnownKeys:
    """What a project and the file of the source know of identity keys.

    Attributes:
        project: keys of `identity.yml`.
        named: table and column -> the key that people say stands there.
        asked: table that the file has -> key and its column, where a way that was guessed waits; or none.
    """

    project: Collection[str]
    named: Mapping[tuple[str, str], str]
    asked: Mapping[str, Mapping[str, str]]


class KeyNames:
    """Identity keys by the tables of people whose rows they tell apart.

    Attributes:
        by_name_alone: keys of the project that nothing but a name says are the same number here.
    """

    def __init__(self, found: Findings, known: KnownKeys) -> None:
        self._asked = known.asked
        self._names: dict[str, str] = {}
        self.by_name_alone: set[str] = set()
        self.declarations: dict[str, dict[str, str]] = {EMAIL_KEY: {"unique": "over_time"}}
        for table in dict.fromkeys([*found.roots, *found.people]):
            column = found.people[table].key or ""
            name = known.named.get((table, column)) or key_name(table, column)
            if name in self._names.values() or name == EMAIL_KEY:
                name = _cleaned(f"{table}_{name}")
            self._names[table] = name
            if name in known.project and name != known.named.get((table, column)):
                self.by_name_alone.add(name)
            self.declarations[name] = {"unique": "no" if found.people[table].within else "yes"}

    def of(self, table: str) -> str:
        """Of one table of people."""
        return self._names[table]

    def is_asked_at(self, table: str, column: str) -> bool:
        """Whether the file asks at a table of people if its key is the project's; it may name another one."""
        asked = self._asked.get(table, {self._names[table]: column})
        return asked.get(self._names[table]) == column


def key_name(table: str, column: str) -> str:
    """What people of a table are known by: `customer_id`, of the column `id` of `customers` too."""
    if is_generic(column):
        last = words(table)[-1:] or (table,)
        one = min(singulars(last[0]) or {last[0]}, key=lambda name: (len(name), name))
        return _cleaned(f"{one}_{'_'.join(words(column))}")
    return _cleaned("_".join(words(column)))


def _cleaned(name: str) -> str:
    plain = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
    return (plain if plain[:1].isalpha() else f"key_{plain}")[:_KEY_LENGTH]
