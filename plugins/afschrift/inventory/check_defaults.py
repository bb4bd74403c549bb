"""Faults of defaults and of the lists of confirmed columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from afschrift.domain.nearest import hint
from afschrift.inventory.base import fides_categories
from afschrift.inventory.check_columns import near_column
from afschrift.inventory.defaults import NO_DEFAULT, Compiler, confirmed_in, form_of, nearest
from afschrift.inventory.document import FaultAt
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table


def default_faults(source: SourceFile) -> Iterator[FaultAt]:
    """Yield all faults of one source."""
    names = {column for table in source.tables.values() for column in table.columns}
    yield from _patterns(source, names)
    yield from _categories(source)
    for column, target in source.defaults.references.items():
        where = ["defaults", "references", column]
        other, _, key = target.rpartition(".")
        if column not in names:
            yield (
                where,
                f"no table here has this column: correct its name, or take it out{hint(column, names)}",
            )
        if other not in source.tables or key not in source.tables[other].columns:
            yield where, f"the source has no column {target}{near_column(source, target)}"
    for kind in ("columns", "categories"):
        for name, default in getattr(source.defaults, kind).items():
            yield from _words(default.model_fields_set, ["defaults", kind, name])
    for name, table in source.tables.items():
        yield from _words(table.defaults.model_fields_set, ["tables", name, "defaults"])
        if table.origin is not None and table.defaults.origin is not None:
            yield (
                ["tables", name, "defaults", "origin"],
                "the table has an origin by row: leave one of them out",
            )
        yield from _confirmed(source, table, ["tables", name])


def _patterns(source: SourceFile, names: set[str]) -> Iterator[FaultAt]:
    compiler = Compiler({}, source.defaults, {})
    first = {name: compiler.pattern(name) for name in names}
    for pattern in source.defaults.columns:
        form, where = form_of(pattern), ["defaults", "columns", pattern]
        matched = {name for name in names if form.fullmatch(name)}
        if not matched:
            yield where, "no column here matches it: correct it, or take it out"
        elif pattern not in {first[name] for name in matched}:
            others = " and ".join(sorted({str(first[name]) for name in matched}))
            yield where, f"{others} above matches the same columns first: put {pattern} above that"


def _categories(source: SourceFile) -> Iterator[FaultAt]:
    used = {
        nearest((column.proposal or column).category, source.defaults.categories)
        for table in source.tables.values()
        for column in table.columns.values()
    }
    for category in source.defaults.categories:
        where = ["defaults", "categories", category]
        if category not in fides_categories():
            yield where, "this category is not in the Fides taxonomy"
        elif category not in used:
            yield where, "no column here has this category, or one below it: correct it, or take it out"


def _words(words: set[str], where: list[str]) -> Iterator[FaultAt]:
    for word in sorted(words.intersection(NO_DEFAULT)):
        yield [*where, word], "this is decided for each column: it cannot be a default"


def _confirmed(source: SourceFile, table: Table, where: list[str]) -> Iterator[FaultAt]:
    seen: set[str] = set()
    for number, listed in enumerate(table.confirmed):
        at = [*where, "confirmed", str(number)]
        if listed.within is not None and listed.within not in source.confirmations:
            yield at, f"{listed.within} is not declared under `confirmations`"
        if listed.within is not None and (listed.by or listed.on):
            yield at, "`in` already gives `by` and `on`: leave out these, or `in`"
        if (listed.by is None) != (listed.on is None):
            yield at, "give both who confirmed it (`by`) and when (`on`)"
        for column in listed.columns:
            if column in seen:
                yield at, f"{column} is confirmed twice: keep the last"
            seen.add(column)
    for name in confirmed_in(table):
        described = table.columns[name]
        described = (described.proposal or described) if described.awaits else described
        if described.proposal is not None:
            yield where, f"{name} is confirmed and has `review: needed`: leave one of them out"
        elif table.personal and table.lacks_class(described):
            yield (
                [*where, "confirmed"],
                f"{name} is confirmed, but neither its own line nor a default gives it an `origin`: correct "
                "its name, or write one under `columns`",
            )
    for name, described in table.columns.items():
        if (described.proposal or described).why is not None:
            yield [*where, "columns", name, "why"], "`why` goes with a confirmation that names the column"


def written_at(source: SourceFile, where: Sequence[str]) -> list[str]:
    """Return the place in the file of a column's word: its own, or that of the default that gives it."""
    if len(where) > 4 and where[0] == "tables" and where[2] == "columns":
        table = source.tables.get(where[1])
        column = table.columns.get(where[3]) if table else None
        place = (column.proposal or column).sources.get(where[4]) if column else None
        if place is not None:
            return written_at(source, [*place, *where[4:]])
    return list(where)
