"""Holds each row that is given against its period, while the rows of a source pass (R75).

A row begins its period on a day in the row itself, or in the row of another table to which it leads, over
others if need be. Where it leads to none, the newest day of the person counts for all rows. Rows without a
day have not begun.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.bundle.page.words import local_day
from afschrift.domain.extracted import FactValues
from afschrift.domain.overdue import Overdue
from afschrift.domain.plan import ExtractPlan, Plan
from afschrift.inventory.model import Inventory
from afschrift.inventory.periods import last_days, midnight_after, way_to
from afschrift.values.forms import text_batch

MOST_KEYS = 100_000
"""Rows of a parent, and references to it, to keep; beyond, the newest day of the person counts."""

_MOMENT = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}[\d:.]*|T\d{2}:\d{2}[\d:.]*Z)?$"
_Trigger = tuple[str, str]
_Key = tuple[str | None, ...]
_Way = list[tuple[str, tuple[str, ...]]]


def are_over(texts: pa.Array, last: date, zone: str) -> pa.Array:
    """Whether value forms of days or times lie on a day of a zone up to `last`; not, where there is none."""
    local = (last + timedelta(days=1)).isoformat()
    instant = midnight_after(last, zone).strftime("%Y-%m-%dT%H:%M:%S")
    earlier = pc.if_else(pc.ends_with(texts, "Z"), pc.less(texts, instant), pc.less(texts, local))
    return pc.fill_null(pc.and_(pc.match_substring_regex(texts, _MOMENT), earlier), False)


@dataclass
class _AgedTable:
    """What the rows of a table are held against, and what was counted so far.

    Attributes:
        last: trigger -> the last day that is over.
        own: columns that are triggers.
        joined: trigger in another table -> the tables on the way to its row, each with the columns of the row
            before that hold its key.
        kept: columns that are triggers of other tables, or lead on from here.
        rows: rows whose own days are over.
        counts: of them, key of the rows that they lead to -> their number and the oldest day.
        rows_kept: key of a row -> its value forms, in the order of `kept`.
    """

    part: ExtractPlan
    last: Mapping[_Trigger, date]
    own: tuple[str, ...] = ()
    joined: dict[_Trigger, _Way] = field(default_factory=dict)
    kept: dict[str, None] = field(default_factory=dict)
    rows: int = 0
    counts: dict[_Key, tuple[int, str]] = field(default_factory=dict)
    rows_kept: dict[_Key, _Key] = field(default_factory=dict)

    @property
    def references(self) -> tuple[str, ...]:
        """Columns that hold keys of other rows."""
        return tuple(dict.fromkeys(column for way in self.joined.values() for column in way[0][1]))


class RowAges:
    """Counts the rows of a source that are held after their period.

    Args:
        inventory: the data map.
        plan: of an answer with an information sheet; of another one nothing is counted.
        source: name of the source.
    """

    def __init__(self, inventory: Inventory, plan: Plan, source: str) -> None:
        self._declared, self._zone = inventory.sources[source], inventory.controller.zone
        self._tables: dict[str, _AgedTable] = {}
        today = local_day(plan.frozen_at, self._zone)
        if today is None or not plan.right.terms.information_sheet:
            return
        for part in plan.of_source(source):
            columns = [field.name for field in part.fields]
            self._tables[part.table] = _AgedTable(
                part, last_days(self._declared, part.table, columns, today) or {}
            )
        for table in self._tables.values():
            self._find_triggers(table)

    def _find_triggers(self, table: _AgedTable) -> None:
        name, whole = table.part.table, {name: other.part.whole for name, other in self._tables.items()}
        table.own = tuple(column for of, column in table.last if of == name and column in whole[name])
        for parent, column in table.last:
            if parent == name or column not in whole.get(parent, ()):
                continue
            way: _Way = []
            for hop in way_to(self._declared, name, parent, whole):
                own_of = {theirs: own for own, theirs in hop.pairs}
                columns = tuple(own_of[theirs] for theirs in self._declared.tables[hop.parent].key)
                if way:
                    self._tables[way[-1][0]].kept |= dict.fromkeys(columns)
                way.append((hop.parent, columns))
            if way:
                table.joined[parent, column] = way
                self._tables[parent].kept[column] = None

    def begin(self, name: str) -> None:
        """Forget a table: it is read from its start."""
        if table := self._tables.get(name):
            table.rows, table.counts, table.rows_kept = 0, {}, {}

    def see(self, name: str, batch: pa.RecordBatch) -> None:
        """Hold the rows of the next batch against their own days, and note where they lead."""
        table = self._tables.get(name)
        if table is None or not batch.num_rows:
            return
        if table.kept and len(table.rows_kept) <= MOST_KEYS:
            key = self._declared.tables[name].key
            texts = _texts(table.part, batch, [*key, *table.kept])
            keys, rows = (zip(*(texts[c].to_pylist() for c in of), strict=True) for of in (key, table.kept))
            table.rows_kept.update(zip(keys, rows, strict=True))
        if not table.last:
            return
        texts = _texts(table.part, batch, [*table.own, *table.references])
        over = pa.repeat(pa.scalar(True), batch.num_rows)
        for column in table.own:
            over = pc.and_(over, are_over(texts[column], table.last[name, column], self._zone))
        number = pc.sum(over).as_py() or 0
        table.rows += number
        if number and texts and len(table.counts) <= MOST_KEYS:
            _count(table, {column: values.filter(over) for column, values in texts.items()})

    def overdue(self, facts: Sequence[FactValues]) -> dict[str, Overdue]:
        """Table -> its rows that are held too long, after the last table was read.

        Args:
            facts: of the source, with the first and the last day of each trigger.
        """
        spans: dict[_Trigger, tuple[date, date]] = {}
        for fact in facts:
            kind, purpose, *rest = fact.place.split(".")
            retention = self._declared.purposes[purpose].retention if kind == "purposes" else None
            if rest == ["retention"] and retention and retention.from_ and fact.rows:
                first, last, without = fact.rows[0]
                days = local_day(first, self._zone), local_day(last, self._zone)
                if days[0] and days[1] and without == "0":  # a row without a day has not begun its period
                    table, _, column = retention.from_.rpartition(".")
                    spans[table, column] = days[0], days[1]
        found = {name: self._overdue(table, spans) for name, table in self._tables.items() if table.last}
        return {name: overdue for name, overdue in found.items() if overdue is not None}

    def _overdue(self, table: _AgedTable, spans: Mapping[_Trigger, tuple[date, date]]) -> Overdue | None:
        passed = (len(self._tables[of].rows_kept) for way in table.joined.values() for of, _ in way)
        most = max(len(table.counts), *passed, 0)
        joined = {} if most > MOST_KEYS else table.joined
        fixed = [
            t for t in table.last if t not in joined and not (t[0] == table.part.table and t[1] in table.own)
        ]
        if any(trigger not in spans or spans[trigger][1] > table.last[trigger] for trigger in fixed):
            return None
        earliest = min((spans[trigger][0].isoformat() for trigger in fixed), default="")
        counts = table.counts if joined or (table.own and not table.joined) else {(): (table.rows, "")}
        rows, oldest = 0, ""
        for key, (number, own) in counts.items():
            days = [self._day(table, trigger, key) for trigger in joined]
            if all(day and day <= table.last[trigger] for day, trigger in zip(days, joined, strict=True)):
                rows += number
                begun = own or min((day.isoformat() for day in days if day), default=earliest)
                oldest = min(oldest, begun) if oldest else begun
        day = local_day(oldest, self._zone)
        return Overdue(rows, day.isoformat()) if rows and day else None

    def _day(self, table: _AgedTable, trigger: _Trigger, key: _Key) -> date | None:
        """The day of the row that a row with these references leads to."""
        row: Mapping[str, str | None] = dict(zip(table.references, key, strict=True))
        for of, columns in table.joined[trigger]:
            other = self._tables[of]
            kept = other.rows_kept.get(tuple(row[column] for column in columns))
            if kept is None:
                return None
            row = dict(zip(other.kept, kept, strict=True))
        return local_day(row[trigger[1]], self._zone)


def _texts(part: ExtractPlan, batch: pa.RecordBatch, columns: Sequence[str]) -> dict[str, pa.Array]:
    """The value forms of some columns, each once."""
    names, whole = list(dict.fromkeys(columns)), part.whole
    texts = text_batch(batch.select(names), [whole[name] for name in names])
    return dict(zip(names, texts.columns, strict=True))


def _count(table: _AgedTable, texts: Mapping[str, pa.Array]) -> None:
    """Add rows whose own days are over, by the keys of the rows that they lead to."""
    keys = table.references
    number = len(next(iter(texts.values())))
    days = texts[table.own[0]] if table.own else pa.nulls(number, pa.string())
    found: Iterator[tuple[_Key, int, str | None]]
    if keys:  # `group_by` of pyarrow would import pandas
        references = zip(*(texts[name].to_pylist() for name in keys), strict=True)
        found = ((key, 1, day) for key, day in zip(references, days.to_pylist(), strict=True))
    else:
        found = iter([((), number, pc.min(days).as_py())])
    for key, count, day in found:
        rows, oldest = table.counts.get(key, (0, ""))
        table.counts[key] = rows + count, min(filter(None, (oldest, day)), default="")
