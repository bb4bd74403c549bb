"""What columns hold that are called not personal: addresses and numbers of people, counted and never told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from afschrift.datamap.check.finding import Code, Finding, finding
from afschrift.datamap.check.probe import Probe, Rows
from afschrift.datamap.scan.reader import NotAnsweredError, NotReachedError
from afschrift.domain.errors import AfschriftError
from afschrift.domain.origin import Origin
from afschrift.domain.pointer import PointerKind
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.finder.patterns import spans
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table
from afschrift.selection.part_columns import text_beginnings
from afschrift.selection.person import WayFinder

CHARACTERS = 1_000
"""Of a text, from its beginning."""
_TEXTS = (ValueKind.TEXT, ValueKind.JSON)
_WORDS = {
    PointerKind.EMAIL: "an e-mail address",
    PointerKind.IBAN: "an IBAN",
    PointerKind.PHONE: "a telephone number",
    PointerKind.BSN: "a citizen service number",
}
_NUMBERS = {PointerKind.PHONE, PointerKind.BSN}
_MANY = 5  # one value in so many, for what a plain number or code may look like by chance


@dataclass(frozen=True)
class ContentsCheck:
    """Looks at some values of each such column.

    Attributes:
        declared: the source, with an entry for each table that the inventory passes over.
        catalogue: by the names of the entries.
        region: country of telephone numbers that are written without one.
    """

    declared: SourceFile
    probe: Probe
    finder: WayFinder
    rows: Rows
    catalogue: Mapping[str, Mapping[str, ColumnType]]
    region: str

    def findings(self) -> Iterator[Finding]:
        """A finding for each column and kind of what is there."""
        for name, table in self.declared.tables.items():
            if name in self.finder.tables and table.copy_of is None:
                yield from self._table(name, table)

    def _table(self, name: str, table: Table) -> Iterator[Finding]:
        try:
            columns = dict(self._columns(name, table))
            if not columns:
                return
            looked = self.rows.of(name)
            if looked.rows > self.rows.limits.values:
                looked = self.rows.some(name, self.rows.limits.values)
            found, held = self._look(looked.relation, columns)
        except NotReachedError:
            raise
        except NotAnsweredError as why:
            words = f"{self.declared.source}.{name}: its values were not looked at: {why.args[0]}"
            place = (self.declared.source, name)
            yield finding(Code.NOT_LOOKED_AT, place, words, why.remedy, undecided={Code.HOLDS_IDENTIFIER})
            return
        except AfschriftError:  # the table is closed: said where it is compared
            return
        for (column, kind), number in sorted(found.items()):
            if kind in _NUMBERS and number * _MANY < held[column]:
                continue
            yield finding(
                Code.HOLDS_IDENTIFIER,
                (self.declared.source, name, column),
                f"{self.declared.source}.{name}.{column} is called not personal, and {number:,} of "
                f"{held[column]:,} values looked at hold {_WORDS[kind]}, {looked.words}",
                "classify it, and give its table a way to the person; or say `mentions`, with who settled it",
            )

    def _look(
        self, relation: str, columns: Mapping[str, ColumnType]
    ) -> tuple[Counter[tuple[str, PointerKind]], Counter[str]]:
        """How many values hold what, by column and kind; how many values there are."""
        texts = text_beginnings(self.finder.dialect, columns, CHARACTERS)
        statement = f"SELECT {texts}\nFROM {relation} AS t\n"
        found: Counter[tuple[str, PointerKind]] = Counter()
        held: Counter[str] = Counter()
        for row in self.probe.rows(statement):
            for column, value in zip(columns, row, strict=True):
                if value:
                    held[column] += 1
                    kinds = {span.kind for span in spans(str(value), self.region)}
                    found.update((column, kind) for kind in kinds & _WORDS.keys())
        return found, held

    def _columns(self, name: str, table: Table) -> Iterator[tuple[str, ColumnType]]:
        """Texts that nobody said are of a person, but for what somebody settled."""
        for column, known in self.catalogue[name].items():
            declared = table.columns.get(column)
            if known.closed or known.kind not in _TEXTS:
                continue
            if declared is None:
                if not table.personal:
                    yield column, known
            elif declared.mentions is None and (not table.personal or declared.origin is Origin.NOT_PERSONAL):
                yield column, known
