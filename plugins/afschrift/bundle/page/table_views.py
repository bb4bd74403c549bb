"""Each table as the page shows it: files, explained columns, a chart and first rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

from afschrift.bundle.contents import Contents, SharedKey
from afschrift.bundle.description.coverage import Status, coverage
from afschrift.bundle.description.fields import reason
from afschrift.bundle.page.charts import Chart, chart, latest, span
from afschrift.bundle.page.left_out import key_title
from afschrift.bundle.page.shown_rows import ShownSample, fitting, sample, sample_sizes, shares
from afschrift.bundle.page.shown_values import LinkedWords, coded, readable
from afschrift.bundle.page.words import PageWords, warnings, zone_name
from afschrift.domain.decision import Action
from afschrift.domain.extracted import LEFT_OUT, GivenFile, TableExtract, Upload
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import CONSENT, Origin
from afschrift.inventory.model import Purpose
from afschrift.inventory.table import OTHER, OWN, Table

SAMPLES = 700_000
"""Bytes of rows that the page shows without script, for all tables."""


NAME = 120
UPLOADS = 50
"""Links to uploaded files at a table; the others are in the folder."""

File = TypeVar("File", Upload, GivenFile)


@dataclass(frozen=True)
class TableView:
    """One table with rows, as the page shows it.

    Attributes:
        others: key of a sentence on data of other people; may be empty.
        exchanges: what programs of a trade load of it, in sentences.
        span: from which day to which day, as a sentence; may be empty.
        uploads: files that the person uploaded, as link, name and warnings; first those with a warning, and
            of the others the first ones where there are many.
        more: number of other uploaded files.
        missing: number of files that could not be returned.
        kept_back: number of files that a person left out, because something in them may run.
        latest: newest texts with their day, such as searches.
        marks: in a preview, what a reader would not understand, and columns; none: the table.
    """

    anchor: str
    title: str
    description: str
    note: str
    rows: int
    others: str
    own_rows: str
    exchanges: tuple[str, ...]
    span: str
    files: tuple[tuple[str, str], ...]
    uploads: tuple[tuple[str, str, tuple[str, ...]], ...]
    more: int
    missing: int
    kept_back: int
    fields: tuple[ColumnExplanation, ...]
    chart: Chart | None
    latest: tuple[tuple[str, str], ...]
    sample: ShownSample
    marks: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class SystemView:
    """A source: its tables with rows, and the titles of those without."""

    title: str
    tables: tuple[TableView, ...]
    nothing_given: tuple[str, ...]


def anchors(contents: Contents) -> dict[str, str]:
    """`source.table` -> its anchor on the page."""
    return {planned.name: f"t{number}" for number, (planned, _) in enumerate(contents.held, start=1)}


def systems(contents: Contents, words: PageWords) -> Iterator[SystemView]:
    """The sources in the order of the plan."""
    anchor_of = anchors(contents)
    empty = [e for e in coverage(contents) if e.status is Status.NOTHING_GIVEN]
    linked = {planned.name: LinkedWords(contents, planned, words) for planned, _ in contents.held}
    sizes = [sample_sizes(contents, planned, linked[planned.name]) for planned, _ in contents.held]
    given = shares([sum(rows) for rows in sizes], SAMPLES)
    shown = {
        planned.name: fitting(rows, share, least=1)
        for (planned, _), rows, share in zip(contents.held, sizes, given, strict=True)
    }
    for source in contents.plan.sources:
        yield SystemView(
            title=contents.source_title(source),
            tables=tuple(
                _table(linked[planned.name], written, anchor_of, shown[planned.name])
                for planned, written in contents.held
                if planned.source == source
            ),
            nothing_given=tuple(contents.table_title(e.source, e.table) for e in empty if e.source == source),
        )


def _table(linked: LinkedWords, written: TableExtract, anchor_of: Mapping[str, str], shown: int) -> TableView:
    contents, planned, words = linked.contents, linked.extract, linked.words
    table = contents.table(planned.source, planned.table)
    titles = tuple(contents.column_title(planned.source, planned.table, f.name) for f in planned.selected)
    return TableView(
        anchor=anchor_of[planned.name],
        title=contents.table_title(planned.source, planned.table),
        description=table.description.get(contents.language) if table.description else "",
        note=" ".join([*([table.note.get(contents.language)] if table.note else []), *_shared(linked)]),
        rows=written.rows,
        others=_others(planned, written),
        own_rows=_own_rows(planned, table) if contents.plan.right.terms.provided_only else "",
        exchanges=tuple(_exchanges(written, words)),
        span=span(contents, planned, words) if written.rows > 1 else "",
        files=tuple(
            (
                quote(f"data/{entry.path}"),
                words.say("file", format=entry.format.upper(), size=words.size(entry.bytes)),
            )
            for entry in written.files
        ),
        uploads=tuple(_upload(upload, words) for upload in shown_files(written.uploads, UPLOADS)),
        more=len(written.uploads) - len(shown_files(written.uploads, UPLOADS)),
        missing=sum(gone.reason != LEFT_OUT for gone in written.missing),
        kept_back=sum(gone.reason == LEFT_OUT for gone in written.missing),
        fields=explain(contents, planned, words),
        chart=chart(contents, planned, words, len(contents.held)),
        latest=latest(contents, planned, words),
        sample=sample(linked, titles, anchor_of, shown),
        marks=_marks(contents, planned),
    )


def _others(planned: ExtractPlan, written: TableExtract) -> str:
    fields = [field for field in planned.selected if field.about_others]
    if any(field.action is Action.INCLUDE for field in fields):
        return "others_shown"
    return "others_masked" if any(written.masked.get(field.name) for field in fields) else ""


def _exchanges(written: TableExtract, words: PageWords) -> Iterator[str]:
    for file in written.exchanged:
        if file.entry is None:
            yield words.say("exchange_none", format=file.format.upper())
            continue
        left = sum(file.left.values())
        missing = [words.count("exchange_left", left)] if left else []
        yield " ".join([words.say(f"exchange_{file.format}"), *missing])


def _own_rows(planned: ExtractPlan, table: Table) -> str:
    if not planned.row_rule:
        return ""
    values = table.origin.values if table.origin else {}
    return portable_key(values[value] for value in planned.row_rule["included"] if value in values)


def portable_key(origins: Iterable[Origin]) -> str:
    """The sentence on what can be taken along: `provided`, `observed`, `both` or `other`."""
    found = set(origins)
    if found == {Origin.PROVIDED, Origin.OBSERVED}:
        return "both"
    known = found in ({Origin.PROVIDED}, {Origin.OBSERVED})
    return found.pop().value if known else "other"


def _marks(contents: Contents, planned: ExtractPlan) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, tuple[str, ...]] = dict.fromkeys(contents.marks.get(planned.name, ()), ())
    for field in planned.selected:
        for text in contents.marks.get(f"{planned.name}.{field.name}", ()):
            found[text] = (*found.get(text, ()), field.name)
    return tuple(found.items())


def _shared(linked: LinkedWords) -> Iterator[str]:
    """That rows were found by a key alone which another account uses too."""
    for key in _shared_keys(linked.contents, linked.extract):
        rows, title = key.rows[linked.extract.name], key_title(linked.contents, key.name)
        article = linked.contents.plan.right.article
        yield linked.words.count("shared_rows", rows, title=title, article=article)


def _shared_keys(contents: Contents, extract: ExtractPlan) -> list[SharedKey]:
    return [key for key in contents.shared if key.given and extract.name in key.rows]


def _upload(upload: Upload, words: PageWords) -> tuple[str, str, tuple[str, ...]]:
    name = (
        readable(upload.name)[:NAME] if upload.name else words.say("upload_row", n=words.number(upload.row))
    )
    return file_link(upload, name, words)


def file_link(file: Upload | GivenFile, name: str, words: PageWords) -> tuple[str, str, tuple[str, ...]]:
    text = words.say("file", format=name, size=words.size(file.entry.bytes))
    return quote(f"data/{file.entry.path}"), text, warnings(file.active, words)


def shown_files(files: Sequence[File], most: int) -> list[File]:
    """The files that the page names: all with a warning, and others up to a number."""
    warned = [file for file in files if file.active]
    return warned + [file for file in files if not file.active][: max(0, most - len(warned))]


REMARKS = frozenset(
    {
        "others_masked",
        "others_masked_some",
        "payment_masked",
        "person_masked",
        "own_use",
        "join_key",
        "row_key",
        "voluntary",
    }
)


@dataclass(frozen=True)
class ColumnExplanation:
    """One column on the page.

    Attributes:
        title, name: title in the person's language; name in the files.
        meaning: sentences.
        origins: sentences; more than one if it differs by row.
        purposes: purpose with its basis.
        codes: code, or numbers in words, and meaning.
        members: name in a document, and what it holds.
    """

    title: str
    name: str
    meaning: tuple[str, ...]
    origins: tuple[str, ...]
    purposes: tuple[str, ...]
    codes: tuple[tuple[str, str], ...]
    members: tuple[tuple[str, str], ...]


def explain(contents: Contents, extract: ExtractPlan, words: PageWords) -> tuple[ColumnExplanation, ...]:
    """Explain the columns in the files, and those of which only the existence is given (R87)."""
    shown = (Action.INCLUDE, Action.MASK, Action.EXISTS_ONLY)
    return tuple(
        _explain(contents, extract, field, words)
        for field in extract.fields
        if field.action in shown and contents.may_hold(extract.source, extract.table, field.name)
    )


def _explain(
    contents: Contents, extract: ExtractPlan, field: FieldPlan, words: PageWords
) -> ColumnExplanation:
    column = contents.column(extract.source, extract.table, field.name)
    return ColumnExplanation(
        title=contents.column_title(extract.source, extract.table, field.name),
        name=field.name,
        meaning=tuple(_meaning(contents, extract, field, words)),
        origins=tuple(_origins(contents, extract, field, words)),
        purposes=tuple(_purposes_in_words(contents, extract, field, words)),
        codes=tuple((code, text.get(contents.language)) for code, text in coded(column, words).items()),
        members=tuple((name, text.get(contents.language)) for name, text in (column.members or {}).items()),
    )


def _origins(contents: Contents, extract: ExtractPlan, field: FieldPlan, words: PageWords) -> Iterator[str]:
    """Where a column is from; where that differs by row, for each word of the column that says so."""
    by_row = contents.row_origins(extract.source, extract.table, field)
    origins = dict.fromkeys(by_row.values() or ((field.origin,) if field.origin else field.origins))
    declared = contents.table(extract.source, extract.table).origin
    if len(origins) < 2 or not by_row or declared is None:
        yield from (words.phrase("origins", origin) for origin in origins)
        return
    yield words.say("by_row")
    author = contents.column(extract.source, extract.table, declared.by)
    title = contents.column_title(extract.source, extract.table, declared.by)
    for word, origin in by_row.items():
        code = (author.codes or {}).get(word)
        value = code.get(contents.language) if code else word
        key = {OWN: "row_own", OTHER: "row_other"}[word] if declared.person_key else "row_value"
        yield words.say(key, column=title, value=value)
        yield words.phrase("origins", origin)


def _meaning(contents: Contents, extract: ExtractPlan, field: FieldPlan, words: PageWords) -> Iterator[str]:
    column = contents.column(extract.source, extract.table, field.name)
    if column.meaning:
        yield column.meaning.get(contents.language)
    elif field.action is Action.INCLUDE and _finds_rows(contents, extract, field.name):
        yield words.say("shared_column" if _shared_keys(contents, extract) else "own_key")
    elif field.kind and field.action is Action.INCLUDE and not column.codes and words.kind(field.kind):
        yield words.kind(field.kind)
    if field.origin is Origin.INFERRED:
        yield words.say("estimate", contact=contents.inventory.controller.contact)
    if field.damage:
        yield words.say("as_stored")
    if column.unit and column.unit != "1":
        yield words.say("unit", unit=words.unit(column.unit))
    if column.note:
        yield column.note.get(contents.language)
    if field.action is Action.EXISTS_ONLY:
        yield words.say("exists_field")
    elif field.kind is ValueKind.INSTANT:
        yield words.say("instant")
    elif field.kind is ValueKind.DATETIME:
        zone = contents.source(extract.source).zone
        yield words.say("zone", place=zone_name(zone)) if zone else words.say("no_zone")
    masked_by_hand = field.action is Action.MASK and field.reason == "person_decided"
    remark = "person_masked" if masked_by_hand else reason(contents, extract, field)
    written = contents.extracted(extract.source, extract.table)
    untouched = field.action is Action.MASK and written is not None and not written.masked.get(field.name)
    if remark in REMARKS and not untouched:
        subject = contents.table(extract.source, extract.table).subject
        some = column.when or any(link.column == field.name for link in subject.values())
        yield words.phrase("remarks", "others_masked_some" if remark == "others_masked" and some else remark)


def _finds_rows(contents: Contents, extract: ExtractPlan, column: str) -> bool:
    """Whether every row was found by this column alone, so that its value is the person's own."""
    table = contents.table(extract.source, extract.table)
    return not table.join and [link.column for link in table.subject.values()] == [column]


def _purposes_in_words(
    contents: Contents, extract: ExtractPlan, field: FieldPlan, words: PageWords
) -> Iterator[str]:
    declared = contents.source(extract.source).purposes
    for name in contents.purposes(extract.source, extract.table, field.name):
        purpose = declared[name]
        bases = ", ".join(_bases(purpose, contents.plan.consents.get(f"{extract.source}.{name}"), words))
        yield f"{purpose.title.get(contents.language)} ({bases})"


def _bases(purpose: Purpose, consent: str | None, words: PageWords) -> Iterator[str]:
    """The bases in words; a withdrawn or absent consent replaces the basis."""
    gone = consent in ("withdrawn", "absent")
    codes = [code for code in (purpose.basis, purpose.special) if code]
    if gone and any(code in CONSENT for code in codes):
        assert consent is not None
        yield words.phrase("consents", consent)
    for code in codes:
        if not (gone and code in CONSENT):
            yield words.phrase("bases", code)
