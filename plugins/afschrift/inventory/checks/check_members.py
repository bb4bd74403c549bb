"""Members of documents: where their paths lead, and what none of them can be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from unicodedata import category

from afschrift.inventory.column import Column
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table

Finding = tuple[list[str], str]
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")
"""Categories of Unicode: a statement keeps each name on one line."""


def member_faults(source: SourceFile, name: str, where: list[str]) -> Iterator[Finding]:
    """What is wrong with the members of a table."""
    table = source.tables[name]
    members = {column: known.path for column, known in table.columns.items() if known.path}
    if not members:
        return
    for column, path in members.items():
        at = [*where, "columns", column, "path"]
        if path[0] in members:
            yield at, f"{path[0]} is a member itself: begin with the column of the source that holds both"
        elif _kind(table.columns.get(path[0])) == "text":
            yield at, f"{path[0]} says `kind: text`, and a text has no members"
        if any(category(sign) in _UNSEEN for part in path for sign in part):
            yield at, "a name holds a line break or another sign of control"
    for (one, path), (other, inside) in permutations(members.items(), 2):
        if inside[: len(path)] == path and (inside != path or one < other):
            yield (
                [*where, "columns", other, "path"],
                f"this value is in {one} already: a member is given once",
            )
    for column, use in _used(source, name, table):
        if column in members or column in {path[0] for path in members.values()}:
            yield (
                [*where, "columns", column],
                f"{use} uses it: a document, or a member of one, is given and nothing else is read by it",
            )


def _kind(column: Column | None) -> str | None:
    return column.kind if column is not None else None


def _used(source: SourceFile, name: str, table: Table) -> Iterator[tuple[str, str]]:
    """Columns of a table that are read for more than to be given, and for what."""
    yield from ((column, "`key`") for column in table.key)
    for link in table.subject.values():
        yield from ((column, "`subject`") for column in (*link.columns, link.changed) if column)
    yield from ((column, "`join`") for join in table.join for column in join)
    yield from ((column, "`references`") for column in table.references)
    for file in table.file:
        yield from ((column, "`file`") for column in (file.column, *file.beside))
    yield from ((column, "`names`") for column in (table.names.columns if table.names else ()))
    if table.origin is not None:
        yield table.origin.by, "`origin`"
    for other in source.tables.values():
        targets = [*(to for join in other.join for to in join.values()), *other.references.values()]
        for of, _, column in (target.rpartition(".") for target in targets):
            if of == name:
                yield column, "a `join` or `references` of another table"
    given = [table.source, *(known.source for known in table.columns.values())]
    yield from ((one.from_, "`source`") for one in given if one is not None and one.from_)
    yield from ((known.unit_from, "`unit_from`") for known in table.columns.values() if known.unit_from)
    yield from ((column, "a purpose") for column in _of_purposes(source, name))


def _of_purposes(source: SourceFile, name: str) -> Iterator[str]:
    for purpose in source.purposes.values():
        ends = [purpose.retention.from_] if purpose.retention and purpose.retention.from_ else []
        ends += [path for one in purpose.recipients or () for _, path in one.read]
        yield from (column for of, _, column in (end.rpartition(".") for end in ends) if of == name)
        if (consent := purpose.consent) and consent.table in (name, f"{source.source}.{name}"):
            yield from (c for c in (consent.column, consent.granted, consent.withdrawn) if c)
