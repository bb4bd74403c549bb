"""`data/redactions.json`: what was masked, on which ground, how often. Never by value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.left_out import column_title, table_title
from afschrift.bundle.page.words import PageWords
from afschrift.domain.decision import Action
from afschrift.domain.plan import FieldPlan

BY_HAND = "person_masked"
REDACTED = frozenset({"rights_of_others", "trade_secret", "outside_portability", "persons_wish"})
"""Grounds of single cells that have words of their own, `redacted_GROUND`."""


def remark(ground: str) -> str:
    """Key of the words for the ground of a single cell; a ground that somebody added has those for all."""
    return f"redacted_{ground}" if ground in REDACTED else BY_HAND


@dataclass(frozen=True)
class MaskedColumn:
    """The masked values of one column."""

    source: str
    table: str
    field: FieldPlan
    count: int


def redactions(contents: Contents) -> Iterator[MaskedColumn]:
    """Every column that the plan masks in a table with rows, also where nothing had to be masked."""
    for planned, written in contents.held:
        for field in planned.fields:
            if field.action is Action.MASK:
                count = written.masked.get(field.name, 0)
                yield MaskedColumn(planned.source, planned.table, field, count)


@dataclass(frozen=True)
class Redacted:
    """The cells, or the spans, that a reviewer masked in one column on one ground."""

    source: str
    table: str
    column: str
    ground: str
    rules: tuple[str, ...]
    method: str
    count: int


def redacted(contents: Contents) -> Iterator[Redacted]:
    """What a reviewer masked, in the order of the columns; where in a column is not told."""
    for planned, _ in contents.held:
        for field in planned.fields:
            mine = [one for one in planned.redactions if one.column == field.name]
            alike = Counter((one.ground, one.rules, one.method) for one in mine)
            for (ground, rules, method), count in sorted(alike.items()):
                yield Redacted(planned.source, planned.table, field.name, ground, rules, method, count)


@dataclass(frozen=True)
class MaskingGround:
    """Why values were masked, in words, and where: one sentence a column, with the number of its values."""

    text: str
    places: tuple[str, ...]


def grounds(contents: Contents, words: PageWords) -> tuple[MaskingGround, ...]:
    """What was masked in fact, by ground (R31), in the order in which the grounds come up."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for one in redactions(contents):
        ground = BY_HAND if one.field.reason == "person_decided" else one.field.reason
        counts[ground, one.source, one.table, one.field.name] += one.count
    for cell in redacted(contents):
        counts[remark(cell.ground), cell.source, cell.table, cell.column] += cell.count
    found: dict[str, list[str]] = {}
    for (ground, source, name, field), count in counts.items():
        if count:
            column, table = column_title(contents, source, name, field), table_title(contents, source, name)
            line = words.count("masked_line", count, column=column, table=table)
            found.setdefault(ground, []).append(line)
    return tuple(MaskingGround(words.phrase("remarks", key), tuple(lines)) for key, lines in found.items())


def redactions_document(contents: Contents) -> dict[str, Any]:
    """The document (R31: only what needs it is masked, and it is said)."""
    return {
        "masked": [
            {
                "source": r.source,
                "table": r.table,
                "column": r.field.name,
                "ground": r.field.reason,
                "rules": list(r.field.rules),
                "method": r.field.mask,
                "count": r.count,
            }
            for r in redactions(contents)
        ]
        + [
            {
                "source": r.source,
                "table": r.table,
                "column": r.column,
                "ground": r.ground,
                "rules": list(r.rules),
                "method": r.method,
                "count": r.count,
            }
            for r in redacted(contents)
        ]
    }
