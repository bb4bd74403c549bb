"""Each column in words: what it is, how we got it, why we use it (R58, R62)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.words import PageWords, zone_name
from afschrift.domain.decision import Action
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import CONSENT
from afschrift.inventory.model import Purpose

REMARKS = frozenset({"others_masked", "payment_masked", "person_masked", "own_use", "join_key", "voluntary"})


@dataclass(frozen=True)
class ColumnExplanation:
    """One column on the page.

    Attributes:
        title, name: title in the person's language; name in the files.
        meaning: sentences.
        origins: sentences; more than one where it differs from row to row.
        purposes: purpose with its basis.
        codes: code and meaning.
    """

    title: str
    name: str
    meaning: tuple[str, ...]
    origins: tuple[str, ...]
    purposes: tuple[str, ...]
    codes: tuple[tuple[str, str], ...]


def explain(contents: Contents, extract: ExtractPlan, words: PageWords) -> tuple[ColumnExplanation, ...]:
    """The columns in the files, and those of which only the existence is told (R87)."""
    shown = (Action.INCLUDE, Action.MASK, Action.EXISTS_ONLY)
    return tuple(_explain(contents, extract, f, words) for f in extract.fields if f.action in shown)


def _explain(
    contents: Contents, extract: ExtractPlan, field: FieldPlan, words: PageWords
) -> ColumnExplanation:
    column = contents.column(extract.source, extract.table, field.name)
    origins = (field.origin,) if field.origin else field.origins
    sentences = [words.phrase("origins", origin) for origin in origins]
    if len(sentences) > 1:
        sentences.insert(0, words.say("by_row"))
    return ColumnExplanation(
        title=contents.column_title(extract.source, extract.table, field.name),
        name=field.name,
        meaning=tuple(_meaning(contents, extract, field, words)),
        origins=tuple(sentences),
        purposes=tuple(_purposes(contents, extract, field, words)),
        codes=tuple((code, text.get(contents.language)) for code, text in (column.codes or {}).items()),
    )


def _meaning(contents: Contents, extract: ExtractPlan, field: FieldPlan, words: PageWords) -> Iterator[str]:
    column = contents.column(extract.source, extract.table, field.name)
    if column.meaning:
        yield column.meaning.get(contents.language)
    elif field.kind and field.action is Action.INCLUDE and not column.codes and words.kind(field.kind):
        yield words.kind(field.kind)
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
    remark = "person_masked" if masked_by_hand else field.reason
    if remark in REMARKS:
        yield words.phrase("remarks", remark)


def _purposes(contents: Contents, extract: ExtractPlan, field: FieldPlan, words: PageWords) -> Iterator[str]:
    declared = contents.source(extract.source).purposes
    for name in contents.purposes(extract.source, extract.table, field.name):
        purpose = declared[name]
        bases = ", ".join(_bases(purpose, contents.plan.consents.get(f"{extract.source}.{name}"), words))
        yield f"{purpose.title.get(contents.language)} ({bases})"


def _bases(purpose: Purpose, consent: str | None, words: PageWords) -> Iterator[str]:
    """The bases in words; consent that is gone is said instead of the basis that it was."""
    gone = consent in ("withdrawn", "absent")
    codes = [code for code in (purpose.basis, purpose.special) if code]
    if gone and any(code in CONSENT for code in codes):
        assert consent is not None
        yield words.phrase("consents", consent)
    for code in codes:
        if not (gone and code in CONSENT):
            yield words.phrase("bases", code)
