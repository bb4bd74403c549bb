"""Counts a bundle against what was planted: recall, precision, and what should not have been given."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation

from afschrift.canary.canary_file import Canary, Pattern, Planted
from afschrift.canary.count import Bundle, Cells
from afschrift.canary.history import RightOutcome
from afschrift.domain.right import Right


@dataclass(frozen=True)
class TableCount:
    """Of one table.

    Attributes:
        planted: values that an answer must hold.
        found: of them.
        rows: in the bundle.
        others: of them, those that nobody planted.
        missing: columns of which a planted value was not found.
    """

    planted: int
    found: int
    rows: int
    others: int
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counted:
    """Of one right.

    Attributes:
        tables: `source.table` -> its counts.
        kept_back: columns, or files of the bundle, in which a value was found that should not be given.
        kept_back_planted: how many such values were planted.
        stopped: kind of the question at which the run ended; nothing was packed then.
        asked: kind of question -> how many were answered by leaving out.
    """

    right: Right
    tables: Mapping[str, TableCount]
    kept_back: tuple[str, ...] = ()
    kept_back_planted: int = 0
    stopped: str | None = None
    asked: Mapping[str, int] = field(default_factory=dict)

    @property
    def planted(self) -> int:
        """Values that the answer must hold."""
        return sum(one.planted for one in self.tables.values())

    @property
    def found(self) -> int:
        """Of them, those that it holds."""
        return sum(one.found for one in self.tables.values())

    @property
    def rows(self) -> int:
        """Rows in the bundle."""
        return sum(one.rows for one in self.tables.values())

    @property
    def others(self) -> int:
        """Of them, those that nobody planted."""
        return sum(one.others for one in self.tables.values())


def count(
    canary: Canary,
    right: Right,
    bundle: Bundle | None,
    needles: Container[str] = (),
    stopped: str | None = None,
    asked: Mapping[str, int] | None = None,
) -> Counted:
    """Count what a request of the canary came to.

    Args:
        canary: what was planted.
        right: that it asked on.
        bundle: what it got; None where nothing was packed.
        needles: the values that can be nothing but planted ones, looked for in every file.
        stopped: as of `Counted`.
        asked: as of `Counted`.
    """
    rows = {} if bundle is None else bundle.tables
    tables = {
        name: _table(
            [one for one in canary.tables.get(name, ()) if one.given(right)], right, rows.get(name, ())
        )
        for name in dict.fromkeys((*canary.tables, *rows))
    }
    counts = {name: one for name, one in tables.items() if one.planted or one.rows}
    kept = sum(len(one.kept(right)) for one in canary.file.planted)
    where = tuple(sorted(_given_all_the_same(canary, right, bundle, needles))) if bundle is not None else ()
    return Counted(right, counts, where, kept, stopped, asked or {})


def _table(planted: Sequence[Planted], right: Right, rows: Sequence[Cells]) -> TableCount:
    """Each planted row goes with the row of the bundle that is most like it, the closest pair first."""
    expected = [one.given(right) for one in planted]
    pairs = sorted(
        (
            (len(same), -number, -place, same)
            for number, row in enumerate(expected)
            for place, cells in enumerate(rows)
            if 2 * len(same := _same(row, cells)) >= len(row)
        ),
        key=lambda pair: pair[:3],
        reverse=True,
    )
    taken: dict[int, frozenset[str]] = {}
    used: set[int] = set()
    for _, number, place, same in pairs:
        if -number not in taken and -place not in used:
            taken[-number] = same
            used.add(-place)
    missing = {
        name: None
        for number, row in enumerate(expected)
        for name in row
        if name not in taken.get(number, frozenset())
    }
    return TableCount(
        planted=sum(map(len, expected)),
        found=sum(map(len, taken.values())),
        rows=len(rows),
        others=len(rows) - len(used),
        missing=tuple(missing),
    )


def _same(row: Mapping[str, str | Pattern], cells: Cells) -> frozenset[str]:
    return frozenset(
        name
        for name, value in row.items()
        if name in cells.values and is_same(value, cells.values[name], cells.types.get(name, "any"))
    )


def is_same(planted: str | Pattern, found: str | None, kind: str) -> bool:
    """Whether a value of the bundle is the one planted, however its number or moment is spelt.

    Args:
        planted: as `canary.yml` has it.
        found: text of the value in the bundle.
        kind: type of the column in the data package.
    """
    if found is None:
        return False
    if isinstance(planted, Pattern):
        return re.fullmatch(planted.matches, found) is not None
    if planted == found:
        return True
    try:
        if kind in ("integer", "number"):
            return Decimal(planted) == Decimal(found)
        if kind == "datetime":
            return datetime.fromisoformat(planted) == datetime.fromisoformat(found)
        if kind == "any":
            return bool(json.loads(planted) == json.loads(found))
    except (InvalidOperation, ValueError, TypeError):
        return False
    return False


def _given_all_the_same(canary: Canary, right: Right, bundle: Bundle, needles: Container[str]) -> set[str]:
    """Columns and files in which something kept back was found, each by name; never the value.

    A cell is compared in its own column; a value that nothing else could be is looked for in every file.
    """
    given = {value for one in canary.file.planted for value in one.given(right).values()}
    found: set[str] = set()
    for table, planted in canary.tables.items():
        for one in planted:
            for column, value in one.kept(right).items():
                if value in given:
                    continue
                cells = (row for row in bundle.tables.get(table, ()) if column in row.values)
                if any(is_same(value, row.values[column], row.types.get(column, "any")) for row in cells):
                    found.add(f"{table}.{column}")
                elif value in needles:
                    needle = value.encode()
                    found.update(f"{name}: {column}" for name, text in bundle.texts.items() if needle in text)
    return found


def outcome(counts: Counted) -> RightOutcome:
    """What the event keeps of a count."""
    below = {n: (one.found, one.planted) for n, one in counts.tables.items() if one.found < one.planted}
    others = {n: one.others for n, one in counts.tables.items() if one.others}
    return RightOutcome(
        right=counts.right.value,
        planted=counts.planted,
        found=counts.found,
        rows=counts.rows,
        others=counts.others,
        kept_back=counts.kept_back_planted,
        given=len(counts.kept_back),
        below=below,
        others_in=others,
        stopped=counts.stopped,
        asked=dict(counts.asked),
    )
