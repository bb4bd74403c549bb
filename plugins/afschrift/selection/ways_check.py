"""Keys and joins held against the tables themselves: findings of `inventory check --live`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.keys import Unique
from afschrift.domain.language import count
from afschrift.domain.sources import Source
from afschrift.inventory.joins import Hop, hops, leads_to_person
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.inventory.table import Table
from afschrift.selection.person import Catalogue, WayFinder
from afschrift.selection.statements import render

_MEND = "such rows stay, and a request that meets one asks: mend the join, or say `shared_rows`"


class _SessionLostError(Exception):
    """A statement failed: on some databases the session answers nothing after that."""


@dataclass(frozen=True)
class WaysCheck:
    """Looks at keys and joins; a statement or two each, over all rows.

    Attributes:
        declared: the source.
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
        """A line for each key that repeats, and each join that finds nothing or reaches rows of others.

        A table with `shared_rows` is passed over for the last: somebody decided.
        """
        for name, table in self.declared.tables.items():
            if not table.personal or name not in self.catalogue:
                continue
            try:
                yield from self._table(name, table)
            except _SessionLostError as why:
                yield f"{why} What follows it in source {self.declared.source} was not looked at."
                return
            except AfschriftError as why:  # a column that it names is not there
                yield str(why)

    def _table(self, name: str, table: Table) -> Iterator[str]:
        if table.key:
            columns = [self._finder.column(name, column) for column in table.key]
            if repeated := self._numbers("repeated_keys.sql", name, columns=columns)[0]:
                yield (
                    f"{self._path(name)}: `key` {', '.join(table.key)} is not unique: "
                    f"{count(repeated, 'value')} in several rows; name the columns that together are, or "
                    "leave `key` out"
                )
        own = [key for key in table.subject if self.identity.keys[key].unique is Unique.YES]
        for hop in hops(self.declared, name):
            yield from self._meets(name, hop)
            leads = leads_to_person(self.declared, hop.parent, frozenset({name}))
            if own and leads and table.shared_rows is None:
                yield from self._others(name, own[0], hop)

    def _meets(self, name: str, hop: Hop) -> Iterator[str]:
        """Types that do not compare are an error in one database and a join without a row in another."""
        try:
            rows, found = self._numbers(
                "rows_that_point.sql",
                name,
                parent=self._finder.relation(hop.parent),
                pairs=[self._equal(name, column, hop.parent, other) for column, other in hop.pairs],
                columns=[self._finder.column(name, column) for column, _ in hop.pairs],
            )
        except _SessionLostError:
            types = self._types(name, hop)
            raise _SessionLostError(
                f"{self._way(name, hop)}: {types} do not compare: cast one of them in a view."
            ) from None
        if rows and not found:
            yield (
                f"{self._way(name, hop)}: none of {count(rows, 'row')} finds one there, so nobody is given "
                f"these: see whether {self._types(name, hop)} compare, and whether the join is right"
            )

    def _types(self, name: str, hop: Hop) -> str:
        native = self._finder.native
        return ", ".join(
            f"{own} ({native(name, own)}) and {theirs} ({native(hop.parent, theirs)})"
            for own, theirs in hop.pairs
        )

    def _others(self, name: str, key: str, hop: Hop) -> Iterator[str]:
        """Rows that bear a person's own key, and are reached by way of somebody else."""
        way, finder = self._way(name, hop), self._finder
        own = self.declared.tables[name].subject[key].column
        columns = [finder.column(name, column) for column, _ in hop.pairs]
        of = finder.column(name, own)
        persons = self._numbers("persons_of_a_join.sql", name, own=of, columns=columns)[0]
        if persons > 1:
            yield f"{way}: rows of up to {persons} persons point to one row there; {_MEND}"
        if key in self.declared.tables[hop.parent].subject:
            theirs = self.declared.tables[hop.parent].subject[key].column
            rows = self._numbers(
                "disagreeing.sql",
                name,
                parent=finder.relation(hop.parent),
                pairs=[self._equal(name, column, hop.parent, other) for column, other in hop.pairs],
                same=self._equal(name, own, hop.parent, theirs),
            )[0]
            if rows:
                yield f"{way}: {rows} row(s) bear another {key} than the row that they point to; {_MEND}"

    def _path(self, name: str) -> str:
        return f"{self.declared.source}.{name}"

    def _way(self, name: str, hop: Hop) -> str:
        return f"{self._path(name)} by {', '.join(own for own, _ in hop.pairs)} -> {hop.parent}"

    @property
    def _finder(self) -> WayFinder:
        return WayFinder(self.declared, self.identity, self.session.dialect, self.catalogue)

    def _numbers(self, template: str, table: str, **parts: object) -> tuple[int, ...]:
        statement = render(self.sql, template, relation=self._finder.relation(table), **parts)
        try:
            return tuple(int(number or 0) for number in self.session.rows(statement)[0])
        except ConfigurationError as why:
            raise _SessionLostError(str(why)) from None

    def _equal(self, table: str, column: str, parent: str, theirs: str) -> str:
        finder = self._finder
        return self.session.dialect.joins(
            (finder.column(table, column), finder.native(table, column)),
            (finder.column(parent, theirs, "p"), finder.native(parent, theirs)),
        )
