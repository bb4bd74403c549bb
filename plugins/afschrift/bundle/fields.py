"""One field of a Data Package v2 table schema, with everything that R58 asks a reader to be told.

Properties of our own bear the prefix `afschrift:`. Names of fields stay the source's own: titles and
meanings stand beside them in every language of the service.
"""

from __future__ import annotations

from typing import Any

from afschrift.bundle.contents import Contents
from afschrift.core.decision import Action
from afschrift.core.kind import Kind
from afschrift.core.manifest import ExtractPlan, FieldPlan
from afschrift.inventory.model import Column, Text

LANGUAGES = ("nl", "en")
_FORMATS = {Kind.BINARY: "binary", Kind.UUID: "uuid"}


def translations(text: Text) -> dict[str, str]:
    """A text by language."""
    return {language: text.get(language) for language in LANGUAGES}


def describe_field(contents: Contents, extract: ExtractPlan, field: FieldPlan) -> dict[str, Any]:
    """The descriptor of a selected column."""
    column = contents.column(extract.source, extract.table, field.name)
    kind = Kind.TEXT if field.action is Action.MASK or field.kind is None else field.kind
    descriptor: dict[str, Any] = {"name": field.name, "type": kind.data_package_type}
    if kind in _FORMATS:
        descriptor["format"] = _FORMATS[kind]
    descriptor |= _texts(column, contents.language) | _codes(column, kind, contents.language)
    descriptor["afschrift:kind"] = kind.value
    if column.unit:
        descriptor["afschrift:unit"] = column.unit
    zone = _zone(contents, extract, kind)
    if zone:
        descriptor["afschrift:timeZone"] = zone
    return descriptor | _origin(field) | _law(contents, extract, field, column)


def _texts(column: Column, language: str) -> dict[str, Any]:
    texts: dict[str, Any] = {}
    if column.title:
        texts["title"] = column.title.get(language)
        texts["afschrift:titles"] = translations(column.title)
    if column.meaning:
        texts["description"] = column.meaning.get(language)
        texts["afschrift:meanings"] = translations(column.meaning)
    if column.note:
        texts["afschrift:notes"] = translations(column.note)
    return texts


def _codes(column: Column, kind: Kind, language: str) -> dict[str, Any]:
    """Codes as `categories`, which v2 knows for text and integers alone."""
    if not column.codes or kind not in (Kind.TEXT, Kind.INTEGER):
        return {}
    value = int if kind is Kind.INTEGER else str
    return {
        "categories": [
            {"value": value(code), "label": meaning.get(language)} for code, meaning in column.codes.items()
        ],
        "afschrift:codes": {code: translations(meaning) for code, meaning in column.codes.items()},
    }


def _zone(contents: Contents, extract: ExtractPlan, kind: Kind) -> str | None:
    if kind is Kind.INSTANT:
        return "UTC"
    if kind is Kind.DATETIME:
        return contents.source(extract.source).zone or "unknown"
    return None


def _origin(field: FieldPlan) -> dict[str, Any]:
    """Origin with its DPV term; a table of mixed origins names every one that its rows may have."""
    origins = (field.origin,) if field.origin else field.origins
    if not origins:
        return {}
    return {
        "afschrift:origin": [origin.value for origin in origins],
        "afschrift:originTerm": [origin.iri for origin in origins],
        "afschrift:sourceTerm": list(dict.fromkeys(origin.source_iri for origin in origins)),
    }


def _law(contents: Contents, extract: ExtractPlan, field: FieldPlan, column: Column) -> dict[str, Any]:
    law: dict[str, Any] = {"afschrift:column": f"{extract.table}.{field.name}"}
    if column.category:
        law["afschrift:category"] = column.category
    purposes = contents.purposes(extract.source, extract.table, field.name)
    if purposes:
        law["afschrift:purposes"] = list(purposes)
    law["afschrift:reason"] = field.reason
    law["afschrift:rules"] = list(field.rules)
    if field.action is Action.MASK:
        law["afschrift:masked"] = field.mask
    if field.about_others:
        law["afschrift:aboutOthers"] = True
    if field.outside_art20:
        law["afschrift:outsideArt20"] = True
    return law
