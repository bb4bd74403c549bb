"""What a draft says of a table to who edits it, in plain words."""

from __future__ import annotations

from afschrift.datamap.scan.proposal import TableRole
from afschrift.datamap.scan.scan_findings import Findings
from afschrift.datamap.scan.ways.name_parts import flat
from afschrift.datamap.scan.ways.person_tables import is_tenant
from afschrift.domain.language import count

_DELETED = (
    "deleted",
    "deletedat",
    "isdeleted",
    "deletedon",
    "verwijderd",
    "verwijderdop",
    "archivedat",
    "archived",
)


def remarks(found: Findings, name: str) -> list[str]:
    """The lines above a table."""
    table, place = found.source.tables[name], found.places[name]
    if name in found.copies:
        return []
    rows = "" if table.rows is None else f" (about {count(table.rows, 'row')})"
    lines = [_what(found, name) + rows]
    if table.comment:
        lines.append(f"The database says: {' '.join(table.comment.split())}")
    if table.computed and table.reads:
        lines.append(f"A view that reads {', '.join(table.reads)}.")
    lines += [f"GUESS {way.text}: {way.guess}" for way in place.ways if way.guess]
    if name in found.guessed_keys:
        seen = ", and no value of it came twice in some rows" if found.looked else ""
        lines.append(f"GUESS key {found.guessed_keys[name]}: its name{seen}")
    if len(place.ways) > 1 and place.role is TableRole.CHILD:
        lines.append("Several ways: see whether each of them makes a row theirs.")
    lines += [
        f"LOOK {way.text}: whoever dealt with the row is its only way to people."
        for way in place.ways
        if way.table == name and way.of_another_role and way.parent in found.people
    ]
    lines += [f"A further way that is not followed: {way.text}" for way in place.longer]
    lines += [f"Names people in another role, and is no way: {edge.text}" for edge in place.others]
    lines += [
        f"LOOK {two.id_column} points to another table by row, as {two.type_column} says, and no way can "
        "follow it: give each kind a view of its own."
        for two in found.polymorphic
        if two.table == name
    ]
    person = found.people.get(name)
    if person and person.within:
        lines.append(
            f"LOOK {person.key} is one person's within one {person.within} alone, so its key is `unique: no`."
        )
    lines += _habits(found, name)
    return lines


def _what(found: Findings, name: str) -> str:
    place = found.places[name]
    if place.role is TableRole.PERSON:
        return f"The people: {found.people[name].because}"
    if place.role is TableRole.OTHER_PEOPLE:
        return f"Other people, with a key of their own: {found.people[name].because}"
    if place.role is TableRole.UNREACHED:
        return "No way leads from here to people: whose is it?"
    if place.role is TableRole.LOOKUP:
        return f"What rows of those in {place.whose} point to"
    return f"Rows of those in {place.whose}"


def _habits(found: Findings, name: str) -> list[str]:
    """Columns that say something of the whole table."""
    table = found.source.tables[name]
    lines = []
    for column in table.columns:
        if flat(column.name) in _DELETED:
            lines.append(
                f"{column.name} marks rows as deleted; they are there, and are given like all others."
            )
        if is_tenant(column.name):
            lines.append(f"{column.name} tells tenants apart: see whose requests this inventory serves.")
    return lines
