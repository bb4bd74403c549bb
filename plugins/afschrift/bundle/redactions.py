"""`data/redactions.json`: what was masked, on which ground, how often. Never by value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from afschrift.bundle.contents import Contents
from afschrift.bundle.left_out import column_title, table_title
from afschrift.bundle.words import Words
from afschrift.core.decision import Action
from afschrift.core.manifest import FieldPlan


@dataclass(frozen=True)
class Redaction:
    """The masked values of one column."""

    source: str
    table: str
    field: FieldPlan
    count: int


def redactions(contents: Contents) -> Iterator[Redaction]:
    """Every column that the plan masks in a table with rows, also where nothing had to be masked."""
    for planned, written in contents.held:
        for field in planned.fields:
            if field.action is Action.MASK:
                count = written.masked.get(field.name, 0)
                yield Redaction(planned.source, planned.table, field, count)


@dataclass(frozen=True)
class Ground:
    """Why values were masked, in words, and where: one sentence a column, with the number of its values."""

    text: str
    places: tuple[str, ...]


def grounds(contents: Contents, words: Words) -> tuple[Ground, ...]:
    """What was masked in fact, by ground (R31), in the order in which the grounds come up."""
    found: dict[str, list[str]] = {}
    for one in redactions(contents):
        if one.count:
            ground = "person_masked" if one.field.reason == "person_decided" else one.field.reason
            column = column_title(contents, one.source, one.table, one.field.name)
            table = table_title(contents, one.source, one.table)
            line = words.count("masked_line", one.count, column=column, table=table)
            found.setdefault(ground, []).append(line)
    return tuple(Ground(words.phrase("remarks", key), tuple(lines)) for key, lines in found.items())


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
    }
