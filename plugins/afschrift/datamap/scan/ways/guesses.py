"""What no database declares: pointers by equal names and values, keys, and tables that repeat another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from afschrift.datamap.scan.schema import ScannedColumn, ScannedSource, ScannedTable
from afschrift.datamap.scan.ways.edges import Edge
from afschrift.datamap.scan.ways.person_tables import EMAIL, PersonTable, is_a, key_column
from afschrift.domain.name_parts import (
    NUMBERS,
    flat,
    is_generic,
    pointed_to,
    row_names,
    singulars,
    word_set,
    words,
)
from afschrift.domain.value_kind import ValueKind

_NUMERIC = (ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.NUMBER)
_TEXTUAL = (ValueKind.TEXT, ValueKind.UUID)
_ROLES = word_set(
    "author owner sender recipient receiver buyer purchaser submitter requester requestor uploader poster "
    "participant attendee member user customer client person klant gebruiker lid persoon afzender ontvanger "
    "eigenaar auteur koper aanvrager deelnemer"
)
_MOST = 3
"""Tables that one column is compared with."""


@dataclass(frozen=True)
class Polymorphic:
    """Two columns that name a row of another table for each value of the first, such as `owner_type`."""

    table: str
    type_column: str
    id_column: str


def candidates(source: ScannedSource, keys: Mapping[str, str], known: Sequence[Edge]) -> list[Edge]:
    """Pointers that names suggest, where no foreign key speaks of the column.

    Args:
        source: as it was scanned.
        keys: table -> the one column that tells its rows apart, declared or guessed.
        known: foreign keys.
    """
    spoken = {(edge.table, column) for edge in known for column in edge.columns}
    loose = {(two.table, two.id_column) for two in polymorphic(source)}
    targets = _Targets(source, keys)
    found: list[Edge] = []
    for table in source.tables.values():
        if table.part_of is not None:
            continue
        for column in table.columns:
            at = (table.name, column.name)
            if at not in spoken and at not in loose:
                found += targets.of(table, column)
    return found


class _Targets:
    """The tables that a column may point to, by its name."""

    def __init__(self, source: ScannedSource, keys: Mapping[str, str]) -> None:
        self._source, self._keys = source, keys
        self._by_key: dict[str, list[str]] = {}
        self._by_name: dict[str, list[str]] = {}
        self._by_last: dict[str, list[str]] = {}
        for name, key in keys.items():
            if not is_generic(key) and (pointed_to(key) or flat(key).endswith("id")):
                self._by_key.setdefault(flat(key), []).append(name)
            called = singulars(name)
            if is_generic(key) or (pointed_to(key) or "") in row_names(name):
                for row in called:
                    self._by_name.setdefault(row, []).append(name)
                for row in row_names(name) - called:
                    self._by_last.setdefault(row, []).append(name)

    def of(self, table: ScannedTable, column: ScannedColumn) -> Iterator[Edge]:
        """At most a few, the likeliest first."""
        found = list(dict.fromkeys(self._named(table, column)))
        named = [name for name in found if (pointed_to(column.name) or "") in row_names(name)]
        # two keys of one name are two numbers, unless one names the other
        alone = table.key == (column.name,)
        for name in (named if alone or named else found)[:_MOST]:
            key = self._source.tables[name].column(self._keys[name])
            if key is not None and _comparable(column, key):
                yield Edge(table.name, (column.name,), name, (key.name,), "the names are alike")

    def _named(self, table: ScannedTable, column: ScannedColumn) -> Iterator[str]:
        parts = words(column.name)
        stem = pointed_to(column.name)
        for start in range(len(parts)):
            if stem is None and start:
                break  # `order_date` is no `date`
            rest = "".join(parts[start:])
            for name in self._by_key.get(rest, ()):
                if name != table.name:
                    yield name
            pointer = pointed_to("_".join(parts[start:])) or ""
            whole, last = self._by_name.get(pointer, ()), self._by_last.get(pointer, ())
            for name in whole or (last if len(last) == 1 else ()):
                if name != table.name:
                    yield name


def _comparable(own: ScannedColumn, other: ScannedColumn) -> bool:
    kinds = {own.type.kind, other.type.kind}
    return any(kinds <= set(family) for family in (_NUMERIC, _TEXTUAL)) and not own.type.closed


def by_email(
    source: ScannedSource, people: Mapping[str, PersonTable], person: PersonTable, edges: Sequence[Edge]
) -> list[Edge]:
    """Tables that point nowhere, with an e-mail address as these people have one; other people are none."""
    own = source.tables[person.table].column(person.email or "")
    if own is None:
        return []
    tied = {edge.table for edge in edges}
    return [
        Edge(table.name, (column.name,), person.table, (own.name,), "both hold an e-mail address")
        for table in source.tables.values()
        if table.name not in tied and table.name not in people and not table.computed
        for column in table.columns
        if is_a(column.name, EMAIL) and _comparable(column, own)
    ]


def by_role(
    source: ScannedSource, people: Mapping[str, PersonTable], person: PersonTable, edges: Sequence[Edge]
) -> list[Edge]:
    """Columns that no edge speaks of and whose name says a person: `author`, `sender_id`, `made_by`."""
    own = source.tables[person.table].column(person.key or "")
    spoken = {(edge.table, column) for edge in edges for column in edge.columns}
    if own is None or own.type.kind is ValueKind.TEXT:  # a name would do as well as a number
        return []
    return [
        Edge(table.name, (column.name,), person.table, (own.name,), "its name says a person")
        for table in source.tables.values()
        if table.name not in people and not table.computed and table.part_of is None
        for column in table.columns
        if (table.name, column.name) not in spoken
        and _says_a_person(column.name)
        and _comparable(column, own)
    ]


def _says_a_person(column: str) -> bool:
    parts = words(column)
    while len(parts) > 1 and parts[-1] in NUMBERS:
        parts = parts[:-1]
    return bool(parts) and (parts[-1] in _ROLES or (len(parts) > 1 and parts[-1] == "by"))


def polymorphic(source: ScannedSource) -> list[Polymorphic]:
    """Pairs such as `owner_type` and `owner_id`, of which no foreign key speaks."""
    spoken = {(key.table, column) for key in source.foreign_keys for column in key.columns}
    called = {row for name in source.tables for row in singulars(name)}
    found = []
    for table in source.tables.values():
        names = {flat(column.name): column.name for column in table.columns}
        for column in table.columns:
            parts = words(column.name)
            if len(parts) > 1 and parts[-1] in ("type", "class", "kind", "soort"):
                stem = "".join(parts[:-1])
                if stem in called:
                    continue  # the number of one, and what kind of one it is
                pointer = next(
                    (names[f"{stem}{end}"] for end in ("id", "key", "nr") if f"{stem}{end}" in names), None
                )
                if pointer and (table.name, pointer) not in spoken and (pointer,) != table.key:
                    found.append(Polymorphic(table.name, column.name, pointer))
    return found


def copies(source: ScannedSource) -> dict[str, str]:
    """Table -> the table that it repeats, which is no copy itself.

    A view repeats a table that it reads, as the database says, where each of its columns is one of that table
    by name and type. One with a column of its own repeats nothing.
    """
    found = {}
    for table in source.tables.values():
        if table.part_of is not None:
            found[table.name] = _whole(source, table)
        elif table.computed and table.columns:
            of = [original for original in _read(source, table) if _shows(original, table)]
            if of:
                found[table.name] = max(
                    of, key=lambda original: (len(original.key) > 0, -len(original.columns))
                ).name
    return {copy: of for copy, of in found.items() if of in source.tables and of not in found}


def _whole(source: ScannedSource, part: ScannedTable) -> str:
    """The table at the top, where parts have parts."""
    seen, name = {part.name}, part.part_of or ""
    while name in source.tables and (above := source.tables[name].part_of) and name not in seen:
        seen.add(name)
        name = above
    return name


def _read(
    source: ScannedSource, view: ScannedTable, seen: frozenset[str] = frozenset()
) -> list[ScannedTable]:
    """The tables that a view reads, by other views too."""
    found = []
    for name in view.reads:
        table = source.tables.get(name)
        if table is not None and name not in seen and name != view.name:
            seen |= {name}
            found += _read(source, table, seen) if table.computed else [table]
    return found


def _shows(table: ScannedTable, view: ScannedTable) -> bool:
    types = {column.name: column.type.native for column in table.columns}
    return all(types.get(column.name) == column.type.native for column in view.columns)


def declared_keys(source: ScannedSource) -> dict[str, str]:
    """Table -> the one column of its key, where the database declares one."""
    found = {table.name: key_column(table) for table in source.tables.values() if not table.computed}
    return {table: column for table, column in found.items() if column is not None}


def named_keys(source: ScannedSource, declared: Mapping[str, str]) -> dict[str, str]:
    """Table without any key -> the column that is called as its key would be."""
    called = {row for name in source.tables for row in singulars(name)}
    found = {}
    for table in source.tables.values():
        plain = not table.computed and table.part_of is None and table.readable
        if plain and table.name not in declared and not table.key and (column := _called_so(table, called)):
            found[table.name] = column
    return found


def _called_so(table: ScannedTable, called: Collection[str]) -> str | None:
    """By its whole name, or by the end of it where no other table is called so (`user_id` of `wp_users`)."""
    names = singulars(table.name) | (row_names(table.name) - set(called))
    own = [c.name for c in table.columns if (pointed_to(c.name) or "") in names]
    return next(iter([*own, *(c.name for c in table.columns if is_generic(c.name))]), None)
