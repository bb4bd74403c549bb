"""Tables and columns that only the map or only the source has, and what a source hides or cannot prove."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Set
from dataclasses import replace

from afschrift.datamap.check.finding import Code, Finding, MapReport, Severity
from afschrift.datamap.check.probe import CheckedSource
from afschrift.domain.decision import Protect
from afschrift.domain.errors import AfschriftError, UnreadFilesError
from afschrift.domain.notation import count
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.table import Table
from afschrift.inventory.unconfirmed import unclassified
from afschrift.selection.map_entries import read_twice, unlike
from afschrift.sources.table_errors import Unreadable, enter_schema

_FEW = 3  # tables, from which on nothing hints at a missing right
_STOPS = ": every request stops there"


def structure(of: CheckedSource, report: MapReport) -> Iterator[Finding]:
    """Yield what differs between inventory and source; `report` gets counts and what is ignored."""
    declared = of.declared
    for fault in read_twice(declared, of.structure.parts, of.catalogue):
        table = fault.partition(" ")[0].removeprefix(f"{declared.source}.")
        yield of.finding(Code.READ_TWICE, (table,), fault, "keep one entry")
    for copy, column in unlike(declared, of.catalogue):
        original = declared.tables[copy].copy_of
        words = f"{of.path(copy, column)} is no column of {original}: {copy} is no copy of it"
        words += _STOPS if declared.unlisted == "ask" else ""
        yield of.finding(Code.COPY_DIFFERS, (copy, column), words, "describe it as a table of its own")
    notes = [
        f"{of.path(table)}: {count(files, 'file')} not read, by `ignore`"
        for table, files in sorted(of.structure.ignored.items())
    ]
    stops = declared.not_passed_over(of.tables)
    if passed := [table for table in declared.undescribed(of.tables) if table not in stops]:
        notes.append(f"{declared.source}: not read, by `unlisted: ignore`: {', '.join(passed)}")
    for table in stops:
        words = f"{of.path(table)} is in the source, but not in the inventory{_STOPS}"
        remedy = "describe it; with `personal: false` if it holds no personal data"
        yield of.finding(Code.TABLE_NOT_DESCRIBED, (table,), words, remedy)
    yield from _gone(of)
    columns = classified = 0
    for table in sorted(of.catalogue.keys() & declared.tables.keys()):
        described = declared.tables[table]
        if described.copy_of is None:
            natives = yield from _table(of, table, described)
            if described.personal:
                columns += len(natives)
                classified += len((natives & described.columns.keys()) - set(unclassified(described)))
    notes += _rights(of)
    report.notes += notes
    report.columns += columns
    report.classified += classified


def _rights(of: CheckedSource) -> Iterator[str]:
    """Yield in whose name the source was read, if there is more than that account sees, or perhaps."""
    closed = sum(isinstance(found, Unreadable) for found in of.tables.values())
    hidden, few = len(of.structure.hidden), of.dialect.hides_tables and len(of.tables) < _FEW
    if (closed or hidden or few) and (account := of.probe.account()):
        more = f", and {hidden:,} more in schemas that it may not enter" if hidden else ""
        seen = f"it may read {len(of.tables) - closed:,} of {count(len(of.tables), 'table')}{more}"
        yield f"{of.declared.source}: read as {account}; {seen}"


def _gone(of: CheckedSource) -> Iterator[Finding]:
    there = {*of.tables, *of.structure.parts, *of.structure.hidden}
    for table in sorted(of.declared.tables):
        own = of.declared.in_source(table)
        if own not in there:
            path = of.path(table) + (f" (table {own})" if own != table else "")
            words = f"{path} is in the inventory, but not in the source"
            remedy = "correct the inventory, or give the connection the right to see the table"
            yield _as(of.finding(Code.TABLE_GONE, (table,), words, remedy), of.declared.tables[table])


def _table(of: CheckedSource, name: str, described: Table) -> Generator[Finding, None, Set[str]]:
    """Yield what differs in a table; return the columns that the source has, none if it is not readable."""
    try:
        found = dict(of.catalogue[name])
    except UnreadFilesError as why:
        yield _as(of.finding(Code.FILES_NOT_READ, (name,), str(why.args[0]), why.remedy), described)
        return frozenset()
    except AfschriftError as why:
        yield _unread(of, name, described, why)
        return frozenset()
    stops = _STOPS if described.personal else ""
    for column in sorted(found.keys() - described.columns.keys()):
        words = f"{of.path(name, column)} is not in the inventory{stops}"
        yield _as(of.finding(Code.COLUMN_NOT_DESCRIBED, (name, column), words, "classify it"), described)
    for column in sorted(described.columns.keys() - found.keys()):
        words = f"{of.path(name, column)} is in the inventory, but not in the source"
        remedy = "remove it, or correct the table"
        yield _as(of.finding(Code.COLUMN_GONE, (name, column), words, remedy), described)
    for column in sorted(column for column, type_ in found.items() if type_.kind is None):
        written, type_ = described.columns.get(column), found[column]
        if type_.part is not None and described.personal:
            words = f"{of.path(name, column)} is of a document that is not taken apart ({type_.native})"
            yield of.finding(Code.TYPE_UNKNOWN, (name, column), words, type_.remedy)
        elif described.personal and (written is None or written.kind is None):
            words = f"{of.path(name, column)} has the type {type_.native}, which is not known"
            yield of.finding(Code.TYPE_UNKNOWN, (name, column), words, "give it `kind: text`")
    return found.keys()


def _unread(of: CheckedSource, name: str, described: Table, why: AfschriftError) -> Finding:
    """Return the finding of a table without a right; a note if no request reads it."""
    if described.personal:
        return of.finding(Code.NO_RIGHT, (name,), str(why.args[0]), why.remedy)
    words = f"{of.path(name)}: that it is not personal was not checked: {why.args[0]}"
    return of.finding(Code.NOT_LOOKED_AT, (name,), words, why.remedy, undecided=Code)


def _as(found: Finding, described: Table) -> Finding:
    """Lower the severity to a warning if the table is not personal: no request reads it."""
    return found if described.personal else replace(found, severity=Severity.WARNING)


def unproven(of: CheckedSource) -> Iterator[Finding]:
    """Yield each table or column that the connection may not read, or that may lack rows."""
    declared = of.declared
    closed: set[tuple[str, str]] = set()
    for hidden in of.structure.hidden:
        entries = [declared.tables[name] for name in declared.entries(hidden)]
        if any(entry.personal for entry in entries) or (declared.unlisted == "ask" and not entries):
            words = f"{of.path(hidden)} is in a schema without USAGE for the connection: it is not read"
            yield of.finding(Code.NO_RIGHT, (hidden,), words, enter_schema(hidden))
    for name, table in declared.tables.items():
        if not table.personal:
            continue
        yield from _rows(of, name, table)
        for column in _closed(of, name, table):
            if (declared.in_source(name), column) not in closed:  # once, for all entries of the table
                closed.add((declared.in_source(name), column))
                words = f"{of.path(name, column)}: no right to read it"
                remedy = "give the account SELECT on the column, or on the whole table"
                yield of.finding(Code.NO_RIGHT, (name, column), words, remedy)


def _rows(of: CheckedSource, name: str, table: Table) -> Iterator[Finding]:
    """Yield reasons why not all rows of a table are known to be read."""
    if name in of.named.views and table.complete is None:
        words = f"{of.path(name)} is a view, and it is not confirmed that it holds every row: set `complete`"
        remedy = "let a person who knows the view confirm it"
        yield of.finding(Code.VIEW_NOT_CONFIRMED, (name,), words, remedy)
    keeps = name in of.named.history
    if keeps and table.history is None:
        words = (
            f"{of.path(name)} keeps former rows that are not read: set `history: read`, or name under "
            "`history` who decided not to, when and why"
        )
        yield of.finding(Code.HISTORY_NOT_DECIDED, (name,), words, "decide whether former rows are given")
    if name in of.catalogue and not keeps and table.history is not None:
        words = f"{of.path(name)} has no history in the source, but `history` in the inventory"
        yield of.finding(Code.HISTORY_NOT_DECIDED, (name,), words, "remove `history`")


def _closed(of: CheckedSource, name: str, table: Table) -> Iterator[str]:
    """Yield the columns that the connection may not read but a request may need."""
    try:
        closed = {column for column, found in of.catalogue.get(name, {}).items() if found.closed}
    except AfschriftError:  # the whole table is not readable, which is reported
        return
    for column in sorted(closed):
        known = table.columns.get(column)
        if known is None or not (known.origin is Origin.NOT_PERSONAL or known.protect is Protect.SECRET):
            yield column
