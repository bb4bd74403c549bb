"""One check of the data map against its sources: what was looked at, how, and what was found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from afschrift.app.include import SHIPPED
from afschrift.datamap.check.contents_check import ContentsCheck
from afschrift.datamap.check.finding import Code, Finding, Severity, finding
from afschrift.datamap.check.keys_check import KeysCheck
from afschrift.datamap.check.probe import OutOfTimeError, Probe, ProbeDeadline, ProbeLimits, Rows
from afschrift.datamap.check.reach import ReachCheck, TableReach
from afschrift.datamap.check.references_check import ReferencesCheck
from afschrift.datamap.check.statements_check import StatementsCheck, TableCost
from afschrift.datamap.check.structure_check import StructureCheck, unproven
from afschrift.datamap.check.ways_check import WaysCheck
from afschrift.datamap.scan.reader import NotReachedError
from afschrift.domain.errors import AfschriftError, RetriableError
from afschrift.domain.language import count
from afschrift.domain.sources import Connect, Source
from afschrift.inventory.layers import Why
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.table import Table
from afschrift.selection.part_columns import of_entries
from afschrift.selection.person import Catalogue, WayFinder
from afschrift.sources.options import Opening, from_environment, seconds
from afschrift.sources.registry import open_declared

OpenSource = Callable[[SourceFile], Source]
_ORDER = list(Severity)
_LOOKS = (
    "keys and joins",
    "tables and columns",
    "pointers",
    "whose rows are",
    "statements of requests",
    "what columns hold",
)
"""What is looked at of a source, in this order."""


@dataclass(frozen=True)
class NotReached:
    """A source that could not be opened, and why; what it holds is not known."""

    source: str
    why: str
    remedy: str


@dataclass
class MapReport:
    """What a check saw.

    Attributes:
        notes: what somebody decided to pass over.
        columns, classified: columns of personal tables that the sources have, and those that are classified.
        prepared: statements that the sources took.
    """

    findings: list[Finding] = field(default_factory=list)
    not_reached: list[NotReached] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    columns: int = 0
    classified: int = 0
    prepared: int = 0
    reach: list[TableReach] = field(default_factory=list)
    costs: list[TableCost] = field(default_factory=list)

    @property
    def differences(self) -> list[str]:
        """The sentences of errors and warnings."""
        return [one.sentence for one in self.findings if one.severity is not Severity.NOTE]

    def tidy(self) -> MapReport:
        """The same with each finding once, errors first."""
        once: dict[str, Finding] = {}
        for one in self.findings:
            once.setdefault(one.sentence, one)  # a fault of a table is one of all its entries
        return replace(self, findings=sorted(once.values(), key=lambda one: _ORDER.index(one.severity)))


@dataclass(frozen=True)
class MapCheck:
    """Checks an inventory against its sources.

    Attributes:
        opens: a session on a source, not opened yet.
        sql: the folder of statements.
        deadline: when it ends, whatever was not looked at by then.
        deep: rows by persons, pointers, contents and statements too; else tables, columns, keys and joins.
    """

    inventory: Inventory
    opens: OpenSource
    sql: Path
    limits: ProbeLimits = field(default_factory=ProbeLimits)
    deep: bool = True
    deadline: ProbeDeadline = field(default_factory=lambda: ProbeDeadline(ProbeLimits()))

    def run(self) -> MapReport:
        """Everything that was found; a source that cannot be reached hides no other."""
        report = MapReport(list(void_confirmations(self.inventory)))
        for declared in self.inventory.sources.values():
            begun: list[str] = []
            try:
                with Probe(lambda declared=declared: self.opens(declared), self.deadline) as probe:  # type: ignore[misc]
                    self._source(declared, probe, report, begun)
            except OutOfTimeError:
                report.not_reached.append(self._out_of_time(declared, begun))
            except (NotReachedError, RetriableError) as why:  # or lost in the middle
                missed = NotReached(declared.source, str(why.args[0]), why.remedy)
                over = self.deadline.statement <= 0
                report.not_reached.append(self._out_of_time(declared, begun) if over else missed)
            except AfschriftError as why:  # such as a lake of which the files do not agree
                words = f"{declared.source}: it was not looked at: {why.args[0]}"
                place = (declared.source,)
                report.findings.append(
                    finding(Code.STATEMENT_FAILS, place, words, why.remedy, undecided=Code)
                )
        return report.tidy()

    def _out_of_time(self, declared: SourceFile, begun: list[str]) -> NotReached:
        looks = _LOOKS if self.deep else _LOOKS[:2]
        within = f"The time of the check ({count(self.limits.total or 0, 'second')}) was over"
        why = f"{within} before anything was looked at."
        if begun:
            left = [look for look in looks if look not in begun]
            rest = f", and before this was: {', '.join(left)}" if left else ""
            why = f"{within} while this was looked at: {begun[-1]}{rest}."
        return NotReached(declared.source, why, "give it more time with `--seconds`, or leave that out.")

    def _source(self, declared: SourceFile, probe: Probe, report: MapReport, begun: list[str]) -> None:
        tables, structure = probe.session.catalogue(), probe.session.structure()
        catalogue = of_entries(declared, tables, probe.session.dialect)
        finder = WayFinder(declared, self.inventory.identity, probe.session.dialect, tables)
        views = frozenset(declared.structure(structure, declared.tables).views)
        rows = Rows(declared, probe, finder, self.limits, self.sql, views)
        begun.append(_LOOKS[0])
        ways = WaysCheck(declared, self.inventory.identity, probe, finder, rows, self.sql)
        report.findings += ways.findings()
        report.findings += KeysCheck(
            declared, self.inventory.identity, probe, finder, rows, self.sql
        ).findings()
        begun.append(_LOOKS[1])
        report.findings += unproven(declared, structure, catalogue)
        compared = StructureCheck(declared, tables.keys(), catalogue, structure)
        report.findings += compared.findings()
        report.notes += compared.notes
        report.columns += compared.columns
        report.classified += compared.classified
        if self.deep:
            begun.append(_LOOKS[2])
            references = ReferencesCheck(declared, probe, finder, rows, structure, self.sql)
            report.findings += references.findings()
            self._deep(declared, rows, report, tables, begun)

    def _deep(
        self, declared: SourceFile, rows: Rows, report: MapReport, tables: Catalogue, begun: list[str]
    ) -> None:
        identity, finder, probe = self.inventory.identity, rows.finder, rows.probe
        begun.append(_LOOKS[3])
        reach = ReachCheck(declared, identity, probe, finder, rows, self.sql)
        report.findings += reach.findings()
        report.reach += reach.reached
        begun.append(_LOOKS[4])
        statements = StatementsCheck(self.inventory, declared, probe, self.sql, tables)
        report.findings += statements.findings()
        report.prepared += statements.prepared
        report.costs += statements.costs
        begun.append(_LOOKS[5])
        report.findings += self._contents(declared, rows, tables).findings()

    def _contents(self, declared: SourceFile, rows: Rows, tables: Catalogue) -> ContentsCheck:
        """Of what the inventory passes over too."""
        passed = declared.undescribed(tables) if declared.unlisted == "ignore" else []
        whole = declared.model_copy(
            update={"tables": {**declared.tables, **{name: Table(personal=False) for name in passed}}}
        )
        finder = WayFinder(whole, self.inventory.identity, rows.finder.dialect, tables)
        region = self.inventory.controller.country
        every = replace(rows, declared=whole, finder=finder)
        catalogue = of_entries(whole, tables, finder.dialect)
        return ContentsCheck(whole, rows.probe, finder, every, catalogue, region)


def void_confirmations(inventory: Inventory) -> Iterator[Finding]:
    """What people confirmed and does not count: the map says it otherwise by now, or not at all."""
    for source, lapsed in inventory.lapsed.items():
        for one in lapsed:
            place = (source, one.table, *filter(None, [one.column]))
            words = f"{'.'.join(place)} is in the file of confirmations, but {one.why}"
            remedy = "answer `afschrift inventory review` where it waits; else take it out of that file"
            code = Code.CONFIRMED_OTHERWISE if one.why is Why.OTHERWISE else Code.CONFIRMATION_LAPSED
            yield finding(code, place, words, remedy)


def failures(report: MapReport, least: Severity) -> Iterator[Finding]:
    """Findings of at least a severity."""
    for one in report.findings:
        if _ORDER.index(one.severity) <= _ORDER.index(least):
            yield one


TAG = "inventory check"
"""By which a database's list of sessions knows the check."""


def compare(inventory: Inventory, sql: Path) -> MapReport:
    """Every table and column that is on one side only, types that are not known, keys and joins that fail.

    Args:
        inventory: the data map.
        sql: the folder of statements.
    """
    return MapCheck(inventory, _opens(ProbeDeadline(ProbeLimits())), sql, deep=False).run()


def check_sources(
    inventory: Inventory, limits: ProbeLimits | None = None, connect: Connect = from_environment
) -> MapReport:
    """The whole check: how many persons rows lead to, what columns hold, whether statements are taken.

    Args:
        inventory: the data map.
        limits: how much is looked at.
        connect: finds a connection by its id.
    """
    limits = limits or ProbeLimits()
    deadline = ProbeDeadline(limits)
    opens = _opens(deadline, connect)
    return MapCheck(inventory, opens, SHIPPED / "sql", limits, deadline=deadline).run()


def _opens(deadline: ProbeDeadline, connect: Connect = from_environment) -> OpenSource:
    """Opens sources with the time limit of the check, where their own is not lower."""

    def opens(declared: SourceFile) -> Source:
        name, options = declared.source, declared.options
        own = seconds(Opening(name, options, declared.connection, connect), "statement_timeout", "1h")
        limited = {**options, "statement_timeout": f"{max(1, math.ceil(min(own, deadline.statement)))}s"}
        return open_declared(declared, options=limited, connect=connect, tag=TAG)

    return opens
