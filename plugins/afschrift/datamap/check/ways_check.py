"""Keys and joins held against the rows themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from afschrift.datamap.check.finding import Code, Finding, finding
from afschrift.datamap.check.probe import Probe, Rows
from afschrift.datamap.scan.reader import NotAnsweredError, NotReachedError
from afschrift.domain.errors import AfschriftError, NeedsPersonError, UnreadFilesError
from afschrift.domain.keys import Unique
from afschrift.domain.language import count
from afschrift.inventory.joins import Hop, hops, leads_to_person
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.inventory.table import Table
from afschrift.selection.person import WayFinder
from afschrift.selection.statements import render

_LOOKS_FOR = frozenset(
    {Code.KEY_NOT_UNIQUE, Code.JOIN_FINDS_NOTHING, Code.JOIN_CROSSES_PERSONS, Code.POINTS_TO_NOTHING}
)
_GONE = "see where these rows went in the source: by this way nobody is given what points to them"
_MEND = "such rows stay, and a request that meets one asks: mend the join, or say `shared_rows`"


@dataclass(frozen=True)
class WaysCheck:
    """Looks at the key and the joins of tables; a statement or two each.

    Attributes:
        declared: the source.
        probe: asks it.
        finder: of its tables' ways to the person.
        rows: how much of a table is looked at.
        sql: the folder of statements.
    """

    declared: SourceFile
    identity: IdentityFile
    probe: Probe
    finder: WayFinder
    rows: Rows
    sql: Path

    def findings(self) -> Iterator[Finding]:
        """Keys that repeat, and joins that find nothing or reach rows of others.

        A table with `shared_rows` is passed over for the last: somebody decided.
        """
        for name, table in self.declared.tables.items():
            if not table.personal or name not in self.finder.tables:
                continue
            try:
                yield from self._key(name, table)
                for hop in hops(self.declared, name):
                    yield from self._join(name, table, hop)
            except NotReachedError:
                raise
            except NotAnsweredError as why:
                words = f"{self._path(name)}: its key and joins were not looked at: {why.args[0]}"
                place = (self.declared.source, name)
                yield finding(Code.NOT_LOOKED_AT, place, words, why.remedy, undecided=_LOOKS_FOR)
            except AfschriftError as why:  # a column that it names is not there
                code = Code.NO_RIGHT if isinstance(why, NeedsPersonError) else Code.COLUMN_GONE
                code = Code.FILES_NOT_READ if isinstance(why, UnreadFilesError) else code
                place, words = (self.declared.source, name), str(why.args[0])
                yield finding(code, place, words, why.remedy, undecided=_LOOKS_FOR)

    def _key(self, name: str, table: Table) -> Iterator[Finding]:
        if not table.key:
            return
        columns = [self.finder.column(name, column) for column in table.key]
        looked = self.rows.of(name)
        repeated = self._numbers("repeated_keys.sql", looked.relation, columns=columns)[0]
        if repeated:
            among = "" if looked.whole else f" {looked.words}"
            yield finding(
                Code.KEY_NOT_UNIQUE,
                (self.declared.source, name),
                f"{self._path(name)}: `key` {', '.join(table.key)} is not unique: "
                f"{count(repeated, 'value')} in several rows{among}",
                "name the columns that together are unique, or leave `key` out",
            )

    def _join(self, name: str, table: Table, hop: Hop) -> Iterator[Finding]:
        yield from self._meets(name, hop)
        own = [key for key in table.subject if self.identity.keys[key].unique is Unique.YES]
        leads = leads_to_person(self.declared, hop.parent, frozenset({name}))
        if own and leads and table.shared_rows is None:
            yield from self._others(name, own[0], hop)

    def _meets(self, name: str, hop: Hop) -> Iterator[Finding]:
        """Types that do not compare are an error in one database and a join without a row in another."""
        place = (self.declared.source, name, hop.pairs[0][0])
        looked = self.rows.of(name)
        try:
            rows, found = self._numbers(
                "rows_that_point.sql",
                looked.relation,
                parent=self.finder.relation(hop.parent),
                pairs=[self._equal(name, column, hop.parent, other) for column, other in hop.pairs],
                columns=[self.finder.column(name, column) for column, _ in hop.pairs],
            )
        except NotAnsweredError as why:
            if why.failed:
                words = f"{self._way(name, hop)}: {self._types(name, hop)} do not compare"
                yield finding(Code.JOIN_FINDS_NOTHING, place, words, "cast one of them in a view")
                return
            raise
        among = "" if looked.whole else f", {looked.words},"
        if rows and not found:
            yield finding(
                Code.JOIN_FINDS_NOTHING,
                place,
                f"{self._way(name, hop)}: none of {count(rows, 'row')}{among} finds one there, so nobody is "
                f"given these by this way; {self._types(name, hop)} are compared",
                "see whether these columns hold the same, and whether the join is right",
                sure=looked.whole,
            )
        elif rows > found:
            yield points_to_nothing(place, self._way(name, hop), rows - found, rows, among, _GONE)

    def _types(self, name: str, hop: Hop) -> str:
        native = self.finder.native
        return ", ".join(
            f"{own} ({native(name, own)}) and {theirs} ({native(hop.parent, theirs)})"
            for own, theirs in hop.pairs
        )

    def _others(self, name: str, key: str, hop: Hop) -> Iterator[Finding]:
        """Rows that bear a person's own key, and are reached by way of somebody else."""
        way, finder, looked = self._way(name, hop), self.finder, self.rows.of(name)
        place = (self.declared.source, name, hop.pairs[0][0])
        own = self.declared.tables[name].subject[key].column
        columns = [finder.column(name, column) for column, _ in hop.pairs]
        of = finder.column(name, own)
        persons = self._numbers("persons_of_a_join.sql", looked.relation, own=of, columns=columns)[0]
        if persons > 1:
            words = f"{way}: rows of up to {persons} persons point to one row there"
            yield finding(Code.JOIN_CROSSES_PERSONS, place, words, _MEND)
        if key in self.declared.tables[hop.parent].subject:
            theirs = self.declared.tables[hop.parent].subject[key].column
            rows = self._numbers(
                "disagreeing.sql",
                looked.relation,
                parent=finder.relation(hop.parent),
                pairs=[self._equal(name, column, hop.parent, other) for column, other in hop.pairs],
                same=self._equal(name, own, hop.parent, theirs),
            )[0]
            if rows:
                words = f"{way}: {rows} row(s) bear another {key} than the row that they point to"
                yield finding(Code.JOIN_CROSSES_PERSONS, place, words, _MEND)

    def _path(self, name: str) -> str:
        return f"{self.declared.source}.{name}"

    def _way(self, name: str, hop: Hop) -> str:
        return f"{self._path(name)} by {', '.join(own for own, _ in hop.pairs)} -> {hop.parent}"

    def _numbers(self, template: str, relation: str, **parts: object) -> tuple[int, ...]:
        return self.probe.numbers(render(self.sql, template, relation=relation, **parts))

    def _equal(self, table: str, column: str, parent: str, theirs: str) -> str:
        return equal(self.finder, (table, column, "t"), (parent, theirs, "p"))


def equal(finder: WayFinder, own: tuple[str, str, str], theirs: tuple[str, str, str]) -> str:
    """Condition: two columns are equal; each as table, column and alias."""
    return finder.equal(own, theirs)


def points_to_nothing(
    place: tuple[str, ...], way: str, orphans: int, rows: int, among: str, remedy: str
) -> Finding:
    """Rows that point to one that is not there; `among`: which rows were looked at."""
    return finding(
        Code.POINTS_TO_NOTHING,
        place,
        f"{way}: {orphans:,} of {count(rows, 'row')} that point there{among} find no row",
        remedy,
    )
