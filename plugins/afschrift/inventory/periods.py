"""The day up to which each trigger of a table's periods must lie for a row to be held too long (R75)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from afschrift.inventory.joins import Hop, hops, references_of
from afschrift.inventory.model import SourceFile
from afschrift.inventory.sheet_gaps import column_purposes, is_settled
from afschrift.law.clock.deadline import Period


def last_days(
    source: SourceFile, table: str, columns: Iterable[str], today: date
) -> dict[tuple[str, str], date] | None:
    """Return trigger (table, column) -> the last day from which every period by it is over.

    The longest period that applies to a row counts, so a row is held too long only if all triggers say so.

    Args:
        source: of the table.
        table: its name.
        columns: those of it that hold data of a person.
        today: the day on which a period must be over.

    Returns:
        None: some purpose has no period whose start is in the data, so none of the rows is held too long.
    """
    found: dict[tuple[str, str], date] = {}
    for name in dict.fromkeys(p for column in columns for p in column_purposes(source, table, column)):
        retention = source.purposes[name].retention
        period = Period.parse(retention.period) if retention and retention.period else None
        path = retention.from_ if retention else None
        if period is None or path is None or not is_settled(source, path):
            return None
        over, (begun, _, column) = period.last_over(today), path.rpartition(".")
        found[begun, column] = min(over, found.get((begun, column), over))
    return found or None


def midnight_after(day: date, zone: str) -> datetime:
    """Return the instant at which a local day ends."""
    after = day + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def way_to(
    source: SourceFile, table: str, parent: str, readable: Mapping[str, Collection[str]]
) -> tuple[Hop, ...]:
    """Return how a row leads to its one row of another table, over others if need be; empty: it does not.

    Args:
        source: of the tables.
        table: its name.
        parent: the other table.
        readable: table -> columns by which a row may lead on.
    """
    ways: dict[str, tuple[Hop, ...]] = {table: ()}
    ahead = [table]
    for name in ahead:
        for hop in (*hops(source, name), *references_of(source, name)):
            own, theirs = {own for own, _ in hop.pairs}, {theirs for _, theirs in hop.pairs}
            whole = own <= set(readable[name]) and theirs <= set(readable.get(hop.parent, ()))
            if whole and hop.parent not in ways and theirs == set(source.tables[hop.parent].key):
                ways[hop.parent] = (*ways[name], hop)
                ahead.append(hop.parent)
    return ways.get(parent, ())
