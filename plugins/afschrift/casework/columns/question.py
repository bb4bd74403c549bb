"""The questions at which planning stops: about columns, tables and rows, and where nothing is left to give.

What they show comes from the inventory, and in counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from afschrift.casework.columns import judged_files
from afschrift.casework.columns.meaning import (
    column_lines,
    column_words,
    described,
    purpose_words,
    table_words,
)
from afschrift.casework.columns.search_ledger import ledger_section
from afschrift.casework.identity.accounts import key_title
from afschrift.casework.officer import Officer
from afschrift.domain.instants import on_the_wall
from afschrift.domain.language import gettext, in_served, say
from afschrift.inventory.model import Inventory
from afschrift.inventory.table import Table
from afschrift.questions.kind import QuestionKind
from afschrift.questions.view import NOTHING_KEPT, Kept, Line, Section, in_words
from afschrift.register.records import QuestionRow

_LEAVE = {
    "include": "They leave, in this request alone. The inventory stays as it is: correct it for the others.",
    "exclude": "They stay, in this request alone, and the bundle says so.",
}

_IF_NOT = " If not, have the data map corrected, and start its next run in Airflow (fulfil_request, Trigger)."

UNCLASSIFIED = QuestionKind(
    "unclassified",
    "Columns that are not described",
    "The inventory does not say what these hold. Do they leave?",
    _LEAVE,
)

MIXED = QuestionKind(
    "mixed",
    "Columns of several origins",
    "These hold data of several origins. Do they leave? Better split the column.",
    _LEAVE,
)

BASIS_UNKNOWN = QuestionKind(
    "basis_unknown",
    "Columns without a legal basis",
    "No purpose of these has a legal basis. Do they leave?",
    _LEAVE,
)

SPECIAL_CONDITION_UNKNOWN = QuestionKind(
    "special_condition_unknown",
    "Special data without a condition",
    "These hold special data, and no condition of Art. 9 is named. Do they leave?",
    _LEAVE,
)

SPECIAL_CONDITION_OTHER = QuestionKind(
    "special_condition_other",
    "Special data on another condition",
    "These hold special data on a condition other than consent. Do they leave?",
    _LEAVE,
)

CONSENT_MISSING = QuestionKind(
    "consent_missing",
    "Columns without consent",
    "The only purpose of these lacks the person's consent. Do they leave?",
    _LEAVE,
    note="It shows each purpose by name, and that its consent was never given or when it was taken back.",
)

OTHERS_UNDECIDED = QuestionKind(
    "others_undecided",
    "Data about others",
    "These columns hold data about other people. How are they treated (R31-R33)?",
    {
        "include": "They leave as they are.",
        "mask": "They leave with what points to others masked.",
        "exclude": "They stay, and the bundle says so.",
    },
)

UNLISTED_TABLES = QuestionKind(
    "unlisted_tables",
    "Tables that are not described",
    "The inventory does not describe these tables. Is it right to pass over them?" + _IF_NOT,
    {
        "leave_out": "It is right: they are not read, and the bundle says so.",
    },
)

UNKNOWN_ORIGIN = QuestionKind(
    "unknown_origin",
    "Rows of an unknown origin",
    "These rows have an origin that the inventory does not name. Is it right to leave them out?" + _IF_NOT,
    {
        "leave_out": "It is right: they stay in the warehouse.",
    },
)

FOREIGN_ROWS = QuestionKind(
    "foreign_rows",
    "Rows that have another person's key",
    "A join reaches these rows, or the database takes their key for the person's, and they have another one. "
    "Is it right to leave them out (R31)?" + _IF_NOT,
    {
        "leave_out": "It is right: they are another person's.",
    },
    note="Rows that are shared are so in every request: the inventory says it with `shared_rows`.",
)

ROWS_NOT_GIVEN = QuestionKind(
    "rows_not_given",
    "Rows that lead to no person any more",
    "The check of the data map found that a join finds no row, or that no row of a table leads to a person. "
    "Is it right that nothing of it is given?" + _IF_NOT,
    {
        "leave_out": "It is right, in this request alone: nothing of it is the person's.",
    },
    hint="correct the inventory, run the DAG `check_inventory`, and `afschrift run {request}` or a new run "
    "of `fulfil_request` gives what it finds; or settle it for this request alone with `afschrift answer "
    "{id} --choice {options}`.",
    note="`findings` names places and codes ([check.md](datamap/check.md)). Once a later check does not find "
    "it any more, the question is not asked.",
)

RESIDUAL_ROWS = QuestionKind(
    "residual_rows",
    "Rows that name the person and that no way reaches",
    "This column holds an identifier of the person in rows that no way of the inventory reaches. Is it right "
    "to leave them out (R08)?" + _IF_NOT,
    {
        "leave_out": "It is right, in this request alone: they are another person's. The bundle says so.",
    },
    hint="settle it in the inventory for every request, or for this one with `afschrift answer {id} "
    "--choice {options}`.",
    note="The inventory settles a column once, and then it is not asked: reach the rows by a `subject` or "
    "`join` of the table, or of a second entry of it with `table`; or write under the column `mentions: "
    "{settled: not_given, by: ..., on: ..., why: ..., never_own: ...}`, where `never_own` says on what it "
    "rests that such rows are never those of the person who asks "
    "([inventory.md](datamap/inventory.md#rows-that-no-way-reaches)).",
)

NO_RIGHT = QuestionKind(
    "no_right",
    "Tables that may not be read",
    "The connection may not read these tables. Have it given the right.",
    {
        "try_again": "It has the right now: the next run reads again.",
    },
)

SHEET_INCOMPLETE = QuestionKind(
    "sheet_incomplete",
    "The information sheet has gaps",
    "The inventory does not say what an access answer must say of the processing. Fill it in there.",
    {
        "try_again": "It is filled in: the next run looks again.",
    },
    note="`fields` names what is missing "
    "([inventory.md](datamap/inventory.md#what-an-access-answer-must-tell)). No answer lets the request "
    "pass: the inventory must say it.",
)

NOTHING_IN_LIMITS = QuestionKind(
    "nothing_in_limits",
    "Nothing within the person's limits",
    "The person's own limits leave nothing to give (R24). Ask what they want.",
    {
        "ask_the_person": "They were asked: the next run looks again.",
        "answer_none": "They keep their limits: a letter that says what they come to is due.",
    },
)

NOTHING_HELD = QuestionKind(
    "nothing_held",
    "Nothing was found",
    "No system holds anything under these keys, except what a hidden restriction keeps back. Is that true "
    "(R09)?",
    {
        "confirm_none": "It is true: the letter `nothing_held` is due.",
        "search_again": "Everything is searched again.",
    },
    note="It shows what was searched for and in which spellings, and each table with the rows "
    "that were looked through.",
)

KINDS = (
    UNCLASSIFIED,
    MIXED,
    BASIS_UNKNOWN,
    SPECIAL_CONDITION_UNKNOWN,
    SPECIAL_CONDITION_OTHER,
    CONSENT_MISSING,
    OTHERS_UNDECIDED,
    UNLISTED_TABLES,
    UNKNOWN_ORIGIN,
    FOREIGN_ROWS,
    ROWS_NOT_GIVEN,
    RESIDUAL_ROWS,
    *judged_files.KINDS,
    NO_RIGHT,
    SHEET_INCOMPLETE,
    NOTHING_IN_LIMITS,
    NOTHING_HELD,
)


def columns_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """Each column with what it holds and for which purposes, and how many rows of the person there are."""
    inventory, kept = officer.inventory, officer.register.questions.kept(question.id)
    paths = question.detail["columns"]
    rows = []
    for path in paths:
        table_path, table, column = described(inventory, path)
        of_person = kept.get("rows", {}).get(table_path, gettext("not counted"))
        words = (column_words(column), ", ".join(purpose_words(inventory, path)) or gettext("no purpose"))
        rows.append((path.rpartition(".")[2], table_words(table_path, table), *words, of_person))
    heads = ("Column", "Table", "What it holds", "For", "Rows of this person in the table")
    return (Section("What it is about", (), heads, tuple(rows)),)


def consent_missing_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The columns, and each purpose that rests on consent with what the person said and when."""
    kept = officer.register.questions.kept(question.id)
    consents: Mapping[str, Sequence[str]] = kept.get("consents", {})
    lines = tuple(
        Line(words, _consent(consents[purpose]), Kept.ROLE)
        for purpose, words in _purposes(officer.inventory, question.detail["columns"]).items()
        if purpose in consents
    )
    return (Section("Consents", lines), *columns_view(officer, question))


def _purposes(inventory: Inventory, paths: Sequence[str]) -> dict[str, str]:
    """`source.purpose` -> its title, of the purposes of columns."""
    found = {}
    for path in paths:
        _, table, column = described(inventory, path)
        source = path.partition(".")[0]
        own = column.purposes if column is not None and column.purposes is not None else None
        for name in own if own is not None else table.purposes if table is not None else ():
            found[f"{source}.{name}"] = in_served(inventory.sources[source].purposes[name].title)
    return found


def _consent(found: Sequence[str]) -> str:
    state, withdrawn = found
    if state == "withdrawn":
        gone = gettext("given, and not in force any more")
        return say(f"given, and taken back on {withdrawn}") if withdrawn else gone
    return gettext("never given") if state == "absent" else gettext("in force")


def unlisted_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The tables with their columns, as the source has them."""
    found: Mapping[str, Sequence[str]] = officer.register.questions.kept(question.id).get("columns", {})
    rows = tuple((name, ", ".join(found.get(name, ()))) for name in question.detail["tables"])
    source = question.detail["source"]
    return (Section(f"Tables of {source} that are not described", (), ("Table", "Its columns"), rows),)


def residual_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The column, what it holds, and how many rows of it name the person."""
    path = question.detail["column"]
    lines = column_lines(officer.inventory, path)
    lines.append(Line("Rows that hold an identifier of the person", str(question.detail["rows"])))
    kept = officer.register.questions.kept(question.id)
    if kept and kept.get("former"):
        lines.append(Line("Of them, with a former identifier alone", str(kept["former"])))
        for name, since, until in kept["periods"]:
            start = since or gettext("the beginning")
            period = say(f"{start} to {until}")
            lines.append(Line(f"Former {key_title(officer, name)}", period, Kept.ROLE))
    _, table, _ = described(officer.inventory, path)
    if table is not None:
        lines += _ways(table)
    return (Section("What it is about", tuple(lines)),)


def limits_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The person's own limits, as they were entered."""
    found = officer.register.requests.get(question.request).limits
    lines = [
        Line(in_words(name), given if isinstance(given, str) else "\n".join(given), Kept.ROLE)
        for name, given in found.items()
        if given
    ]
    return (Section("What the person limited the request to", tuple(lines)),)


def table_rows_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """A table, how many of its rows are meant, how they are found, and which column names their origin."""
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
        named = ", ".join(
            f"{value}: {in_words(origin).lower()}" for value, origin in table.origin.values.items()
        )
        yield Line(f"Origins by {table.origin.by}", named)


def nothing_held_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """By what was searched and when, in which tables with how many rows, and what people found elsewhere."""
    kept = officer.register.questions.kept(question.id)
    if not kept:
        return (NOTHING_KEPT, *_manual(officer, question))
    keys = [Line(key_title(officer, name), value, Kept.MASKED) for name, value in kept["keys"]]
    by_kind: dict[str, list[str]] = {}
    for kind, value in kept["spellings"]:
        by_kind.setdefault(kind, []).append(value)
    spelled = [
        Line(f"Spelled as {in_words(kind).lower()}", "\n".join(sorted(values)), Kept.MASKED)
        for kind, values in by_kind.items()
    ]
    zone = officer.register.requests.get(question.request).zone
    when = Line("Searched on", on_the_wall(kept["at"], zone))
    rows = tuple(
        (path, n if columns else "", columns, _whole(n, columns, why))
        for path, n, columns, why in kept["searched"]
    )
    heads = ("Table", "Rows looked through", "Columns looked at", "Searched")
    by = Section("By what was searched", (*keys, *spelled))
    where = Section("Where was searched", (when,), heads, rows)
    ledger = (ledger_section(kept["ledgers"], kept["not_sought"]),) if kept.get("ledgers") else ()
    return (by, where, *ledger, *_manual(officer, question))


def _whole(rows: int, columns: int, why: str | None) -> str:
    if why is not None:
        return f"not whole ({in_words(why).lower()})"
    if not columns:
        return "by its ways alone: no column can hold what was searched for"
    return "whole" if rows else "whole, it is empty"


def _manual(officer: Officer, question: QuestionRow) -> Iterator[Section]:
    """Systems that people searched: the outcome, who entered it and when."""
    statuses: Mapping[str, str] = question.detail.get("manual", {})
    if not statuses:
        return
    asked = officer.register.questions.all(open_only=False, request_id=question.request)
    source_of = {row.id: row.detail.get("source") for row in asked if row.kind == "manual"}
    said_by = {source_of.get(d.question or ""): d for d in officer.register.decisions.of(question.request)}
    zone, rows = officer.register.requests.get(question.request).zone, []
    for name, status in statuses.items():
        declared, decided = officer.inventory.manual.get(name), said_by.get(name)
        title = in_served(declared.title) if declared is not None else name
        who = ("", "")
        if decided is not None:
            who = (officer.roles.person(decided.by).name, on_the_wall(decided.at, zone))
        rows.append((title, in_words(status), *who))
    heads = ("System", "Outcome", "By", "On")
    yield Section("Systems that people search", (), heads, tuple(rows))
