"""Pointers beside the joins: rows that point to one that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from afschrift.datamap.check.finding import Code, Finding, finding
from afschrift.datamap.check.probe import Probe, Rows
from afschrift.datamap.check.ways_check import equal, points_to_nothing
from afschrift.datamap.scan.reader import NotAnsweredError, NotReachedError
from afschrift.domain.errors import AfschriftError
from afschrift.domain.sources import Structure
from afschrift.inventory.joins import Hop, hops, references
from afschrift.inventory.model import SourceFile
from afschrift.selection.person import WayFinder
from afschrift.selection.statements import render

_LOST = "see where these rows went in the source; a reader of an answer cannot follow the pointer"


@dataclass(frozen=True)
class ReferencesCheck:
    """Follows what `references` of personal tables say, but for what a foreign key holds true."""

    declared: SourceFile
    probe: Probe
    finder: WayFinder
    rows: Rows
    structure: Structure
    sql: Path

    def findings(self) -> Iterator[Finding]:
        """Rows that point to nothing."""
        for name, table in self.declared.tables.items():
            if not table.personal or name not in self.finder.tables:
                continue
            known = {
                (hop.parent, frozenset(hop.pairs)) for hop in (*hops(self.declared, name), *self._held(name))
            }
            for hop in references(self.declared, name):
                same = (hop.parent, frozenset(hop.pairs))
                if same not in known and hop.pairs[0][0] in table.references:
                    yield from self._points(name, hop)

    def _held(self, name: str) -> Iterator[Hop]:
        """Foreign keys of the database, by the names of the inventory; it keeps them true itself."""
        told = self.declared.structure(self.structure, self.declared.tables)
        for key in told.foreign_keys:
            if key.table == name:
                yield Hop(key.parent, tuple(zip(key.columns, key.parent_columns, strict=True)))

    def _points(self, name: str, hop: Hop) -> Iterator[Finding]:
        own = hop.pairs[0][0]
        place, way = (
            (self.declared.source, name, own),
            f"{self.declared.source}.{name} by {own} -> {hop.parent}",
        )
        try:
            looked = self.rows.of(name)
            statement = render(
                self.sql,
                "rows_that_point.sql",
                relation=looked.relation,
                parent=self.finder.relation(hop.parent),
                pairs=[
                    equal(self.finder, (name, mine, "t"), (hop.parent, its, "p")) for mine, its in hop.pairs
                ],
                columns=[self.finder.column(name, mine) for mine, _ in hop.pairs],
            )
            rows, found = self.probe.numbers(statement)
        except NotReachedError:
            raise
        except NotAnsweredError as why:
            words = f"{way}: not looked at: {why.args[0]}"
            yield finding(Code.NOT_LOOKED_AT, place, words, why.remedy, undecided={Code.POINTS_TO_NOTHING})
            return
        except AfschriftError:  # a column that is not there, or closed: said where the table is compared
            return
        if rows > found:
            among = "" if looked.whole else f", {looked.words},"
            yield points_to_nothing(place, way, rows - found, rows, among, _LOST)
