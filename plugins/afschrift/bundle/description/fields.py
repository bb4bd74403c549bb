"""One field of a Data Package v2 table schema, with everything that R58 asks a reader to be told.

Properties of our own bear the prefix `afschrift:`. Names of fields stay the source's own: titles and
meanings stand beside them in every language of the service.
"""

from __future__ import annotations

from typing import Any

from afschrift.bundle.contents import Contents
from afschrift.bundle.description.relations import primary_key
from afschrift.domain.decision import Action
from afschrift.domain.extracted import Seen
from afschrift.domain.files import Format
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import category_iri
from afschrift.inventory.base import Text
from afschrift.inventory.column import Column

_FORMATS = {ValueKind.BINARY: "binary", ValueKind.UUID: "uuid"}


def translations(text: Text) -> dict[str, str]:
    """A text by language."""
    return dict(text.items())


def describe_field(
    contents: Contents, extract: ExtractPlan, field: FieldPlan, format_: Format
) -> dict[str, Any]:
    """The descriptor of a selected column in the files of a format."""
    column = contents.column(extract.source, extract.table, field.name)
    kind = ValueKind.TEXT if field.action is Action.MASK or field.kind is None else field.kind
    written = contents.extracted(extract.source, extract.table)
    seen = written.seen if written else None
    untyped = seen is not None and field.name in seen.untyped
    descriptor: dict[str, Any] = {"name": field.name, "type": "string" if untyped else kind.data_package_type}
    if kind in _FORMATS:
        descriptor["format"] = _FORMATS[kind]
    if kind in format_.missing and seen is not None and field.name in seen.nulls:
        descriptor["missingValues"] = [format_.missing[kind]]
    descriptor |= _texts(column, contents.language) | _codes(column, field, seen, contents.language)
    constraints = _constraints(contents, extract, field, seen)
    if constraints:
        descriptor["constraints"] = constraints
    descriptor["afschrift:kind"] = kind.value
    if column.unit:
        descriptor["afschrift:unit"] = column.unit
    if column.unit_from:
        descriptor["afschrift:unitFrom"] = column.unit_from
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


def complete_codes(contents: Contents, extract: ExtractPlan, field: FieldPlan) -> dict[int | str, Text]:
    """Code as a value -> meaning, where every value of the person's rows is one of them; else nothing."""
    column = contents.column(extract.source, extract.table, field.name)
    written = contents.extracted(extract.source, extract.table)
    if (
        not column.codes
        or not _coded(field)
        or not _complete(column, field, written.seen if written else None)
    ):
        return {}
    return {_value(field, code): meaning for code, meaning in column.codes.items()}


def _codes(column: Column, field: FieldPlan, seen: Seen | None, language: str) -> dict[str, Any]:
    """Codes with their meanings: as `categories`, where every value has one, for text and integers (v2)."""
    if not column.codes or not _coded(field):
        return {}
    properties: dict[str, Any] = {
        "afschrift:codes": {code: translations(meaning) for code, meaning in column.codes.items()}
    }
    if _complete(column, field, seen):
        properties["categories"] = [
            {"value": _value(field, code), "label": meaning.get(language)}
            for code, meaning in column.codes.items()
        ]
    return properties


def _coded(field: FieldPlan) -> bool:
    return field.action is Action.INCLUDE and field.kind in (ValueKind.TEXT, ValueKind.INTEGER)


def _complete(column: Column, field: FieldPlan, seen: Seen | None) -> bool:
    """Whether every value of the person's rows is a code of the inventory."""
    if seen is None:
        return True
    return field.name in seen.codes and set(seen.codes[field.name]) <= (column.codes or {}).keys()


def _value(field: FieldPlan, code: str) -> int | str:
    return int(code) if field.kind is ValueKind.INTEGER else code


def _constraints(
    contents: Contents, extract: ExtractPlan, field: FieldPlan, seen: Seen | None
) -> dict[str, Any]:
    """What the inventory says and the person's rows satisfy; nothing where nobody looked at them."""
    if seen is None or field.action is not Action.INCLUDE:
        return {}
    column = contents.column(extract.source, extract.table, field.name)
    key = primary_key(contents, extract)
    constraints: dict[str, Any] = {}
    if (column.required or field.name in key) and field.name not in seen.nulls:
        constraints["required"] = True
    if key == (field.name,):
        constraints["unique"] = True
    if column.codes and _coded(field) and _complete(column, field, seen):
        constraints["enum"] = [_value(field, code) for code in column.codes]
    return constraints


def _zone(contents: Contents, extract: ExtractPlan, kind: ValueKind) -> str | None:
    if kind is ValueKind.INSTANT:
        return "UTC"
    if kind is ValueKind.DATETIME:
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
        if term := category_iri(column.category):
            law["afschrift:categoryTerm"] = term
    purposes = contents.purposes(extract.source, extract.table, field.name)
    if purposes:
        law["afschrift:purposes"] = list(purposes)
    law["afschrift:reason"] = field.reason
    law["afschrift:rules"] = list(field.rules)
    if field.action is Action.MASK:
        law["afschrift:masked"] = field.mask
    if field.read_as is not None:
        methods = {one.method for one in extract.redactions if one.column == field.name}
        law["afschrift:redacted"] = sorted(methods)
    if field.about_others:
        law["afschrift:aboutOthers"] = True
    if field.outside_art20:
        law["afschrift:outsideArt20"] = True
    return law
