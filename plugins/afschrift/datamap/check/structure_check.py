"""Tables and columns that are on one side only: in the inventory, or in the source."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from afschrift.datamap.check.finding import Code, Finding, Severity, finding
from afschrift.domain.decision import Protect
from afschrift.domain.errors import AfschriftError, UnreadFilesError
from afschrift.domain.language import count
from afschrift.domain.origin import Origin
from afschrift.domain.sources import Structure
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table
from afschrift.inventory.unconfirmed import unclassified
from afschrift.selection.person import Catalogue
from afschrift.selection.repeated_tables import read_twice, unlike

_STOPS = ": every request stops there"


@dataclass
class StructureCheck:
    """Compares the tables of one source.

    Attributes:
        tables: that the source has, by its own names.
        catalogue: the same, with the names of the inventory.
        notes: what somebody decided to pass over.
        columns, classified: columns of personal tables that the source has, and those that are classified.
    """

    declared: SourceFile
    tables: Collection[str]
    catalogue: Catalogue
    structure: Structure
    notes: list[str] = field(default_factory=list)
    columns: int = 0
    classified: int = 0

    def findings(self) -> Iterator[Finding]:
        """What differs."""
        declared, name = self.declared, self.declared.source
        for fault in read_twice(declared, self.structure.parts, self.catalogue):
            table = fault.partition(" ")[0].removeprefix(f"{name}.")
            yield finding(Code.READ_TWICE, (name, table), fault, "keep one entry")
        for copy, column in unlike(declared, self.catalogue):
            of = declared.tables[copy].copy_of
            words = f"{name}.{copy}.{column} is no column of {of}: {copy} is no copy of it"
            words += _STOPS if declared.unlisted == "ask" else ""
            yield finding(Code.COPY_DIFFERS, (name, copy, column), words, "describe it as a table of its own")
        self.notes += [
            f"{name}.{table}: {count(files, 'file')} passed over, as `ignore` says"
            for table, files in sorted(self.structure.ignored.items())
        ]
        yield from self._undescribed()
        yield from self._gone()
        for table in sorted(self.catalogue.keys() & declared.tables.keys()):
            if declared.tables[table].copy_of is None:
                yield from self._table(table, declared.tables[table])

    def _undescribed(self) -> Iterator[Finding]:
        name, stops = self.declared.source, self.declared.not_passed_over(self.tables)
        passed = [table for table in self.declared.undescribed(self.tables) if table not in stops]
        if passed:
            self.notes.append(f"{name}: passed over, as `unlisted: ignore` says: {', '.join(passed)}")
        for table in stops:
            words = f"{name}.{table} is in the source, but not in the inventory{_STOPS}"
            remedy = "describe it; `personal: false` where it holds nobody's data"
            yield finding(Code.TABLE_NOT_DESCRIBED, (name, table), words, remedy)

    def _gone(self) -> Iterator[Finding]:
        name, there = self.declared.source, {*self.tables, *self.structure.parts, *self.structure.hidden}
        for table in sorted(self.declared.tables):
            own = self.declared.in_source(table)
            if own not in there:
                path = f"{name}.{table}" + (f" (table {own})" if own != table else "")
                words = f"{path} is in the inventory, but not in the source"
                remedy = "correct the inventory, or give the connection the right to see the table"
                found = finding(Code.TABLE_GONE, (name, table), words, remedy)
                yield _as(found, self.declared.tables[table])

    def _table(self, name: str, described: Table) -> Iterator[Finding]:
        source = self.declared.source
        try:
            natives = {column: one.native for column, one in self.catalogue[name].items()}
            unknown = {column for column, one in self.catalogue[name].items() if one.kind is None}
        except UnreadFilesError as why:
            found = finding(Code.FILES_NOT_READ, (source, name), str(why.args[0]), why.remedy)
            yield _as(found, described)
            return
        except AfschriftError as why:
            yield finding(Code.NO_RIGHT, (source, name), str(why.args[0]), why.remedy)
            return
        stops = _STOPS if described.personal else ""
        for column in sorted(natives.keys() - described.columns.keys()):
            words = f"{source}.{name}.{column} is not in the inventory{stops}"
            yield _as(
                finding(Code.COLUMN_NOT_DESCRIBED, (source, name, column), words, "classify it"), described
            )
        for column in sorted(described.columns.keys() - natives.keys()):
            words = f"{source}.{name}.{column} is in the inventory, but not in the source"
            remedy = "take it out, or mend the table"
            yield _as(finding(Code.COLUMN_GONE, (source, name, column), words, remedy), described)
        for column in sorted(unknown):
            written = described.columns.get(column)
            of = self.catalogue[name][column]
            if of.part is not None and described.personal:
                words = f"{source}.{name}.{column} is of a document that is not taken apart ({of.native})"
                yield finding(Code.TYPE_UNKNOWN, (source, name, column), words, of.remedy)
            elif described.personal and (written is None or written.kind is None):
                words = f"{source}.{name}.{column} has the type {natives[column]}, which is not known"
                yield finding(Code.TYPE_UNKNOWN, (source, name, column), words, "give it `kind: text`")
        if described.personal:
            known = natives.keys() & described.columns.keys()
            self.columns += len(natives)
            self.classified += len(known - set(unclassified(described)))


def _as(found: Finding, described: Table) -> Finding:
    """A warning, where the table is not personal: no request reads it."""
    return found if described.personal else replace(found, severity=Severity.WARNING)


def unproven(declared: SourceFile, structure: Structure, catalogue: Catalogue) -> Iterator[Finding]:
    """Each table or column that the connection may not see, or that may lack rows.

    Args:
        declared: the source as the data map has it.
        structure: what its database says.
        catalogue: of the source, by the names of the data map.
    """
    source = declared.source
    closed: set[tuple[str, str]] = set()
    for hidden in structure.hidden:
        if declared.unlisted == "ask" or _read(declared, hidden):
            words = f"{source}.{hidden} is in a schema without USAGE for the connection: nobody looks there"
            yield finding(Code.NO_RIGHT, (source, hidden), words, "give its account USAGE on the schema")
    for name, table in declared.tables.items():
        if not table.personal:
            continue
        yield from _rows(declared, structure, name, table, described=name in catalogue)
        for column in _closed(name, table, catalogue):
            if (declared.in_source(name), column) not in closed:  # one right, however many entries want it
                closed.add((declared.in_source(name), column))
                words = f"{source}.{name}.{column}: no right to read it"
                remedy = "give the account SELECT on the column, or on the whole table"
                yield finding(Code.NO_RIGHT, (source, name, column), words, remedy)


def _rows(
    declared: SourceFile, structure: Structure, name: str, table: Table, *, described: bool
) -> Iterator[Finding]:
    """Whether all rows of a table are known to be read."""
    told, place = declared.structure(structure, declared.tables), (declared.source, name)
    path = ".".join(place)
    if name in told.views and table.complete is None:
        words = f"{path} is a view, and nobody confirmed that it holds every row: say `complete`"
        yield finding(Code.VIEW_NOT_CONFIRMED, place, words, "let somebody who knows the view confirm it")
    if name in told.history and table.history is None:
        words = f"{path} keeps former rows that are not read: say `history: read`, or who decided why not"
        yield finding(Code.HISTORY_NOT_DECIDED, place, words, "decide whether former rows are given")
    if described and name not in told.history and table.history is not None:
        words = f"{path} has no history in the source, but `history` in the inventory"
        yield finding(Code.HISTORY_NOT_DECIDED, place, words, "take `history` out")


def _closed(name: str, table: Table, catalogue: Catalogue) -> Iterator[str]:
    """Columns without a right, where a request may want them."""
    try:
        closed = {column for column, found in catalogue.get(name, {}).items() if found.closed}
    except AfschriftError:  # the whole table is closed, and said to be
        return
    for column in sorted(closed):
        known = table.columns.get(column)
        if known is None or not (known.origin is Origin.NOT_PERSONAL or known.protect is Protect.SECRET):
            yield column


def _read(declared: SourceFile, table: str) -> bool:
    return any(declared.tables[name].personal for name in declared.entries(table))
