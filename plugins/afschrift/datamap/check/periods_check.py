"""Count everybody's rows that are held after their period (R75); each answer counts the person's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from afschrift.datamap.check.finding import Code, Finding
from afschrift.datamap.check.probe import NO_PERSON, CheckedSource
from afschrift.domain.errors import UnreadFilesError
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.sources import Source
from afschrift.inventory.periods import hop_to, last_days, midnight_after
from afschrift.law.clock.deadline import local_date
from afschrift.selection.statements import render


def periods(of: CheckedSource) -> Iterator[Finding]:
    """Yield tables with rows whose period is over for every purpose.

    A table is counted if one event starts all of its periods: in the row, or in the row to which it leads.
    """
    today = local_date(rfc3339(utc_now()), of.inventory.controller.zone)
    for name, _ in of.personal():
        try:
            last = last_days(of.declared, name, of.catalogue[name], today)
        except UnreadFilesError:  # a finding of its own
            continue
        if last is not None and len(last) == 1:
            [(trigger, day)] = last.items()
            words = f"{of.path(name)}: its rows were not held against their period"
            found = _table(of, name, trigger, day)
            yield from of.unless_unanswered((name,), words, {Code.PAST_PERIOD}, found)


def _table(of: CheckedSource, name: str, trigger: tuple[str, str], last: date) -> Iterator[Finding]:
    (of_table, column), parts = trigger, {}
    if of_table != name:
        hop = hop_to(of.declared, name, of_table, of.catalogue[name])
        if hop is None or of_table not in of.finder.tables:
            return
        pairs = [of.finder.equal((name, own, "t"), (of_table, its, "p")) for own, its in hop.pairs]
        parts = {"parent": of.finder.relation(of_table), "pairs": pairs}
    looked = of.rows(name)
    began = of.finder.instant(of_table, column, "p" if parts else "t")
    statement = render(
        of.sql,
        "past_period.sql",
        **{"parent": None, "pairs": (), **parts},
        relation=looked.relation,
        keys=of.dialect.keys,
        began=of.dialect.bound(began),
    )
    instant = rfc3339(midnight_after(last, of.inventory.controller.zone))
    late = int(of.probe.ask(partial(_late, of, statement, instant)))
    if late:
        yield of.finding(
            Code.PAST_PERIOD,
            (name,),
            f"{of.path(name)}: rows held after their period: {late:,} {looked.words}",
            "remove them, or name the purpose and the period for which they are kept",
        )


def _late(of: CheckedSource, statement: str, instant: str, session: Source) -> int:
    session.bind([NO_PERSON], instant)
    [(late,)] = session.rows(statement)
    of.probe.prepare(session)
    return int(late)
