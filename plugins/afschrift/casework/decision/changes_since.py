"""What changed since earlier answers, as far as the register's own evidence says it (R50). No source is read.

Each reading of a source left its tables, their rows and the digests of their files in the trail. Two answers
of one right are compared by those; what happened since the last one shows only in the inventory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from afschrift.domain.notation import count
from afschrift.register.register import Register


@dataclass(frozen=True)
class EarlierAnswer:
    """What an answer held.

    Attributes:
        on: local date on which the request was closed, as text; None: it is open.
        rows: `source.table` -> rows.
        files: path of a file -> SHA-256; without those with masks, whose tokens differ in each answer.
        inventory: digest of the data map that its plan was made by.
    """

    request: str
    on: str | None
    rows: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    inventory: str | None = None


def changed_since(register: Register, earlier: Sequence[str], inventory: str) -> list[dict[str, Any]]:
    """Per earlier request what its answer held, and what differs from the answer before it.

    Args:
        register: of the installation.
        earlier: ids, the oldest first.
        inventory: digest of the data map of today.
    """
    changes: list[dict[str, Any]] = []
    before: EarlierAnswer | None = None
    for request in earlier:
        given = _earlier_answer(register, request)
        changes.append(_changes(given, before, inventory))
        before = given if given.rows else before
    return changes


def _earlier_answer(register: Register, request: str) -> EarlierAnswer:
    rows: dict[str, int] = {}
    files: dict[str, str] = {}
    plan = None
    for header, payload in register.trail.events(request):
        if payload is None:
            continue
        if header.type == "plan_frozen":
            plan = payload.get("inventory")
        elif header.type == "extracted":
            source = payload["source"]
            rows |= {f"{source}.{table}": n for table, n in payload.get("tables", {}).items()}
            hidden = {f"{source}/{table}" for table in payload.get("masked", {})}
            found = payload.get("files", {})
            files |= {path: one for path, one in found.items() if path.partition(".")[0] not in hidden}
    timeline = register.facts.timeline(request)
    closed = str(timeline.local(timeline.closed_at)) if timeline.closed_at else None
    return EarlierAnswer(request, closed, rows, files, plan)


def _changes(given: EarlierAnswer, before: EarlierAnswer | None, inventory: str) -> dict[str, Any]:
    if not given.rows:
        ended = f"closed on {given.on}" if given.on else "open"
        return {
            "request": given.request,
            "closed_on": given.on,
            "words": f"{given.request}: {ended}; the register holds no counts of an answer.",
        }
    total = sum(given.rows.values())
    facts: dict[str, Any] = {
        "request": given.request,
        "closed_on": given.on,
        "tables": len(given.rows),
        "rows": total,
        "inventory_changed": given.inventory is not None and given.inventory != inventory,
    }
    words = f"{given.request}: {count(total, 'row')} of {count(len(given.rows), 'table')}"
    words += f", closed on {given.on}" if given.on else ", open"
    if before is not None:
        changed, more = _differs(given, before), total - sum(before.rows.values())
        facts |= {"compared_with": before.request, "tables_changed": changed, "rows_more": more}
        words += f"; {count(changed, 'table')} differ from {before.request}, {more:+d} rows"
    words += "; the data map changed since" if facts["inventory_changed"] else "; the same data map as today"
    return facts | {"words": f"{words}."}


def _differs(one: EarlierAnswer, other: EarlierAnswer) -> int:
    """Tables with other rows or other contents than before, or that one of them lacks."""
    tables = {
        name for name in one.rows.keys() | other.rows.keys() if one.rows.get(name) != other.rows.get(name)
    }
    for path in one.files.keys() & other.files.keys():
        if one.files[path] != other.files[path]:
            source, _, name = path.partition("/")
            tables.add(f"{source}.{name.partition('.')[0]}")
    return len(tables)
