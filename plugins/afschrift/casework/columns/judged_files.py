"""Files that are gone, or that hold something that may run: a person first decides what happens to them.

The questions name files by numbers, never by a name or a path: those may hold the person's data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from afschrift.casework.columns.meaning import described, table_words
from afschrift.casework.officer import Officer
from afschrift.domain.event import canonical, digest
from afschrift.domain.extracted import LEFT_OUT, GivenFile, MissingFile, SourceExtract, TableExtract, Upload
from afschrift.questions.ask import Answers, ask
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.questions.view import Line, Section, in_words
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register

if TYPE_CHECKING:
    from afschrift.staging.encrypted import EncryptedStaging

_SHOWN = 20
_LEAVE_OUT = "leave_out"
_PLACES = {
    "text": "text {n} of the e-mail",
    "attachment": "attachment {n} of the e-mail",
    "message": "message {n} of the mailbox",
    "archived": "file {n} of the archive",
    "embedded": "file {n} in the PDF",
}

_WHERE = "Row of the table's file, or number of the file; what, and in which part of it"

FILE_MISSING = QuestionKind(
    "file_missing",
    "Uploaded files that are gone",
    "Files that the person uploaded are gone, or are others by now (R60). Put back, the next run finds them.",
    {
        "leave_out": "The answer goes without them, and says which are missing.",
    },
    note="`rows` are numbers of rows in the table's file.",
)

ACTIVE_CONTENT = QuestionKind(
    "active_content",
    "Files with something in them that may run",
    "These files hold something that may run, or fetch something, where they are opened; or they could "
    "not be looked into. Do they go along?",
    {
        "include": "They go along as they are, and the bundle informs the person of it. Say why in words.",
        "leave_out": "The answer goes without them, and says how many are left out.",
    },
    in_words=("include",),
    note="`found` counts files by [what was found](datamap/sources.md#what-is-looked-for-in-files), `where` "
    "says in which part of which file, by numbers alone. They are the person's data all the same: leave a "
    "file out where it would harm them, and not because it is unusual.",
)

KINDS = (FILE_MISSING, ACTIVE_CONTENT)

Mac = Callable[[bytes], str]


def judged_files(
    register: Register, staging: EncryptedStaging, record: SourceExtract, request_id: str, mac: Mac
) -> SourceExtract:
    """Leave out the files of a source that people decided to leave out.

    No missing file is left out without a question (R08, R60), and no file that may run is given without one.

    Args:
        register: with questions and answers.
        staging: of the request; what is left out is removed from it.
        record: as read.
        request_id: the request.
        mac: HMAC under the request's key. An answer holds for these very files, and reveals nothing of them
            once that key is destroyed.

    Raises:
        NeedsPersonError: the questions are in the register.
    """
    missing = [gone for table in record.tables if (gone := missing_question(table))]
    active = {
        name: question
        for name, files in _files(record).items()
        if (question := _active_question(record.source, name, files, mac))
    }
    asked = [*missing, *active.values()]
    if not asked:
        return record
    answers = Answers(register.decisions.of(request_id))
    still = [question for question in asked if answers.to(question) is None]
    if still:
        raise ask(register, request_id, still)
    without = {name for name, question in active.items() if answers.to(question) == _LEAVE_OUT}
    return _left_out(staging, record, without)


def active_counts(files: Sequence[Upload | GivenFile]) -> dict[str, int]:
    """Kind of active content -> number of files; for questions and the trail."""
    return dict(
        sorted(Counter(kind for file in files for kind in {part.kind for part in file.active}).items())
    )


def _files(record: SourceExtract) -> dict[str, Sequence[Upload | GivenFile]]:
    """Name of a table, or "" for what a person found -> its files."""
    return {table.table: table.uploads for table in record.tables} | {"": record.given}


def _active_question(
    source: str, table: str, files: Sequence[Upload | GivenFile], mac: Mac
) -> OpenQuestion | None:
    active = [file for file in files if file.active]
    if not active:
        return None
    numbers, found = [number(file) for file in active], active_counts(active)
    place = f"{source}.{table}" if table else source
    counts = ", ".join(f"{kind}: {count}" for kind, count in found.items())
    words = f"{len(active)} file(s) of {place} may run something, or cannot be looked into ({counts})."
    which = [
        [number(file), file.entry.sha256, [[p.position, p.kind] for p in file.active]] for file in active
    ]
    detail = {
        "table" if table else "source": place,
        "files": len(active),
        "rows" if table else "numbers": numbers[:_SHOWN],
        "found": found,
        "where": [text for file in active for text in _places(file)][:_SHOWN],
        "which": mac(canonical({"active": which})),
    }
    return OpenQuestion(ACTIVE_CONTENT, ACTIVE_CONTENT.options, words, detail)


def number(file: Upload | GivenFile) -> int:
    """The number by which people find it: of its row, or its own."""
    return file.row if isinstance(file, Upload) else file.number


def _places(file: Upload | GivenFile) -> Iterator[str]:
    for part in file.active:
        yield f"{number(file)}: {in_words(part.kind)} in {place_of(part.position)}"


def place_of(position: str) -> str:
    """Where in a file something was found: `file 5 of the archive in attachment 2 of the e-mail`."""
    steps = (step.partition(".") for step in reversed(position.split("/")) if step)
    return " in ".join(_PLACES[word].format(n=n) for word, _, n in steps) or "the file itself"


def _left_out(staging: EncryptedStaging, record: SourceExtract, without: set[str]) -> SourceExtract:
    """The source without the active files of these tables; "" means the files that a person found."""
    if not without:
        return record
    for name in without:
        for file in _files(record)[name]:
            if file.active:
                staging.remove(f"data/{file.entry.path}")
    tables = tuple(_table(table) if table.table in without else table for table in record.tables)
    if "" not in without:
        return replace(record, tables=tables)
    gone = tuple(MissingFile("", file.number, LEFT_OUT) for file in record.given if file.active)
    return replace(
        record,
        tables=tables,
        given=tuple(file for file in record.given if not file.active),
        kept_back=(*record.kept_back, *gone),
    )


def _table(table: TableExtract) -> TableExtract:
    gone = (MissingFile(file.column, file.row, LEFT_OUT) for file in table.uploads if file.active)
    stay = tuple(file for file in table.uploads if not file.active)
    return replace(table, uploads=stay, missing=(*table.missing, *gone))


def missing_question(table: TableExtract) -> OpenQuestion | None:
    """The question about files that rows name and that are missing; None where none is.

    It names rows by their number and never a path: a path may hold the person's data.
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


def missing_files_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """How many files of a table are gone, why, and in which rows of the table's file."""
    detail: Mapping[str, Any] = question.detail
    _, table, _ = described(officer.inventory, f"{detail['table']}.")
    lines = [Line("Table", table_words(detail["table"], table)), Line("Files", str(detail["files"]))]
    lines += [Line(in_words(reason), str(number)) for reason, number in detail["reasons"].items()]
    numbers = ", ".join(map(str, detail["rows"])) + (", ..." if len(detail["rows"]) < detail["files"] else "")
    return (Section("What is gone", (*lines, Line("Rows of the table's file", numbers))),)


def active_files_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """How many files, of what, and in which part of which file it was found, by numbers alone."""
    detail: Mapping[str, Any] = question.detail
    place = detail.get("table") or detail["source"]
    _, table, _ = described(officer.inventory, f"{place}.")
    lines = [Line("Table", table_words(place, table)) if "table" in detail else Line("System", place)]
    lines += [Line("Files", str(detail["files"]))]
    lines += [Line(in_words(kind), f"in {number}") for kind, number in detail["found"].items()]
    return (
        Section("What was found", tuple(lines)),
        Section("Where", (), (_WHERE,), tuple((place,) for place in detail["where"])),
    )
