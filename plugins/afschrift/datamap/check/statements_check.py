"""Let the source prepare every statement of a request: whether it accepts them, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from afschrift.datamap.check.finding import Code, Finding, MapReport, TableCost
from afschrift.datamap.check.probe import CheckedSource
from afschrift.datamap.reader import NotAnsweredError, NotReachedError
from afschrift.domain.errors import AfschriftError
from afschrift.domain.plan import Withheld
from afschrift.domain.right import Right
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.selection.estimate_lines import about, estimate_lines
from afschrift.selection.fact_plans import fact_plans
from afschrift.selection.key_statements import KeyStatements
from afschrift.selection.table_decision import Classifier, PersonFacts, TableDecision

MANY_FILES = 20
"""Files of a lake's table from which it is reported that a key rules out few of them."""

LARGE = 1_000_000
"""Rows from which a full scan of a table is reported."""


def statements(of: CheckedSource, report: MapReport) -> Iterator[Finding]:
    """Yield the statements of any right that the source rejects, and full scans of large tables.

    The statements are those of a person without answers or consents. `report` gets their number and costs.
    """
    prepared = _Prepared(of)
    yield from prepared.findings()
    for read, rows in prepared.read_whole.items():
        entry = next(iter(of.declared.entries(read)), read)
        words = f"{of.path(entry)}: each request reads all {about(rows)} rows of {read}"
        remedy = "nothing, if that is fast enough; else an index on what leads to the person"
        yield of.finding(Code.READ_WHOLE, (entry,), words, remedy)
    yield from _unsorted(of)
    report.prepared += prepared.count
    report.costs += prepared.costs.values()


def _unsorted(of: CheckedSource) -> Iterator[Finding]:
    """Yield tables of a lake of which a person's key rules out less than half of the files."""
    try:
        spread = of.probe.ask(lambda session: session.described()).spread
    except AfschriftError:  # another part of the check reports a source that does not answer
        return
    for name, table in of.declared.tables.items():
        files, of_column = spread.get(of.declared.in_source(name), (0, None))
        texts = of.tables.get(of.declared.in_source(name), {})
        for link in table.subject.values() if files >= MANY_FILES else ():
            form = texts[link.column].kind if link.column in texts else None
            prunes = form is not ValueKind.TEXT or link.normal is not None
            read = of_column(link.column) if of_column and prunes else files
            if read * 2 > files:
                words = (
                    f"{of.path(name)}: each request reads about {read:,} of {files:,} files, as "
                    f"{link.column} rules out no others; about 1 if they were sorted by it"
                )
                remedy = f"sort or cluster the table by {link.column} (OPTIMIZE, Z-order), or nothing"
                if not prunes:
                    remedy = f"mark {link.column} as `normal` if its texts have one form, and {remedy}"
                yield of.finding(Code.READ_WHOLE, (name,), words, remedy)


@dataclass
class _Prepared:
    """The statements of one source.

    Attributes:
        count: how many were prepared.
        costs: by table, for the first right that reads it; access reads most.
        read_whole: large tables with a full scan -> their rows.
    """

    of: CheckedSource
    count: int = 0
    costs: dict[str, TableCost] = field(default_factory=dict)
    read_whole: dict[str, int] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        """Yield the first statement of each kind that the source rejects."""
        of = self.of
        made = KeyStatements(of.sql, of.declared, of.inventory.identity, of.probe.session.dialect, of.tables)
        decided = []
        for name, table in of.declared.tables.items():
            if not table.personal or name not in made.catalogue:
                continue
            yield from self._tries((name,), "", self._of_keys(made, name))
            for right in Right:
                try:
                    decision = self._decision(made, name, right)
                except AfschriftError:  # another part of the check reports what cannot be decided
                    continue
                statements = self._of_table(made, decision, right)
                yield from self._tries((name,), f" of {right.value}", statements)
                if right.terms.information_sheet:
                    decided.append(Withheld(of.declared.source, name, decision.fields))
        yield from self._tries((), " of the information sheet", self._of_sheet(made, decided))

    def _decision(self, made: KeyStatements, name: str, right: Right) -> TableDecision:
        classifier = Classifier(self.of.inventory, right, PersonFacts())
        return classifier.table(self.of.declared, name, made.columns(name))

    def _of_keys(self, made: KeyStatements, name: str) -> Iterator[str]:
        link = made.links(name)
        yield from [link[1]] if link else []
        for key, declared in self.of.declared.tables[name].subject.items():
            yield from filter(None, (made.sharers(name, key), made.start(name, key)))
            yield from [made.changed(name, declared.changed)] if declared.changed else []

    def _of_table(self, made: KeyStatements, decision: TableDecision, right: Right) -> Iterator[str]:
        name, scope = decision.table, decision.scope
        yield made.count(name, scope)
        yield made.exists(name, None, ())
        if self.of.declared.tables[name].origin:
            yield made.unknown_origins(name)
        yield from filter(None, [made.foreign(name)])
        yield from (statement for _, statement in made.crossings(name))
        for key in self.of.declared.tables[name].subject:
            yield from filter(None, [made.spellings(name, key)])
        if decision.selected:
            yield from filter(None, [made.masked(name, decision.fields, scope)])
            extract = made.extract(name, decision.fields, scope)
            if self._cost(name, right, extract):
                self.count += 1
            else:
                yield extract

    def _cost(self, name: str, right: Right, extract: str) -> bool:
        """Keep the cost of reading a table; return whether its database estimated the statement."""
        of = self.of
        estimate = of.probe.ask(lambda session: session.estimate(extract))
        read = [reading.size for reading in estimate.readings if reading.whole or reading.files]
        size = sum(filter(None, read)) if any(read) else None
        lines = tuple(estimate_lines(estimate, of.declared))
        large = [reading for reading in estimate.readings if reading.whole and (reading.rows or 0) >= LARGE]
        self.read_whole |= {reading.table: reading.rows or 0 for reading in large}
        cost = TableCost(of.declared.source, name, right.value, lines, estimate.cost, size)
        self.costs.setdefault(name, cost)
        return all(reading.whole is not None for reading in estimate.readings)

    def _of_sheet(self, made: KeyStatements, decided: list[Withheld]) -> Iterator[str]:
        """Yield the statements of an information sheet, and those of consents."""
        yield from (plan.statement for plan in fact_plans(self.of.declared, decided, made))
        for purpose in self.of.declared.purposes.values():
            if purpose.consent and purpose.consent.table in made.catalogue:
                yield made.consent(purpose.consent.table, purpose.consent)

    def _tries(self, place: tuple[str, ...], of: str, statements: Iterator[str]) -> Iterator[Finding]:
        """Let the source prepare statements, up to the first that it rejects."""
        try:
            for statement in statements:
                self.of.probe.ask(partial(prepare, statement=statement))
                self.count += 1
        except NotReachedError:
            raise
        except NotAnsweredError as why:
            code = Code.STATEMENT_FAILS if why.failed else Code.NOT_LOOKED_AT
            words = f"{self.of.path(*place)}: a statement{of} is rejected: {why.args[0]}"
            remedy = why.remedy or "compare table and inventory"
            yield self.of.finding(code, place, words, remedy, undecided={Code.STATEMENT_FAILS})
        except AfschriftError:  # a missing or unreadable column: the comparison of the table reports it
            return


def prepare(session: Source, statement: str) -> None:
    """Let a source check a statement: by EXPLAIN, which runs nothing, or without it by reading the first row.

    The bound key matches no row, so no person's row is read.
    """
    estimate = session.estimate(statement)
    if any(reading.whole is None for reading in estimate.readings):
        limit = f" {session.dialect.one_row}" if session.dialect.one_row not in statement else ""
        session.rows(f"{statement.rstrip()}{limit}")
