"""Ways that a person wrote in the file of a source: a scan that found none starts from these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afschrift.datamap.scan.proposal import TableRole
from afschrift.datamap.scan.scan_findings import Findings

Entries = Mapping[str, Mapping[str, Any]]


def written_roles(here: Mapping[str, Any], found: Findings) -> dict[str, TableRole]:
    """Table of the source -> what it is to the people, of those that only the file leads to somebody.

    Args:
        here: what stands in the file; empty: there is none.
        found: by the scan.
    """
    tables = here.get("tables")
    entries = {
        str(name): entry
        for name, entry in (tables.items() if isinstance(tables, dict) else ())
        if isinstance(entry, dict)
    }
    roles = {}
    for name, entry in entries.items():
        table = _table(name, entry)
        unreached = table in found.places and found.places[table].role is TableRole.UNREACHED
        if unreached and (role := _role(name, entries, found, frozenset())):
            roles[table] = role
    return roles


def role_found(found: Findings, table: str) -> TableRole:
    """What the scan took a table for; what is another kind of people's is about other people."""
    place = found.places[table]
    others = place.whose and found.places[place.whose].role is TableRole.OTHER_PEOPLE
    return TableRole.OTHER_PEOPLE if others and place.role is TableRole.CHILD else place.role


def _role(name: str, entries: Entries, found: Findings, seen: frozenset[str]) -> TableRole | None:
    """Where the ways of an entry lead; None: to nobody, or a program guessed them."""
    entry = entries.get(name)
    if entry is None or name in seen:
        return None
    table = _table(name, entry)
    if table in found.places and found.places[table].role is not TableRole.UNREACHED:
        role = role_found(found, table)
        return TableRole.OTHER_PEOPLE if role is TableRole.OTHER_PEOPLE else TableRole.CHILD
    if entry.get("ways") == "guessed" or entry.get("personal") is False or entry.get("copy_of"):
        return None
    if subject := entry.get("subject"):
        others = _keys_of(TableRole.OTHER_PEOPLE, entries, found) - _keys_of(TableRole.PERSON, entries, found)
        return TableRole.OTHER_PEOPLE if set(subject) <= others else TableRole.CHILD
    joins = entry.get("join") or ()
    ends = [
        str(target).rpartition(".")[0]
        for join in (joins if isinstance(joins, list) else [joins])
        if isinstance(join, dict)
        for target in join.values()
    ]
    led = {_role(end, entries, found, seen | {name}) for end in ends}
    return next((one for one in (TableRole.CHILD, TableRole.OTHER_PEOPLE) if one in led), None)


def _keys_of(role: TableRole, entries: Entries, found: Findings) -> set[str]:
    """Identity keys of the tables of one kind of people."""
    return {
        str(key)
        for name, entry in entries.items()
        if (table := _table(name, entry)) in found.places and found.places[table].role is role
        for key in entry.get("subject") or ()
    }


def _table(name: str, entry: Mapping[str, Any]) -> str:
    return str(entry.get("table") or name)
