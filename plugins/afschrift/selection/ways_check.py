"""Joins that lead to somebody else, seen in the tables themselves: a finding of `inventory check --live`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from afschrift.domain.keys import Unique
from afschrift.domain.sources import Source
from afschrift.inventory.joins import Hop, hops, leads_to_person
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.person import Catalogue, WayFinder
from afschrift.selection.statements import render

_MEND = "such rows stay, and a request that meets one asks: mend the join, or say `shared_rows`"


@dataclass(frozen=True)
class WaysCheck:
    """Looks at the joins of tables whose rows bear a person's own key; two statements each, over all rows.

    Attributes:
        declared: the source; a table of it with `shared_rows` is passed over: somebody decided.
        session: open on it.
        catalogue: of the session.
        sql: the folder of statements.
    """

    declared: SourceFile
    identity: IdentityFile
    session: Source
    catalogue: Catalogue
    sql: Path

    def findings(self) -> Iterator[str]:
        """A line for each join that reaches rows of others.

        Raises:
            ConfigurationError, NeedsPersonError: as `WayFinder.native`.
        """
        for name, table in self.declared.tables.items():
            own = [key for key in table.subject if self.identity.keys[key].unique is Unique.YES]
            if table.personal and table.shared_rows is None:
                for hop in hops(self.declared, name) if own else ():
                    if leads_to_person(self.declared, hop.parent, frozenset({name})):
                        yield from self._hop(name, own[0], hop)

    def _hop(self, name: str, key: str, hop: Hop) -> Iterator[str]:
        way = f"{self.declared.source}.{name} by {', '.join(own for own, _ in hop.pairs)} -> {hop.parent}"
        finder = self._finder
        own = self.declared.tables[name].subject[key].column
        columns = [finder.column(name, column) for column, _ in hop.pairs]
        persons = self._number("persons_of_a_join.sql", name, own=finder.column(name, own), columns=columns)
        if persons > 1:
            yield f"{way}: rows of up to {persons} persons point to one row there; {_MEND}"
        if key in self.declared.tables[hop.parent].subject:
            theirs = self.declared.tables[hop.parent].subject[key].column
            rows = self._number(
                "disagreeing.sql",
                name,
                parent=self.session.dialect.relation(hop.parent),
                pairs=[self._equal(name, column, hop.parent, other) for column, other in hop.pairs],
                same=self._equal(name, own, hop.parent, theirs),
            )
            if rows:
                yield f"{way}: {rows} row(s) bear another {key} than the row that they point to; {_MEND}"

    @property
    def _finder(self) -> WayFinder:
        return WayFinder(self.declared, self.identity, self.session.dialect, self.catalogue)

    def _number(self, template: str, table: str, **parts: object) -> int:
        relation = self.session.dialect.relation(table)
        return int(self.session.rows(render(self.sql, template, relation=relation, **parts))[0][0] or 0)

    def _equal(self, table: str, column: str, parent: str, theirs: str) -> str:
        finder = self._finder
        return self.session.dialect.joins(
            (finder.column(table, column), finder.native(table, column)),
            (finder.column(parent, theirs, "p"), finder.native(parent, theirs)),
        )
