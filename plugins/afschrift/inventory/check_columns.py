"""Rules of the inventory across the columns of a table, and hints on them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from unicodedata import category

from afschrift.domain.decision import About, Protect, ThirdParty
from afschrift.domain.nearest import hint
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.column import Column
from afschrift.inventory.document import FaultAt
from afschrift.inventory.export import export_faults
from afschrift.inventory.joins import leads_to_person
from afschrift.inventory.model import Inventory, Purpose, SourceFile
from afschrift.inventory.processing import CountryOf, DataSource
from afschrift.inventory.table import Table

_UNSEEN = ("Cc", "Cs", "Zl", "Zp")
"""Categories of Unicode that a name may not hold: a statement keeps each name on one line."""


def missing(table: Table, where: list[str], *columns: str | None) -> Iterator[FaultAt]:
    """Yield a fault for each column that a table does not have."""
    for column in columns:
        if column and column not in table.columns:
            yield where, f"the table has no column {column}{hint(column, table.columns)}"


def table_faults(source: SourceFile, name: str, where: list[str]) -> Iterator[FaultAt]:
    """Yield the faults across the columns of a table."""
    table = source.tables[name]
    yield from _finder_faults(table, where)
    yield from _label_faults(table, where)
    yield from _export_faults(table, where)
    yield from _member_faults(source, name, where)
    yield from source_faults(table, table.source, where)
    yield from _proposal_faults(table, where)


def _member_faults(source: SourceFile, name: str, where: list[str]) -> Iterator[FaultAt]:
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
    for (member, path), (other, inside) in permutations(members.items(), 2):
        if inside[: len(path)] == path and (inside != path or member < other):
            yield (
                [*where, "columns", other, "path"],
                f"this value is in {member} already: a member is given once",
            )
    for column, use in _used(source, name, table):
        if column in members or column in {path[0] for path in members.values()}:
            yield (
                [*where, "columns", column],
                f"{use} uses it: a document, or a member of one, can only be given",
            )


def _kind(column: Column | None) -> str | None:
    return column.kind if column is not None else None


def _used(source: SourceFile, name: str, table: Table) -> Iterator[tuple[str, str]]:
    """Yield the columns of a table that are used for more than the answer, and for what."""
    yield from ((column, "`key`") for column in table.key)
    for link in table.subject.values():
        yield from ((column, "`subject`") for column in (*link.columns, link.changed) if column)
    yield from ((column, "`join`") for join in table.join for column in join)
    yield from ((column, "`references`") for column in table.references)
    for file in table.file:
        yield from ((column, "`file`") for column in (file.column, *file.other_columns))
    yield from ((column, "`names`") for column in (table.names.columns if table.names else ()))
    if table.origin is not None:
        yield table.origin.by, "`origin`"
    for other in source.tables.values():
        targets = [*(to for join in other.join for to in join.values()), *other.references.values()]
        for of, _, column in (target.rpartition(".") for target in targets):
            if of == name:
                yield column, "a `join` or `references` of another table"
    given = [table.source, *(known.source for known in table.columns.values())]
    yield from ((origin.from_, "`source`") for origin in given if origin is not None and origin.from_)
    yield from ((known.unit_from, "`unit_from`") for known in table.columns.values() if known.unit_from)
    yield from ((column, "a purpose") for column in _of_purposes(source, name))


def _of_purposes(source: SourceFile, name: str) -> Iterator[str]:
    for purpose in source.purposes.values():
        ends = [purpose.retention.from_] if purpose.retention and purpose.retention.from_ else []
        ends += [purpose.only.column] if purpose.only else []
        ends += [path for recipient in purpose.recipients or () for _, path in recipient.read]
        yield from (column for of, _, column in (end.rpartition(".") for end in ends) if of == name)
        if (consent := purpose.consent) and consent.table in (name, f"{source.source}.{name}"):
            yield from (c for c in (consent.column, consent.granted, consent.withdrawn) if c)


def _label_faults(table: Table, where: list[str]) -> Iterator[FaultAt]:
    """Yield faults of a `label`: missing columns, and columns that the page never shows unmasked."""
    if table.label and not table.personal and not table.asked:
        yield [*where, "label"], "rows of this table are in no answer: leave it out"
        return
    files = {name for file in table.file for name in (file.column, file.digest)}
    for name in table.label:
        column = table.columns.get(name)
        if column is None:
            yield [*where, "label"], f"the table has no column {name}{hint(name, table.columns)}"
        elif name in files:
            yield [*where, "label"], f"{name} holds a file or its digest: name a column with words"
        elif (name,) == table.key:
            yield (
                [*where, "label"],
                f"{name} is the key, which the page shows anyway: name a column with words",
            )
        elif why := _never_shown(column.proposal or column):
            yield [*where, "label"], f"{name} {why}: name another column"


def _export_faults(table: Table, where: list[str]) -> Iterator[FaultAt]:
    """Yield faults of `export`: columns that are not there, do not fit the format, or are never given."""
    if table.export and not table.personal:
        yield [*where, "export"], "rows of this table are in no answer: leave it out"
    if len({export.format for export in table.export}) < len(table.export):
        yield [*where, "export"], "two of these are of one format: give the other its own entry, with `table`"
    for export in table.export:
        for word, message in export_faults(export, table.columns):
            yield [*where, "export"], f"`{word}`: {message}"
        for role, name in export.columns.items():
            column = table.columns.get(name) or Column()
            if why := _never_shown(column.proposal or column):
                yield [*where, "export"], f"`{role}`: {name} {why}: name another column"


def _never_shown(column: Column) -> str:
    if column.protect is Protect.SECRET:
        return "is a secret"
    if column.protect is Protect.PAYMENT or column.third_party is ThirdParty.MASK:
        return "is masked"
    return "is JSON" if column.kind == "json" else ""


_TEXTS = frozenset(
    {"answer", "body", "comment", "comments", "description", "feedback", "message", "note", "notes", "remark",
     "remarks", "review", "summary", "text", "opmerking", "opmerkingen", "notitie", "toelichting", "bericht"}
)  # fmt: skip
_OF_CONTENT = ("user.content", "user.social")


def _finder_faults(table: Table, where: list[str]) -> Iterator[FaultAt]:
    """Yield faults of `names` and `free_text`: missing columns, and texts that may not be read."""
    if table.names:
        yield from missing(table, [*where, "names"], *table.names.columns)
    for name, column in table.columns.items():
        if column.free_text and column.protect is Protect.SECRET:
            yield [*where, "columns", name], "a secret is never given, so there is no text to search"


def finder_hints(inventory: Inventory) -> Iterator[str]:
    """Yield hints about texts that may hold others' data but are not searched by the finder."""
    examined = False
    for path, table in inventory.tables():
        for name, column in table.columns.items():
            examined = examined or column.free_text
            if table.personal and not column.free_text and _reads_as_text(name, column):
                yield f"{path}.{name} looks like free text: set `free_text: true` if people type in it."
    if examined and not any(table.names for _, table in inventory.tables()):
        yield "No table says `names`, so names of people are not looked for in free text."


def _reads_as_text(name: str, column: Column) -> bool:
    words = set(name.lower().split("_"))
    typed = not column.codes and column.kind != "json" and column.protect is not Protect.SECRET
    typed = typed and column.third_party is None  # of others, and decided on
    return typed and bool(words & _TEXTS) and (column.category or "").startswith(_OF_CONTENT)


def _proposal_faults(table: Table, where: list[str]) -> Iterator[FaultAt]:
    """Yield tables and columns with both `decided` and `review: needed`."""
    message = "`decided` and `review: needed` exclude each other: leave one of them out"
    if table.review == "needed" and table.decided is not None:
        yield [*where, "review"], message
    given = [word for word in ("subject", "join", "personal") if word in table.model_fields_set]
    if table.asked and set(given) - {"personal"}:
        yield [*where, "ways"], f"`{given[0]}` says whose its rows are: take out `ways: asked` and `possible`"
    elif table.possible and table.ways is None:
        yield [*where, "possible"], "possible ways belong to `ways`: leave them out"
    if table.ways == "guessed" and not (table.subject or table.join):
        yield [*where, "ways"], "there is no way here that was guessed: leave it out"
    for name, column in table.columns.items():
        if column.proposal is not None and not column.awaits and column.proposal.decided is not None:
            yield [*where, "columns", name, "review"], message


def processing_faults(source: SourceFile, purpose: Purpose, where: list[str]) -> Iterator[FaultAt]:
    """Yield faults of the columns that the information sheet reads in the person's rows."""
    if purpose.retention and purpose.retention.from_:
        yield from _read(source, purpose.retention.from_, [*where, "retention", "from"])
    if purpose.only:
        yield from _read(source, purpose.only.column, [*where, "only", "column"])
    for number, recipient in enumerate(purpose.recipients or ()):
        path = [*where, "recipients", str(number)]
        if recipient.from_:
            yield from _read(source, recipient.from_, [*path, "from"])
        if recipient.only:
            yield from _read(source, recipient.only.column, [*path, "only", "column"])
        for name in recipient.tables:
            if name not in source.tables:
                yield [*path, "tables"], f"the source has no table {name}{hint(name, source.tables)}"
        if isinstance(recipient.country, CountryOf):
            lookup = source.tables.get(recipient.country.table)
            named = {recipient.country.name, recipient.country.country}
            if lookup is None or not named <= lookup.columns.keys():
                yield [*path, "country"], f"the source has no such table {recipient.country.table} with them"


def _read(source: SourceFile, target: str, where: list[str]) -> Iterator[FaultAt]:
    name, _, column = target.rpartition(".")
    table = source.tables.get(name)
    if table is None or column not in table.columns:
        yield where, f"the source has no column {target}; write `table.column`{near_column(source, target)}"
    elif not table.personal or not leads_to_person(source, name):
        yield where, f"no way leads from table {name} to the person"
    else:
        yield from plain_faults(table.columns[column], where)


def near_column(source: SourceFile, target: str) -> str:
    """A question about a misspelt `table.column`."""
    return hint(
        target, (f"{name}.{column}" for name, table in source.tables.items() for column in table.columns)
    )


def plain_faults(column: Column, where: list[str]) -> Iterator[FaultAt]:
    """Refuse a masked column: the sheet must not show what the files hide."""
    column = column.proposal or column
    hidden = column.about is About.THIRD_PARTY and column.third_party is not ThirdParty.OWN_USE
    if hidden or column.protect in (Protect.SECRET, Protect.PAYMENT):
        yield where, "the values of this column are masked, so the sheet cannot name them"


def source_faults(table: Table, given: DataSource | None, where: list[str]) -> Iterator[FaultAt]:
    """Yield faults of the column that names the source of the data."""
    if given and given.from_:
        if given.from_ in table.columns:
            yield from plain_faults(table.columns[given.from_], [*where, "source", "from"])
        else:
            yield (
                [*where, "source", "from"],
                f"the table has no column {given.from_}{hint(given.from_, table.columns)}",
            )


def mention_hints(inventory: Inventory) -> Iterator[str]:
    """Yield columns settled as `not_given` by a word alone: they may be the person's in another role."""
    for source in inventory.sources.values():
        for name, table in source.tables.items():
            for column, described in table.columns.items():
                if described.mentions is not None and described.mentions.is_asked:
                    yield (
                        f"{source.source}.{name}.{column}: a request that finds the person there asks an "
                        "officer, since the rows may be the person's own in another role. Give a second "
                        "entry of it, with `table`, a `subject` for that role; or say under `mentions` "
                        "with `never_own` on what it rests that such rows are never the asking person's"
                    )


def others_hints(inventory: Inventory) -> Iterator[str]:
    """Yield a line for each table with undecided data about others (R31, R32).

    A hint and no fault: a controller may want to decide in each case. Unconfirmed columns are left out, as
    they are listed as such.
    """
    for path, table in inventory.tables():
        columns = table.columns if table.personal else {}
        if asked := [name for name, column in columns.items() if _asks(column)]:
            yield (
                f"{path}: data about others in {', '.join(asked)}, and `third_party` is neither `mask` nor "
                "`own_use`: every request that would give them stops at a question."
            )


def _asks(column: Column) -> bool:
    undecided = column.about is About.THIRD_PARTY and column.third_party in (None, ThirdParty.ASK)
    stays = column.protect is Protect.SECRET or column.origin is Origin.NOT_PERSONAL
    return undecided and not stays and column.proposal is None
