"""One check of the data map against its sources: its parts, their order, and their time limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from afschrift.app.project import SHIPPED
from afschrift.datamap.check.contents_check import contents
from afschrift.datamap.check.finding import Code, Finding, MapReport, NotReached, finding
from afschrift.datamap.check.masks_check import masks
from afschrift.datamap.check.people_check import PeopleByValues
from afschrift.datamap.check.periods_check import periods
from afschrift.datamap.check.person_cells import readable_by_cells
from afschrift.datamap.check.probe import CheckedSource, OutOfTimeError, Probe, ProbeDeadline, ProbeLimits
from afschrift.datamap.check.reach import reach
from afschrift.datamap.check.settled import settle
from afschrift.datamap.check.statements_check import statements
from afschrift.datamap.check.structure_check import structure, unproven
from afschrift.datamap.check.ways_check import keys, pointers, ways
from afschrift.datamap.reader import NotReachedError
from afschrift.domain.decision import About, Protect, ThirdParty
from afschrift.domain.errors import AfschriftError, RetriableError
from afschrift.domain.notation import count
from afschrift.domain.sources import Connect, Source
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.layers import LapseReason
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.inventory.processing import AutomatedDecision
from afschrift.inventory.table import Table
from afschrift.sources.options import Opening, from_environment, seconds
from afschrift.sources.registry import open_declared

OpenSource = Callable[[SourceFile], Source]
Look = Callable[[CheckedSource, MapReport], Iterator[Finding]]


def _with_ignored(of: CheckedSource) -> CheckedSource:
    """Return the source with an entry for each table that the inventory ignores."""
    passed = of.declared.undescribed(of.tables) if of.declared.unlisted == "ignore" else []
    tables = {**of.declared.tables, **{name: Table(personal=False) for name in passed}}
    return replace(of, declared=of.declared.model_copy(update={"tables": tables}))


_LOOKS: dict[str, Look] = {
    "keys and joins": lambda of, _: chain(ways(of), keys(of)),
    "tables and columns": lambda of, report: chain(unproven(of), structure(of, report)),
    "pointers": lambda of, _: pointers(of),
    "whose rows are": reach,
    "statements of requests": statements,
    "periods": lambda of, _: periods(of),
    "masks and keys of others": lambda of, _: masks(of),
    "what columns hold": lambda of, _: contents(_with_ignored(of)),
}
"""The parts of a check, in order."""


@dataclass(frozen=True)
class MapCheck:
    """Checks an inventory against its sources.

    Attributes:
        opens: a session on a source, not opened yet.
        sql: the folder of statements.
        deadline: when it ends, even if parts are left.
    """

    inventory: Inventory
    opens: OpenSource
    sql: Path
    deadline: ProbeDeadline = field(default_factory=lambda: ProbeDeadline(ProbeLimits()))

    @cached_property
    def _people(self) -> PeopleByValues:
        return PeopleByValues(self.inventory)

    @property
    def _looks(self) -> dict[str, Look]:
        by_values: dict[str, Look] = {"keys of people": lambda of, _: self._people.look(_with_ignored(of))}
        return _LOOKS | by_values

    def run(self) -> MapReport:
        """Check every source; one that cannot be reached does not stop the others."""
        report = MapReport(list(void_confirmations(self.inventory)))
        for declared in self.inventory.sources.values():
            begun: list[str] = []
            try:
                with Probe(lambda declared=declared: self.opens(declared), self.deadline) as probe:  # type: ignore[misc]
                    self._source(declared, probe, report, begun)
            except OutOfTimeError:
                report.not_reached.append(self._out_of_time(declared, begun))
            except (NotReachedError, RetriableError) as why:  # also a connection lost in the middle
                missed = NotReached(declared.source, str(why.args[0]), why.remedy)
                over = self.deadline.statement <= 0
                report.not_reached.append(self._out_of_time(declared, begun) if over else missed)
            except AfschriftError as why:  # such as a lake whose files differ
                words = f"{declared.source}: it was not checked: {why.args[0]}"
                place = (declared.source,)
                report.findings.append(
                    finding(Code.STATEMENT_FAILS, place, words, why.remedy, undecided=Code)
                )
        report.findings += self._people.findings()
        return settle(self.inventory, report.tidy(), checked=True)

    def _out_of_time(self, declared: SourceFile, begun: list[str]) -> NotReached:
        within = f"The time of the check ({count(self.deadline.limits.total or 0, 'second')}) was over"
        why = f"{within} before anything was checked."
        if begun:
            left = [look for look in self._looks if look not in begun]
            rest = f"; not begun: {', '.join(left)}" if left else ""
            why = f"{within} during this part: {begun[-1]}{rest}."
        return NotReached(declared.source, why, "give it more time with `--seconds`, or leave that out.")

    def _source(self, declared: SourceFile, probe: Probe, report: MapReport, begun: list[str]) -> None:
        tables, structure_ = probe.session.catalogue(), probe.session.structure()
        of = CheckedSource(
            self.inventory,
            declared,
            probe,
            probe.session.dialect,
            tables,
            structure_,
            self.deadline.limits,
            self.sql,
        )
        for words, look in self._looks.items():
            begun.append(words)
            report.findings += look(of, report)


def void_confirmations(inventory: Inventory) -> Iterator[Finding]:
    """Yield confirmations that lapsed: the map has other words now, or none."""
    for source, lapsed in inventory.lapsed.items():
        for confirmation in lapsed:
            place = (source, confirmation.table, *filter(None, [confirmation.column]))
            words = f"{'.'.join(place)} is in the file of confirmations, but {confirmation.why}"
            remedy = "answer `afschrift inventory review` if it asks; else remove it from that file"
            otherwise = confirmation.why is LapseReason.OTHERWISE
            code = Code.CONFIRMED_OTHERWISE if otherwise else Code.CONFIRMATION_LAPSED
            yield finding(code, place, words, remedy)


def unexplained(inventory: Inventory) -> Iterator[Finding]:
    """Yield masks of what the person gave, and masks and decisions that are not explained to the person."""
    for source, file in inventory.sources.items():
        for name, purpose in file.purposes.items():
            decision = purpose.automated_decision
            if isinstance(decision, AutomatedDecision) and not decision.inputs:
                sentence = (
                    f"purpose {name} of {source} decides, and names no values of the person that counted"
                )
                remedy = "name `outcome` and `inputs` under `automated_decision`"
                yield finding(Code.DECISION_NOT_EXPLAINED, (source,), sentence, remedy)
            if isinstance(decision, AutomatedDecision) and decision.exception is None:
                sentence = (
                    f"purpose {name} of {source} decides without a person, and nothing says what permits it"
                )
                remedy = (
                    "name the `exception` of Art. 22(2) under `automated_decision`: contract, law or "
                    "consent; where none applies, a person must decide (Art. 22(1))"
                )
                yield finding(Code.DECISION_NOT_PERMITTED, (source,), sentence, remedy)
        for name, table in file.tables.items():
            for column, known in table.columns.items():
                others = known.about is About.THIRD_PARTY and known.third_party is ThirdParty.MASK
                payment = known.protect is Protect.PAYMENT
                secret = known.protect is Protect.SECRET
                if not table.personal:
                    others = payment = secret = False
                place, words = (source, name, column), f"{source}.{name}.{column}"
                own_key = any(link.column == column for link in table.subject.values())  # never masked
                whole = not (known.when or own_key) if others else payment
                if whole and known.origin is Origin.PROVIDED:
                    yield finding(
                        Code.OWN_VALUE_MASKED,
                        place,
                        f"{words} is masked, and the person gave it: Art. 15(4) and 20(4) protect others",
                        "take out `protect: payment`"
                        if payment and not others
                        else "say `third_party: own_use`, or another `origin` if someone else gave it",
                    )
                elif (others or payment or secret) and not known.not_shown:
                    yield finding(
                        Code.MASK_NOT_EXPLAINED,
                        place,
                        f"{words} is kept back, and no text tells the person why here",
                        "write under `not_shown` what it protects and why here, in each language",
                    )
                if known.mentions and known.mentions.lacks_reason:
                    yield finding(
                        Code.MASK_NOT_EXPLAINED,
                        place,
                        f"rows that name the person in {words} are not given, and no text tells them why",
                        "write it under `not_shown` of `mentions`, or `disclosed: false` if that there are "
                        "such rows already reveals another person",
                    )


TAG = "inventory check"
"""Name of the check in a database's list of sessions."""


def check_sources(
    inventory: Inventory,
    limits: ProbeLimits | None = None,
    connect: Connect = from_environment,
    *,
    measure: bool = False,
) -> MapReport:
    """Run the check: persons by rows, contents of columns, and statements too.

    Args:
        inventory: the data map.
        limits: how much is read.
        connect: finds a connection by its id.
        measure: also how much of what drawn persons would get is readable.
    """
    deadline, sql = ProbeDeadline(limits or ProbeLimits()), SHIPPED / "sql"
    opens = _opens(deadline, connect)
    report = MapCheck(inventory, opens, sql, deadline=deadline).run()
    return replace(report, readable=readable_by_cells(inventory, opens, sql, deadline) if measure else None)


def _opens(deadline: ProbeDeadline, connect: Connect) -> OpenSource:
    """Return a function that opens sources with the time limit of the check, or their own if it is lower."""

    def opens(declared: SourceFile) -> Source:
        name, options = declared.source, declared.options
        own = seconds(Opening(name, options, declared.connection, connect), "statement_timeout", "1h")
        limited = {**options, "statement_timeout": f"{max(1, math.ceil(min(own, deadline.statement)))}s"}
        return open_declared(declared, options=limited, connect=connect, tag=TAG)

    return opens
