"""`data/coverage.json`: every table in scope and its status; no table is left out silently.

NOTHING_GIVEN is the status of a table from which nothing is given, without a reason. It is true of a person
who has no rows there (R09), and of a person whose rows a hidden restriction withholds (R84): these two must
look the same. That a search found nothing is recorded in the audit trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from afschrift.bundle.contents import Contents
from afschrift.domain.decision import Action
from afschrift.domain.extracted import MENTIONED
from afschrift.domain.plan import Before, FieldPlan, ManualPlan, Plan, Portion
from afschrift.domain.sources import Structure
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table
from afschrift.law.partial_response import NOT_HELD


class Status(StrEnum):
    """Status of a table."""

    ROWS = "rows"
    NOTHING_GIVEN = "nothing_given"
    WITHHELD = "withheld"
    FAILED = "failed"
    NOT_SEARCHED = "not_searched"
    GIVEN_BEFORE = "given_before"
    COPY = "copy"


class Unproven(StrEnum):
    """Why it is not proven that all rows of a table were seen."""

    VIEW = "view_not_confirmed"
    HISTORY = "history_not_read"


@dataclass(frozen=True)
class TableCoverage:
    """One personal table of the inventory.

    Attributes:
        rows: number of rows in the bundle; None if it was not read.
        left_out: the columns that are not in the bundle, with their decisions.
        rest_by: date by which a source that was postponed follows.
        before: what an earlier part of the answer stated of it.
        again: an earlier part had it too; it is given completely again.
        copy_of: the table that it repeats, and that is given for both.
        unproven: why it is not proven that all rows of the person were seen.
        mentions: column -> number of rows with an identifier of the person that no way of the inventory
            reaches and that are not given.
    """

    source: str
    table: str
    status: Status
    rows: int | None
    left_out: tuple[FieldPlan, ...]
    rest_by: str = ""
    before: Before | None = None
    again: bool = False
    copy_of: str = ""
    unproven: tuple[Unproven, ...] = ()
    mentions: Mapping[str, int] = field(default_factory=dict)


def coverage(contents: Contents) -> Iterator[TableCoverage]:
    """Yield every personal table, every copy, and other tables that name the person, in inventory order.

    A planned table without an extract has failed, and so has a table of a postponed source. A table that the
    plan does not name was not searched.
    """
    for entry in _by_the_plan(contents):
        yield _as_searched(contents, entry)


def _by_the_plan(contents: Contents) -> Iterator[TableCoverage]:
    """Status by the ways of the inventory; a table that is not personal is WITHHELD, without columns."""
    planned = {(e.source, e.table): e for e in contents.plan.extracts}
    withheld = {(w.source, w.table): w for w in contents.plan.withheld}
    before = {(b.source, b.table): b for b in contents.plan.before if b.table}
    later = {rest.source: rest.rest_by for rest in contents.plan.later if not rest.place}
    again = set(contents.plan.again)
    for source, file in contents.inventory.sources.items():
        for table, entry in file.tables.items():
            key = (source, table)
            if key in planned:
                left_out = _left_out(planned[key].fields)
                written = contents.extracted(source, table)
                if written is None:
                    yield TableCoverage(source, table, Status.FAILED, None, left_out)
                else:
                    status = Status.ROWS if written.rows else Status.NOTHING_GIVEN
                    once_more = f"{source}.{table}" in again
                    doubts = unproven(entry, table, contents.structure(source))
                    yield TableCoverage(
                        source, table, status, written.rows, left_out, again=once_more, unproven=doubts
                    )
            elif key in withheld:
                yield TableCoverage(source, table, Status.WITHHELD, None, _left_out(withheld[key].fields))
            elif key in before:
                yield TableCoverage(source, table, Status.GIVEN_BEFORE, None, (), before=before[key])
            elif entry.personal and source in later:
                yield TableCoverage(source, table, Status.FAILED, None, (), rest_by=later[source])
            elif entry.copy_of and not entry.unconfirmed:
                yield TableCoverage(source, table, Status.COPY, None, (), copy_of=entry.copy_of)
            elif entry.personal:
                yield TableCoverage(source, table, Status.NOT_SEARCHED, None, ())
            elif _mentions(contents, source, table):
                yield TableCoverage(source, table, Status.WITHHELD, None, ())


def _as_searched(contents: Contents, entry: TableCoverage) -> TableCoverage:
    """Add rows that name the person and are not given; without other rows the table is WITHHELD."""
    if entry.status not in (Status.ROWS, Status.WITHHELD, Status.NOTHING_GIVEN):
        return entry
    found = _mentions(contents, entry.source, entry.table)
    if found and entry.status is Status.NOTHING_GIVEN:
        return replace(entry, status=Status.WITHHELD, rows=None, left_out=(), mentions=found)
    return replace(entry, mentions=found)


def _mentions(contents: Contents, source: str, table: str) -> Mapping[str, int]:
    """What the search of a table found and the answer may tell; of several entries, only at the first."""
    file = contents.inventory.sources[source]
    name = file.in_source(table)
    if table != file.entries(name)[0]:
        return {}
    found = next((search.found for search in contents.searched(source) if search.table == name), {})
    return {column: rows for column, rows in found.items() if _disclosed(file, name, column)}


def _disclosed(file: SourceFile, table: str, column: str) -> bool:
    described = (file.tables[entry].columns.get(column) for entry in file.entries(table))
    return all(column.mentions.disclosed for column in described if column and column.mentions)


def coverage_document(contents: Contents) -> dict[str, Any]:
    """Make the document, with the rule ids that an auditor looks for (R19)."""
    hidden = [{"source": source, "tables": tables} for source, tables in not_seen(contents).items()]
    systems = [
        *(_manual_source(contents, planned) for planned in contents.plan.manual),
        *_manual_source_before(contents),
    ]
    return {
        "right": contents.plan.right.value,
        "stateOn": contents.plan.frozen_at,
        **_portion(contents.plan),
        "tables": [
            _table(entry) | _files(contents, entry.source, entry.table) for entry in coverage(contents)
        ],
        **({"searched": systems} if systems else {}),
        **({"notSeen": hidden} if hidden else {}),
    }


def unproven(entry: Table, table: str, structure: Structure) -> tuple[Unproven, ...]:
    """Why it is not proven that all rows of a table were seen."""
    found = {
        Unproven.VIEW: table in structure.views and entry.complete is None,
        Unproven.HISTORY: table in structure.history and entry.history != "read",
    }
    return tuple(why for why, holds in found.items() if holds)


def not_seen(contents: Contents) -> dict[str, int]:
    """Source -> number of tables in schemas closed to the connection, if the data map asks about them."""
    found = {
        extract.source: len(contents.source(extract.source).undescribed(extract.structure.hidden))
        for extract in contents.extracts
        if extract.structure.hidden and contents.source(extract.source).unlisted == "ask"
    }
    return {source: tables for source, tables in found.items() if tables}


def _portion(plan: Plan) -> dict[str, Any]:
    """Which part of the answer it is, and the other parts (R44, R54)."""
    part: dict[str, Any] = {"kind": plan.part.value}
    if plan.later:
        part["rest"] = [
            {"source": rest.source, **({"column": rest.place} if rest.place else {}), "restBy": rest.rest_by}
            for rest in plan.later
        ]
    if plan.after:
        part["follows"] = list(plan.after)
    if plan.gone:
        part["notGiven"] = [
            {
                "source": gone.source,
                "tables": list(gone.tables),
                "restBy": gone.rest_by,
                "reason": NOT_HELD,
                "saidAt": gone.said_at,
                "rules": ["R44"],
            }
            for gone in plan.gone
        ]
    return {} if plan.part is Portion.FULL else {"part": part}


def _manual_source_before(contents: Contents) -> Iterator[dict[str, Any]]:
    """Systems that a person searched, and that an earlier part of the answer named."""
    for earlier in contents.plan.before:
        if not earlier.table and earlier.source in contents.inventory.manual:
            medium = contents.inventory.manual[earlier.source].medium.value
            entry = {"source": earlier.source, "medium": medium, "status": Status.GIVEN_BEFORE.value}
            yield entry | {"before": _before(earlier), "rules": ["R08"]}


def _before(earlier: Before) -> dict[str, Any]:
    entry: dict[str, Any] = {"status": earlier.status}
    if earlier.rows is not None:
        entry["rows" if earlier.table else "files"] = earlier.rows
    return entry | {"deliveredAt": earlier.delivered_at, "bundle": earlier.bundle}


def _manual_source(contents: Contents, planned: ManualPlan) -> dict[str, Any]:
    """A system that no query reaches, and what a person stated about it (R08)."""
    document: dict[str, Any] = {
        "source": planned.source,
        "medium": planned.medium.value,
        "status": planned.status_for_person,
    }
    if planned.answered_at:
        document["answeredAt"] = planned.answered_at
    kept_back = contents.kept_back(planned.source)
    if planned.files:
        document["files"] = len(planned.files) - len(kept_back)
    if kept_back:
        document["missing"] = [{"number": gone.row, "reason": gone.reason} for gone in kept_back]
    if planned.reason:
        document["reason"] = planned.reason
    return document | {"rules": list(planned.rules)}


def _table(entry: TableCoverage) -> dict[str, Any]:
    document: dict[str, Any] = {"source": entry.source, "table": entry.table, "status": entry.status.value}
    if entry.rows is not None:
        document["rows"] = entry.rows
    if entry.rest_by:
        document["restBy"] = entry.rest_by
    if entry.before is not None:
        document["before"] = _before(entry.before)
    if entry.again:
        document["again"] = True
    if entry.unproven:
        document["notProven"] = [why.value for why in entry.unproven]
    if entry.copy_of:
        document["copyOf"] = entry.copy_of
    if entry.status is Status.WITHHELD:
        named = ([MENTIONED], ["R08"]) if entry.mentions else ([], [])
        document["reasons"] = list(dict.fromkeys([*(f.reason for f in entry.left_out), *named[0]]))
        document["rules"] = list(dict.fromkeys([*(r for f in entry.left_out for r in f.rules), *named[1]]))
    if entry.mentions:
        document["mentions"] = [{"column": name, "rows": rows} for name, rows in entry.mentions.items()]
    document["leftOut"] = [
        {"column": f.name, "action": f.action.value, "reason": f.reason, "rules": list(f.rules)}
        for f in entry.left_out
    ]
    return document


def _files(contents: Contents, source: str, table: str) -> dict[str, Any]:
    """The entry of a table's uploaded files; empty if no row has one."""
    written = contents.extracted(source, table)
    if written is None or not (written.uploads or written.missing):
        return {}
    missing = [{"column": m.column, "row": m.row, "reason": m.reason} for m in written.missing]
    return {"files": {"held": len(written.uploads), "missing": missing}}


def _left_out(fields: Iterable[FieldPlan]) -> tuple[FieldPlan, ...]:
    return tuple(f for f in fields if f.action not in (Action.INCLUDE, Action.MASK))
