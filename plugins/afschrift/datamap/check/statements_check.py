"""Every statement of a request, prepared by the source: that it takes them, and what they would cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from afschrift.datamap.check.finding import Code, Finding, finding
from afschrift.datamap.check.probe import Probe
from afschrift.datamap.scan.reader import NotAnsweredError, NotReachedError
from afschrift.domain.errors import AfschriftError
from afschrift.domain.plan import Withheld
from afschrift.domain.reconciliation import Estimate
from afschrift.domain.right import Right
from afschrift.domain.sources import Source
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.selection.column_facts import PersonFacts
from afschrift.selection.estimate_lines import about, estimate_lines
from afschrift.selection.fact_plans import fact_plans
from afschrift.selection.key_statements import KeyStatements
from afschrift.selection.person import Catalogue
from afschrift.selection.table_decision import Classifier, TableDecision

LARGE = 1_000_000
"""Rows of a table from which reading it from end to end is said."""


@dataclass(frozen=True)
class TableCost:
    """What one request reads of a table.

    Attributes:
        lines: in words, as `afschrift plan` says it.
        cost: in the database's own unit; None: it knows none.
        bytes: of what is read from end to end, or of the files of a lake; None: not known.
    """

    source: str
    table: str
    right: str
    lines: tuple[str, ...]
    cost: float | None
    bytes: int | None


@dataclass
class StatementsCheck:
    """Prepares the statements of every right, as of a person of whom nothing is known.

    Attributes:
        prepared: how many were.
        costs: by table, for the first right that reads it; access reads most.
        read_whole: large tables that are read from end to end -> their rows.
    """

    inventory: Inventory
    declared: SourceFile
    probe: Probe
    sql: Path
    catalogue: Catalogue
    prepared: int = 0
    costs: list[TableCost] = field(default_factory=list)
    read_whole: dict[str, int] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        """Statements that the source does not take, and large tables that would be read whole."""
        statements = KeyStatements(
            self.sql, self.declared, self.inventory.identity, self.probe.session.dialect, self.catalogue
        )
        for name, table in self.declared.tables.items():
            if table.personal and name in statements.catalogue:
                yield from self._tries(name, "", partial(self._of_keys, statements, name))
                for right in Right:
                    yield from self._right(statements, name, right)
        yield from self._sheet(statements)
        for read, rows in self.read_whole.items():
            entry = next(iter(self.declared.entries(read)), read)
            words = f"{self.declared.source}.{entry}: each request reads all {about(rows)} rows of {read}"
            remedy = "nothing, where that is fast enough; else an index on what leads to the person"
            yield finding(Code.READ_WHOLE, (self.declared.source, entry), words, remedy)

    def _right(self, statements: KeyStatements, name: str, right: Right) -> Iterator[Finding]:
        """The statements of one table for one right; what cannot be decided was said by another check."""
        try:
            columns = statements.columns(name)
            decision = Classifier(self.inventory, right, PersonFacts()).table(self.declared, name, columns)
        except AfschriftError:
            return
        yield from self._tries(
            name, f" of {right.value}", partial(self._of_table, statements, decision, right)
        )

    def _of_keys(self, statements: KeyStatements, name: str) -> Iterator[str]:
        link = statements.links(name)
        yield from [link[1]] if link else []
        for key in self.declared.tables[name].subject:
            yield from filter(None, (statements.sharers(name, key), statements.start(name, key)))
            changed = self.declared.tables[name].subject[key].changed
            yield from [statements.changed(name, changed)] if changed else []

    def _of_table(self, statements: KeyStatements, decision: TableDecision, right: Right) -> Iterator[str]:
        name, scope = decision.table, decision.scope
        yield statements.count(name, scope)
        yield statements.exists(name, None, ())
        if self.declared.tables[name].origin:
            yield statements.unknown_origins(name)
        yield from filter(None, [statements.foreign(name)])
        yield from (statement for _, statement in statements.crossings(name))
        for key in self.declared.tables[name].subject:
            yield from filter(None, [statements.spellings(name, key)])
        if decision.selected:
            yield from filter(None, [statements.masked(name, decision.fields, scope)])
            extract = statements.extract(name, decision.fields, scope)
            if self._cost(name, right, extract):
                self.prepared += 1
            else:
                yield extract

    def _cost(self, name: str, right: Right, extract: str) -> bool:
        """Keep what reading a table costs; whether its database took the statement for that."""
        estimate: Estimate = self.probe.ask(lambda session: session.estimate(extract))
        read = [one.size for one in estimate.readings if one.whole or one.files]
        size = sum(filter(None, read)) if any(read) else None
        lines = tuple(estimate_lines(estimate, self.declared))
        large = [one for one in estimate.readings if one.whole and (one.rows or 0) >= LARGE]
        self.read_whole |= {one.table: one.rows or 0 for one in large}
        if not any(one.table == name for one in self.costs):
            cost = TableCost(self.declared.source, name, right.value, lines, estimate.cost, size)
            self.costs.append(cost)
        return all(reading.whole is not None for reading in estimate.readings)

    def _sheet(self, statements: KeyStatements) -> Iterator[Finding]:
        """What an information sheet asks, and the consents."""
        parts = []
        for name, table in self.declared.tables.items():
            if table.personal and name in statements.catalogue:
                try:
                    decided = Classifier(self.inventory, Right.ACCESS, PersonFacts())
                    fields = decided.table(self.declared, name, statements.columns(name)).fields
                except AfschriftError:
                    continue
                parts.append(Withheld(self.declared.source, name, fields))
        facts = (plan.statement for plan in fact_plans(self.declared, parts, statements))
        consents = (
            statements.consent(purpose.consent.table, purpose.consent)
            for purpose in self.declared.purposes.values()
            if purpose.consent and purpose.consent.table in statements.catalogue
        )
        yield from self._tries("", " of the information sheet", lambda: chain(facts, consents))

    def _tries(self, name: str, of: str, made: Callable[[], Iterator[str]]) -> Iterator[Finding]:
        """Has statements prepared, up to the first that the source does not take."""
        place = (self.declared.source, name) if name else (self.declared.source,)
        try:
            for statement in made():
                self.probe.ask(partial(prepare, statement=statement))
                self.prepared += 1
        except NotReachedError:
            raise
        except NotAnsweredError as why:
            code = Code.STATEMENT_FAILS if why.failed else Code.NOT_LOOKED_AT
            words = f"{'.'.join(place)}: a statement{of} is not taken: {why.args[0]}"
            remedy = why.remedy or "compare table and inventory"
            yield finding(code, place, words, remedy, undecided={Code.STATEMENT_FAILS})
        except AfschriftError:  # a column that is not there, or closed: said where the table is compared
            return


def prepare(session: Source, statement: str) -> None:
    """Have a source take a statement: by EXPLAIN, which runs nothing; where it has none, by the first row.

    No key is bound that a row could bear, so no row is anybody's.
    """
    estimate = session.estimate(statement)
    if any(reading.whole is None for reading in estimate.readings):
        one = f" {session.dialect.one_row}" if session.dialect.one_row not in statement else ""
        session.rows(f"{statement.rstrip()}{one}")
