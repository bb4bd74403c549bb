"""Count everybody's rows that are held after their period (R75); each answer counts the person's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial

from afschrift.datamap.check.finding import Code, Finding
from afschrift.datamap.check.probe import NO_PERSON, CheckedSource
from afschrift.domain.errors import UnreadFilesError
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.inventory.periods import last_days, midnight_after, way_to
from afschrift.law.clock.deadline import local_date
from afschrift.selection.statements import render


def periods(of: CheckedSource) -> Iterator[Finding]:
    """Yield tables with rows whose period is over for every purpose.

    A table is counted if the event of each of its periods is in the row, or in a row to which it leads.
    """
    today = local_date(rfc3339(utc_now()), of.inventory.controller.zone)
    for name, _ in of.personal():
        try:
            last = last_days(of.declared, name, of.catalogue[name], today)
        except UnreadFilesError:  # a finding of its own
            continue
        if last:
            words = f"{of.path(name)}: its rows were not held against their period"
            found = _table(of, name, last)
            yield from of.unless_unanswered((name,), words, {Code.PAST_PERIOD}, found)


def _table(of: CheckedSource, name: str, last: Mapping[tuple[str, str], date]) -> Iterator[Finding]:
    readable = {table: of.catalogue[table] for table in of.finder.tables}
    joins: dict[str, tuple[str, list[str]]] = {}
    began, keys = [], []
    for number, ((table, column), day) in enumerate(last.items()):
        way, alias = way_to(of.declared, name, table, readable), "t"
        if table != name and not way:
            return
        before = name
        for hop in way:
            after = f"{alias}_{hop.parent}"
            pairs = [
                of.finder.equal((before, own, alias), (hop.parent, its, after)) for own, its in hop.pairs
            ]
            joins[after] = of.finder.relation(hop.parent), pairs
            before, alias = hop.parent, after
        began.append(of.dialect.bound(of.finder.instant(table, column, alias)))
        keys.append(
            Key(
                NO_PERSON.name,
                str(number),
                valid_to=rfc3339(midnight_after(day, of.inventory.controller.zone)),
            )
        )
    looked = of.rows(name)
    statement = render(
        of.sql, "past_period.sql", joins=joins, relation=looked.relation, keys=of.dialect.keys, began=began
    )
    late = int(of.probe.ask(partial(_late, of, statement, keys)))
    if late:
        yield of.finding(
            Code.PAST_PERIOD,
            (name,),
            f"{of.path(name)}: rows held after their period: {late:,} {looked.words}",
            "remove them, or name the purpose and the period for which they are kept",
        )


def _late(of: CheckedSource, statement: str, keys: Sequence[Key], session: Source) -> int:
    session.bind(keys, rfc3339(utc_now()))
    [(late,)] = session.rows(statement)
    of.probe.prepare(session)
    return int(late)
