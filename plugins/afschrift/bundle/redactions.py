"""`data/redactions.json`: what was masked, on which ground, how often. Never by value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from afschrift.bundle.contents import Contents
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
