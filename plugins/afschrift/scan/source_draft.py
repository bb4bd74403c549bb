"""The draft of one source as plain data, in the words of the inventory, with remarks for who edits it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from afschrift.scan.column_proposals import Proposals
from afschrift.scan.column_words import column_words
from afschrift.scan.proposal import Proposal, TableRole
from afschrift.scan.scan_findings import Findings
from afschrift.scan.schema import ScannedTable
from afschrift.scan.table_remarks import remarks
from afschrift.scan.ways.edges import Edge
from afschrift.scan.ways.name_parts import is_generic, singulars, words
from afschrift.scan.ways.person_tables import People
from afschrift.scan.ways.table_places import Place

_KEY_LENGTH = 41
_WAYS = 12
"""Alternatives that a table is given at most."""
EMAIL_KEY = "email"


@dataclass(frozen=True)
class Header:
    """What stands above the tables.

    Attributes:
        source: its name in the inventory.
        zone: whose clock times without a zone follow; None: nobody said.
    """

    source: str
    kind: str
    connection: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    zone: str | None = None


@dataclass
class Draft:
    """What is written.

    Attributes:
        data: the file of the source, as plain data.
        remarks: path of a table, such as `("tables", "orders")` -> lines above it.
        keys: identity keys that it uses -> their declaration, where identity.yml has none.
        person: the key of the people who will ask; None: no people were found.
    """

    data: dict[str, Any]
    remarks: dict[tuple[str, ...], list[str]]
    keys: dict[str, dict[str, str]]
    person: str | None


def drafted(
    found: Findings,
    proposals: Proposals,
    header: Header,
    known_keys: Collection[str],
    named: Mapping[tuple[str, str], str],
) -> Draft:
    """The draft.

    Args:
        found: by the scan.
        proposals: for its columns.
        header: of the file.
        known_keys: identity keys of the project.
        named: table and column -> the identity key that is known to stand there.
    """
    names = _KeyNames(found, named, known_keys)
    tables = {name: _table(found, names, name, proposals.get(name, {})) for name in found.source.tables}
    data: dict[str, Any] = {"source": header.source, "kind": header.kind}
    if header.connection:
        data["connection"] = header.connection
    if header.options:
        data["options"] = dict(header.options)
    if header.zone:
        data["zone"] = header.zone
    data["tables"] = {name: entry for name, entry in tables.items() if entry is not None}
    said: dict[tuple[str, ...], list[str]] = {
        ("tables", name): remarks(found, name) for name in data["tables"]
    }
    for name, entry in data["tables"].items():
        said["tables", name] += [
            f"LOOK {key} is a key of identity.yml already: see that it is the same number here, and take "
            "`ways` out."
            for key in names.by_name_alone.intersection(entry.get("subject", {}))
        ]
    used = {key for entry in data["tables"].values() for key in entry.get("subject", {})}
    keys = {name: names.declarations[name] for name in sorted(used - set(known_keys))}
    person = names.of(found.roots[0]) if found.roots else None
    return Draft(data, said, keys, person)


class _KeyNames:
    """Identity keys by the tables of people whose rows they tell apart.

    Attributes:
        by_name_alone: keys of the project that nothing but a name says are the same number here.
    """

    def __init__(
        self, found: Findings, known: Mapping[tuple[str, str], str], project: Collection[str]
    ) -> None:
        self._names: dict[str, str] = {}
        self.by_name_alone: set[str] = set()
        self.declarations: dict[str, dict[str, str]] = {EMAIL_KEY: {"unique": "over_time"}}
        for table in dict.fromkeys([*found.roots, *found.people]):
            column = found.people[table].key or ""
            name = known.get((table, column)) or key_name(table, column)
            if name in self._names.values() or name == EMAIL_KEY:
                name = _cleaned(f"{table}_{name}")
            self._names[table] = name
            if name in project and name != known.get((table, column)):
                self.by_name_alone.add(name)
            self.declarations[name] = {"unique": "no" if found.people[table].within else "yes"}

    def of(self, table: str) -> str:
        """Of one table of people."""
        return self._names[table]


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


def _table(
    found: Findings, names: _KeyNames, name: str, proposals: Mapping[str, Proposal]
) -> dict[str, Any] | None:
    """The entry of one table; None where its columns are not known, so that requests stop at it."""
    table, place = found.source.tables[name], found.places[name]
    if name in found.copies:
        of = {"copy_of": found.copies[name]}
        return of if table.part_of is not None else {**of, "review": "needed"}  # of a part, it is no guess
    if not table.columns:
        return None
    entry: dict[str, Any] = {}
    if place.role is TableRole.UNREACHED:  # it cannot say that it is anybody's: a person must
        entry |= {"personal": False, "review": "needed"}
    elif place.role in (TableRole.PERSON, TableRole.OTHER_PEOPLE):
        entry["subject"] = _own_keys(found.people[name], names, asks=place.role is TableRole.PERSON)
    else:
        entry |= _ways(found, names, table, place)
        if any(way.guess or (way.table == name and _by_role(found, way)) for way in place.ways):
            entry["ways"] = "guessed"
    if names.by_name_alone.intersection(entry.get("subject", {})):
        entry["ways"] = "guessed"
    if key := table.key or tuple(filter(None, [found.guessed_keys.get(name)])):
        entry["key"] = list(key)
    if label := found.labels.get(name):
        entry["label"] = label[0] if len(label) == 1 else list(label)
    if others := {edge.columns[0]: target(edge) for edge in place.others if len(edge.columns) == 1}:
        entry["references"] = {column: to for column, to in others.items() if column != to}
    person = found.people.get(name)
    if person and person.names:
        entry["names"] = {"columns": list(person.names)}
    own = place.role in (TableRole.PERSON, TableRole.OTHER_PEOPLE)
    entry["columns"] = {
        column.name: column_words(proposals[column.name], own=own) if column.name in proposals else {}
        for column in table.columns
    }
    return entry


def target(edge: Edge) -> str:
    """`customer.customer_id`."""
    return f"{edge.parent}.{edge.parent_columns[0]}"


def _own_keys(person: People, names: _KeyNames, *, asks: bool) -> dict[str, Any]:
    """An e-mail address leads to one kind of people alone: a member of staff may be a customer too."""
    keys: dict[str, Any] = {names.of(person.table): person.key}
    if asks and person.email and person.email != person.key:
        keys[EMAIL_KEY] = {"column": person.email, "match": "casefold"}
    return keys


def _ways(found: Findings, names: _KeyNames, table: ScannedTable, place: Place) -> dict[str, Any]:
    """`subject` where the table holds the person's own number once; else the ways to another one."""
    direct = [way for way in place.ways if _holds_key(found, way)]
    if len(place.ways) == len(direct) == 1:
        entry: dict[str, Any] = {"subject": {names.of(direct[0].parent): direct[0].columns[0]}}
        column = table.column(direct[0].columns[0])
        sure = [way for way in place.longer if not way.guess]
        if column is not None and column.nullable and sure:  # a row without the number may be theirs too
            entry["join"] = _joins(table.name, sure)
        return entry
    return {"join": _joins(table.name, place.ways)}


def _by_role(found: Findings, way: Edge) -> bool:
    """Whether it names somebody who dealt with a row, and perhaps not whose row it is."""
    return way.parent in found.people and way.of_another_role


def _holds_key(found: Findings, way: Edge) -> bool:
    person = found.people.get(way.parent)
    return person is not None and way.parent_columns == (person.key,)


def _joins(table: str, ways: list[Edge]) -> Any:
    mappings = []
    for way in ways[:_WAYS]:
        here, there, other = way.columns, way.parent_columns, way.parent
        if way.table != table:  # a look-up: the other table points to it
            here, there, other = way.parent_columns, way.columns, way.table
        mapping = {own: f"{other}.{column}" for own, column in zip(here, there, strict=True)}
        if mapping not in mappings:
            mappings.append(mapping)
    return mappings[0] if len(mappings) == 1 else mappings
