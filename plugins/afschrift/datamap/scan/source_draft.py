"""The draft of one source as plain data, in the words of the inventory, with remarks for who edits it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.datamap.scan.column_proposals import Proposals
from afschrift.datamap.scan.explained import explained
from afschrift.datamap.scan.proposal import ColumnProposal
from afschrift.datamap.scan.scan_findings import Findings
from afschrift.datamap.scan.schema import ScannedTable
from afschrift.datamap.scan.table_context import TableRole
from afschrift.datamap.scan.ways.edges import Edge, target
from afschrift.datamap.scan.ways.person_tables import PersonTable, is_tenant
from afschrift.datamap.scan.ways.table_places import TablePlace
from afschrift.domain.decision import About, Protect
from afschrift.domain.name_parts import flat, is_generic, singulars, word_set, words
from afschrift.domain.notation import count
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.titles import draft_table_title, draft_title

_WAYS = 12
"""Alternatives that a table is given at most."""


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
    head: Mapping[str, Any],
    known: KnownKeys,
    languages: Sequence[str] = (),
) -> Draft:
    """The draft of what a scan found, with proposals for its columns."""
    names = KeyNames(found, known)
    tables = {name: _table(found, names, name, proposals.get(name, {})) for name in found.source.tables}
    entries = {name: entry for name, entry in tables.items() if entry is not None}
    for name, entry in entries.items():
        _explain(found, entry, name, proposals.get(name, {}), languages)
    notes: dict[tuple[str, ...], list[str]] = {("tables", name): remarks(found, name) for name in entries}
    for name, entry in entries.items():
        notes["tables", name] += [
            f"LOOK {key} is a key of identity.yml already: see that it is the same number here, and take "
            "`ways` out."
            for key in names.by_name_alone.intersection(entry.get("subject", {}) if "ways" in entry else ())
        ]
    used = {key for entry in entries.values() for key in entry.get("subject", {})}
    keys = {name: names.declarations[name] for name in sorted(used - set(known.project))}
    person = names.of(found.roots[0]) if found.roots else None
    return Draft({**head, "tables": entries}, notes, keys, person)


def _explain(
    found: Findings,
    entry: dict[str, Any],
    name: str,
    proposals: Mapping[str, ColumnProposal],
    languages: Sequence[str],
) -> None:
    """Add titles, and what explains values to the person, to the entry of a table."""
    table = found.source.tables[name]
    if entry.get("personal") is not False and "copy_of" not in entry:
        title = draft_table_title(name.rpartition(".")[2], table.comment, languages)
        entry |= {"title": title} if title else {}
    keys = {*entry.get("key", ()), *entry.get("references", ()), *_own_columns(entry)}
    for column in table.columns:
        words = entry.get("columns", {}).get(column.name, {})
        if "review" in words and words.get("origin") != Origin.NOT_PERSONAL and "protect" not in words:
            title = draft_title(column.name, column.comment, languages)
            drafts = explained(title, proposals[column.name].explains, alone=column.name not in keys)
            known = {*words, *(["unit_from"] if "unit" in words else [])}
            words |= {word: text for word, text in drafts.items() if word not in known}


def _own_columns(entry: Mapping[str, Any]) -> Iterator[str]:
    for link in entry.get("subject", {}).values():
        yield link["column"] if isinstance(link, dict) else link
    joins = entry.get("join") or ()
    yield from (own for join in (joins if isinstance(joins, list) else [joins]) for own in join)


def _table(
    found: Findings, names: KeyNames, name: str, proposals: Mapping[str, ColumnProposal]
) -> dict[str, Any] | None:
    """The entry of one table; None where its columns are not known, so that requests stop at it."""
    table, place = found.source.tables[name], found.places[name]
    if name in found.copies:
        of = {"copy_of": found.copies[name]}
        return of if table.part_of is not None else {**of, "review": "needed"}  # of a part, it is no guess
    if not table.columns:
        return None
    entry: dict[str, Any] = {}
    if name in found.open:
        entry |= {"ways": "asked", **_possible(found, names, name, found.open[name].ways)}
    elif place.role is TableRole.UNREACHED:  # it cannot say that it is anybody's: a person must
        entry |= {"personal": False, "review": "needed"}
    elif place.role in (TableRole.PERSON, TableRole.OTHER_PEOPLE):
        entry["subject"] = _own_keys(found.people[name], names, asks=place.role is TableRole.PERSON)
    else:
        entry |= _ways(found, names, table, place)
        if any(way.guess or (way.table == name and _by_role(found, way)) for way in place.ways):
            entry |= {"ways": "guessed", **_possible(found, names, name, place.ways)}
    points = {
        edge.columns[0]: target(edge)
        for edge in (*_further_keys(found, entry, place), *place.others)
        if len(edge.columns) == 1
    }
    if names.by_name_alone.intersection(entry.get("subject", {})):
        # of a proven one the table that it points to asks, for all that point there
        if proven := _proven(found, names, place, entry):
            points |= proven
        else:
            entry["ways"] = "guessed"
    if key := table.key or tuple(filter(None, [found.guessed_keys.get(name)])):
        entry["key"] = list(key)
    if label := found.labels.get(name):
        entry["label"] = label[0] if len(label) == 1 else list(label)
    if points:
        entry["references"] = {column: to for column, to in points.items() if column != to}
    person = found.people.get(name)
    if person and person.names:
        entry["names"] = {"columns": list(person.names)}
    own = place.role in (TableRole.PERSON, TableRole.OTHER_PEOPLE)
    entry["columns"] = {
        column.name: column_words(proposals[column.name], own=own) if column.name in proposals else {}
        for column in table.columns
    }
    return entry


def _possible(found: Findings, names: KeyNames, table: str, ways: Sequence[Edge]) -> dict[str, Any]:
    """The ways of a table that are guessed or possible, each with the evidence."""
    possible = [*found.open[table].elsewhere] if table in found.open else []
    if table in found.open and table in found.people:
        own = {names.of(table): found.people[table].key}
        possible.append({"subject": own, "because": "other people, with a number of their own"})
    possible += [
        {
            **(
                {"subject": {names.of(way.parent): way.columns[0]}}
                if way.table == table and _holds_key(found, way)
                else {"join": _joins(table, [way])}
            ),
            "because": way.guess,
        }
        for way in ways
        if way.guess
    ]
    return {"possible": possible} if possible else {}


def _further_keys(found: Findings, entry: Mapping[str, Any], place: TablePlace) -> Iterator[Edge]:
    """Yield foreign keys of the database to other rows of the person, by which no way leads to people."""
    joined = {*_own_columns({"join": entry.get("join")})}
    for edge in place.longer:
        child = found.places[edge.parent].role is TableRole.CHILD
        if child and not edge.guess and not edge.through and not joined & set(edge.columns):
            yield edge


def _own_keys(person: PersonTable, names: KeyNames, *, asks: bool) -> dict[str, Any]:
    """An e-mail address leads to one kind of people alone: a member of staff may be a customer too."""
    keys: dict[str, Any] = {names.of(person.table): person.key}
    if asks and person.email and person.email != person.key:
        keys[EMAIL_KEY] = {"column": person.email, "match": "casefold"}
    return keys


def _ways(found: Findings, names: KeyNames, table: ScannedTable, place: TablePlace) -> dict[str, Any]:
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


def _proven(found: Findings, names: KeyNames, place: TablePlace, entry: Mapping[str, Any]) -> dict[str, str]:
    """The foreign key of the database by which a table bears its people's own number; empty: none does.

    The people's table must be one that asks whose number it is, or else no question would.
    """
    if place.role is not TableRole.CHILD or "ways" in entry or len(place.ways) != 1:
        return {}
    [way] = place.ways
    people = found.places[way.parent].role in (TableRole.PERSON, TableRole.OTHER_PEOPLE)
    if way.guess or way.through or not people or not names.is_asked_at(way.parent, way.parent_columns[0]):
        return {}
    return {way.columns[0]: target(way)}


def _by_role(found: Findings, way: Edge) -> bool:
    """Whether it names a person who dealt with a row, and perhaps not whose row it is."""
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


def column_words(proposal: ColumnProposal, *, own: bool) -> dict[str, Any]:
    """The words of a column; `review: needed` with each, so that none counts before a person confirms it.

    It is said of the column and not of the table: a column that a later scan adds must not count either.

    Args:
        proposal: for the column.
        own: the rows are the people's own records, so that what they hold is about them.
    """
    words = {
        "origin": proposal.origin and proposal.origin.value,
        "category": proposal.category,
        "protect": proposal.secret and Protect.SECRET.value,
        "about": proposal.about_others and not own and About.THIRD_PARTY.value,
        "free_text": proposal.free_text,
        "unit": proposal.unit,
        "identifies": proposal.identifies and own and not proposal.secret,
    }
    return {
        **{word: value for word, value in words.items() if value},
        "review": "needed",
        "proposed": {"confidence": round(proposal.confidence, 2), "because": proposal.reason},
    }


EMAIL_KEY = "email"
_KEY_LENGTH = 41


@dataclass(frozen=True)
class KnownKeys:
    """What a project and the file of the source know of identity keys.

    Attributes:
        project: keys of `identity.yml`.
        named: table and column -> the key that people say it holds.
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
        return self._names[table]

    def is_asked_at(self, table: str, column: str) -> bool:
        """Whether the file asks at a table of people if its key is the project's; it may name another one."""
        asked = self._asked.get(table, {self._names[table]: column})
        return asked.get(self._names[table]) == column


def key_name(table: str, column: str) -> str:
    """What people of a table are known by: `customer_id`, of the column `id` of `customers` too."""
    if is_generic(column):
        last = words(table)[-1:] or (table,)
        row = min(singulars(last[0]) or {last[0]}, key=lambda name: (len(name), name))
        return _cleaned(f"{row}_{'_'.join(words(column))}")
    return _cleaned("_".join(words(column)))


def _cleaned(name: str) -> str:
    plain = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
    return (plain if plain[:1].isalpha() else f"key_{plain}")[:_KEY_LENGTH]


_DELETED = word_set("deleted deletedat isdeleted deletedon verwijderd verwijderdop archivedat archived")


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
        why = "its values" if name in found.keys_by_values else "its name"
        lines.append(f"GUESS key {found.guessed_keys[name]}: {why}{seen}")
    if len(place.ways) > 1 and place.role is TableRole.CHILD:
        lines.append("Several ways: see whether each of them makes a row theirs.")
    lines += [
        f"LOOK {way.text}: its only way to people is the person who processed the row."
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
        if name not in found.open:
            return "No way leads from here to people, and no value that could be a key is one of theirs"
        why = found.open[name].why
        return f"ASKED Whose rows are these? {'Some values fit' if not why else why[0].upper() + why[1:]}"
    if place.role is TableRole.LOOKUP:
        return f"What rows of those in {place.whose} point to"
    return f"Rows of those in {place.whose}"


def _habits(found: Findings, name: str) -> list[str]:
    """Columns that say something of the whole table."""
    table = found.source.tables[name]
    lines = []
    for column in table.columns:
        if flat(column.name) in _DELETED:
            lines.append(f"{column.name} marks rows as deleted; they are given like all others.")
        if is_tenant(column.name):
            lines.append(f"{column.name} tells tenants apart: see whose requests this inventory serves.")
    return lines
