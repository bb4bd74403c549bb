"""What is shown of columns, tables and rows that a question is about, from the inventory and in counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from afschrift.casework.columns.meaning import (
    column_lines,
    column_words,
    described,
    purpose_words,
    table_words,
)
from afschrift.casework.identity.keys_view import key_title
from afschrift.casework.officer import Officer
from afschrift.domain.instants import on_the_wall
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table
from afschrift.questions.view import NOTHING_KEPT, Kept, Line, Section
from afschrift.questions.words import said
from afschrift.register.records import QuestionRow

_WHERE = "Row of the table's file, or number of the file; what, and in which part of it"


def columns(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """Each column with what it holds and for which purposes, and how many rows of the person there are."""
    inventory, kept = officer.inventory, officer.register.questions.kept(question.id)
    paths = question.detail["columns"]
    rows = []
    for path in paths:
        table_path, table, column = described(inventory, path)
        of_person = kept.get("rows", {}).get(table_path, "not counted")
        words = (column_words(column), ", ".join(purpose_words(inventory, path)) or "no purpose")
        rows.append((path.rpartition(".")[2], table_words(table_path, table), *words, of_person))
    heads = ("Column", "Table", "What it holds", "For", "Rows of this person in the table")
    return (Section("What it is about", (), heads, tuple(rows)),)


def consent_missing(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The columns, and each purpose that rests on consent with what the person said and when."""
    kept = officer.register.questions.kept(question.id)
    consents: Mapping[str, Sequence[str]] = kept.get("consents", {})
    lines = tuple(
        Line(words, _consent(consents[purpose]), Kept.ROLE)
        for purpose, words in _purposes(officer.inventory, question.detail["columns"]).items()
        if purpose in consents
    )
    return (Section("Consents", lines), *columns(officer, question))


def _purposes(inventory: Inventory, paths: Sequence[str]) -> dict[str, str]:
    """`source.purpose` -> its title, of the purposes of columns."""
    found = {}
    for path in paths:
        _, table, column = described(inventory, path)
        source = path.partition(".")[0]
        own = column.purposes if column is not None and column.purposes is not None else None
        for name in own if own is not None else table.purposes if table is not None else ():
            found[f"{source}.{name}"] = f"{inventory.sources[source].purposes[name].title.get('en')} ({name})"
    return found


def _consent(found: Sequence[str]) -> str:
    state, withdrawn = found
    if state == "withdrawn":
        return f"given, and taken back on {withdrawn}" if withdrawn else "given, and not in force any more"
    return "never given" if state == "absent" else "in force"


def unlisted(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The tables with their columns, as the source has them."""
    found: Mapping[str, Sequence[str]] = officer.register.questions.kept(question.id).get("columns", {})
    rows = tuple((name, ", ".join(found.get(name, ()))) for name in question.detail["tables"])
    title = f"Tables of {question.detail['source']} that nobody described"
    return (Section(title, (), ("Table", "Its columns"), rows),)


def residual(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The column, what it holds, and how many rows of it name the person."""
    path = question.detail["column"]
    lines = column_lines(officer.inventory, path)
    lines.append(Line("Rows that hold an identifier of the person", str(question.detail["rows"])))
    _, table, _ = described(officer.inventory, path)
    if table is not None:
        lines += _ways(table)
    return (Section("What it is about", tuple(lines)),)


def missing_files(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """How many files of a table are gone, why, and in which rows of the table's file."""
    detail: Mapping[str, Any] = question.detail
    _, table, _ = described(officer.inventory, f"{detail['table']}.")
    lines = [Line("Table", table_words(detail["table"], table)), Line("Files", str(detail["files"]))]
    lines += [Line(said(reason), str(number)) for reason, number in detail["reasons"].items()]
    numbers = ", ".join(map(str, detail["rows"])) + (", ..." if len(detail["rows"]) < detail["files"] else "")
    return (Section("What is gone", (*lines, Line("Rows of the table's file", numbers))),)


def active_files(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """How many files, of what, and in which part of which file it was found, by numbers alone."""
    detail: Mapping[str, Any] = question.detail
    place = detail.get("table") or detail["source"]
    _, table, _ = described(officer.inventory, f"{place}.")
    lines = [Line("Table", table_words(place, table)) if "table" in detail else Line("System", place)]
    lines += [Line("Files", str(detail["files"]))]
    lines += [Line(said(kind), f"in {number}") for kind, number in detail["found"].items()]
    return (
        Section("What was found", tuple(lines)),
        Section("Where", (), (_WHERE,), tuple((one,) for one in detail["where"])),
    )


def limits(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The person's own limits, as they were entered."""
    found = officer.register.requests.get(question.request).limits
    lines = [
        Line(said(name), given if isinstance(given, str) else "\n".join(given), Kept.ROLE)
        for name, given in found.items()
        if given
    ]
    return (Section("What the person limited the request to", tuple(lines)),)


def table_rows(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """A table, how many of its rows are meant, how rows of it are found, and what tells its origins."""
    path = question.detail["table"]
    _, table, _ = described(officer.inventory, f"{path}.")
    lines = [Line("Table", table_words(path, table)), Line("Rows meant", str(question.detail["rows"]))]
    if table is not None:
        lines += _ways(table)
    return (Section("What it is about", tuple(lines)),)


def _ways(table: Table) -> Iterator[Line]:
    for way in table.join:
        yield Line("A join reaches it", ", ".join(f"{column} is {to}" for column, to in way.items()))
    for key, link in table.subject.items():
        yield Line("A row bears", f"{key} in {link.column}")
    if table.origin is not None:
        named = ", ".join(f"{value}: {said(one).lower()}" for value, one in table.origin.values.items())
        yield Line(f"Origins by {table.origin.by}", named)


def nothing_held(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """By what was searched and when, in which tables with how many rows, and what people found elsewhere."""
    kept = officer.register.questions.kept(question.id)
    if not kept:
        return (NOTHING_KEPT, *_manual(officer, question))
    keys = [Line(key_title(officer, name), value, Kept.MASKED) for name, value in kept["keys"]]
    by_kind: dict[str, list[str]] = {}
    for kind, value in kept["spellings"]:
        by_kind.setdefault(kind, []).append(value)
    spelled = [
        Line(f"Spelled as {said(kind).lower()}", "\n".join(sorted(values)), Kept.MASKED)
        for kind, values in by_kind.items()
    ]
    zone = officer.register.requests.get(question.request).zone
    when = Line("Searched on", on_the_wall(kept["at"], zone))
    rows = tuple((path, n, columns, _whole(why)) for path, n, columns, why in kept["searched"])
    heads = ("Table", "Rows looked through", "Columns looked at", "Searched")
    by = Section("By what was searched", (*keys, *spelled))
    return (by, Section("Where was searched", (when,), heads, rows), *_manual(officer, question))


def _whole(why: str | None) -> str:
    return "whole" if why is None else f"not whole ({said(why).lower()})"


def _manual(officer: Officer, question: QuestionRow) -> Iterator[Section]:
    """Systems that people searched: what came of it, who said so and when."""
    statuses: Mapping[str, str] = question.detail.get("manual", {})
    if not statuses:
        return
    asked = officer.register.questions.all(open_only=False, request_id=question.request)
    source_of = {one.id: one.detail.get("source") for one in asked if one.kind == "manual"}
    said_by = {source_of.get(d.question or ""): d for d in officer.register.decisions.of(question.request)}
    zone, rows = officer.register.requests.get(question.request).zone, []
    for name, status in statuses.items():
        declared, decided = officer.inventory.manual.get(name), said_by.get(name)
        title = f"{declared.title.get('en')} ({name})" if declared is not None else name
        who = ("", "")
        if decided is not None:
            who = (officer.roles.person(decided.by).name, on_the_wall(decided.at, zone))
        rows.append((title, said(status), *who))
    heads = ("System", "Outcome", "By", "On")
    yield Section("Systems that people search", (), heads, tuple(rows))
