"""Uploaded files that rows name and that are gone: a person says first that the answer goes without them."""

from __future__ import annotations

from afschrift.casework.columns.question import FILE_MISSING
from afschrift.domain.event import digest
from afschrift.domain.extracted import TableExtract
from afschrift.questions.kind import OpenQuestion

_SHOWN = 20


def missing_question(table: TableExtract) -> OpenQuestion | None:
    """What a person must say about files that rows name and that are not there; None where all are.

    It names rows by their number and never a path: what a path says may be the person's.
    """
    if not table.missing:
        return None
    rows = [gone.row for gone in table.missing]
    shown = ", ".join(map(str, rows[:_SHOWN])) + (", ..." if len(rows) > _SHOWN else "")
    reasons = {
        r: sum(m.reason == r for m in table.missing) for r in sorted({m.reason for m in table.missing})
    }
    words = (
        f"{len(rows)} uploaded file(s) of {table.source}.{table.table} cannot be handed back "
        f"({', '.join(f'{reason}: {count}' for reason, count in reasons.items())}); rows {shown}."
    )
    detail = {
        "table": f"{table.source}.{table.table}",
        "files": len(rows),
        "rows": rows[:_SHOWN],
        "reasons": reasons,
        "which": digest({"missing": [[gone.column, gone.row, gone.reason] for gone in table.missing]}),
    }
    return OpenQuestion(FILE_MISSING, FILE_MISSING.options, words, detail)
