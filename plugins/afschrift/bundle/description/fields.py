"""Fields, keys and relations of a table's files, as a Data Package v2 table schema.

Each field is described by R58. Keys come from the inventory's keys, joins and references, and from the
foreign keys of the database; a key is given only if the person's rows satisfy it, so that a database can
enforce it. Some formats have a schema file (`Format.schema`), one for all parts of a table:

```
data/shop/orders.schema.json   beside orders.json and orders.ndjson
data/shop/orders.xsd           beside orders.xml
```

Our own properties have the prefix `afschrift:`. Fields keep their names in the source; titles and meanings
are added in every language of the service.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from weakref import WeakKeyDictionary

from afschrift.bundle.container import layout
from afschrift.bundle.contents import Contents
from afschrift.domain.decision import Action
from afschrift.domain.extracted import Seen, TableExtract
from afschrift.domain.files import Format, SchemaColumn
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import category_iri
from afschrift.inventory.base import Text
from afschrift.inventory.column import Column
from afschrift.inventory.joins import Hop, reference_id, references
from afschrift.values.written import written_kind

_FORMATS = {ValueKind.BINARY: "binary", ValueKind.UUID: "uuid"}


def translations(text: Text) -> dict[str, str]:
    """A text by language."""
    return dict(text.items())


def describe_field(
    contents: Contents, extract: ExtractPlan, field: FieldPlan, format_: Format
) -> dict[str, Any]:
    """Describe a selected column in the files of a format."""
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
    """Code as a value -> meaning, if every value of the person's rows is one of them; else empty."""
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
    """Codes with meanings; also as `categories` (v2, for text and integers) if every value is a code."""
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
    """Constraints of the inventory that the person's rows satisfy; empty if these were not read."""
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
    """Origin with its DPV term; for mixed origins every origin that rows may have."""
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
    law["afschrift:reason"] = reason(contents, extract, field)
    law["afschrift:rules"] = list(field.rules)
    if field.action is Action.MASK:
        law["afschrift:masked"] = field.mask
    if field.read_as is not None:
        methods = {cell.method for cell in extract.redactions if cell.column == field.name}
        law["afschrift:redacted"] = sorted(methods)
    if field.damage:
        law["afschrift:asStored"] = field.damage
    if field.about_others:
        law["afschrift:aboutOthers"] = True
    if field.outside_art20:
        law["afschrift:outsideArt20"] = True
    return law


class Why(StrEnum):
    """Why a relation is no foreign key of the data package."""

    TABLE_NOT_INCLUDED = "table_not_included"  # the other table, or its column, is not in the bundle
    ROWS_NOT_INCLUDED = "rows_not_included"  # some values point to rows that are not in the bundle
    NOT_A_KEY = "not_a_key"  # the columns on the other side are no key there
    IN_PARTS = "in_parts"  # the other table is in several files
    NOT_COMPARED = "not_compared"  # the columns hold a key of the person; not every value was looked up


@dataclass(frozen=True)
class Relation:
    """A way to join two tables of a source.

    Attributes:
        why_not: None if every value is found in the other table.
        source: of the other table; empty: the same.
    """

    fields: tuple[str, ...]
    table: str
    reference: tuple[str, ...]
    why_not: Why | None
    source: str = ""

    @property
    def holds(self) -> bool:
        """Whether a database can enforce it."""
        return self.why_not is None


def primary_key(contents: Contents, extract: ExtractPlan) -> tuple[str, ...]:
    """Columns of the key; empty if one is not in the file unchanged, or the rows do not satisfy it."""
    key = contents.table(extract.source, extract.table).key
    written = contents.extracted(extract.source, extract.table)
    seen = written.seen if written else None
    if seen is not None and (not seen.key_unique or set(key) & seen.nulls.keys()):
        return ()
    return key if set(key) <= extract.whole.keys() else ()


def relations(contents: Contents, extract: ExtractPlan) -> Iterator[Relation]:
    """The relations of a table whose columns are in its files."""
    held = {p.table: (p, written) for p, written in contents.held if p.source == extract.source}
    source, known = contents.source(extract.source), contents.structure(extract.source).foreign_keys
    for hop in references(source, extract.table, known):
        fields = tuple(own for own, _ in hop.pairs)
        reference = tuple(theirs for _, theirs in hop.pairs)
        if not set(fields) <= extract.whole.keys():
            continue
        other = held.get(hop.parent)
        if other is None or not set(reference) <= other[0].whole.keys():
            yield Relation(fields, hop.parent, reference, Why.TABLE_NOT_INCLUDED)
        else:
            yield Relation(fields, hop.parent, reference, _why_not(contents, extract, hop, *other))
    yield from _by_person_keys(contents, extract)


def _by_person_keys(contents: Contents, extract: ExtractPlan) -> Iterator[Relation]:
    """The relations by a key of the person, such as a device, to the table of any source that has it."""
    way = references(contents.source(extract.source), extract.table)
    known = {(extract.source, hop.parent, *hop.pairs) for hop in way}
    for key, link in contents.table(extract.source, extract.table).subject.items():
        for other, _ in contents.held:
            table = contents.table(other.source, other.table)
            column = table.subject[key].column if key in table.links else ""
            holds = len(table.links) > 1 and key != contents.inventory.identity.person
            pair = (link.column, column)
            if not column or other.name == extract.name or not (holds or table.key == (column,)):
                continue
            if (other.source, other.table, pair) not in known and link.column in extract.whole:
                unique = primary_key(contents, other) == (column,)
                why = Why.NOT_COMPARED if unique else Why.NOT_A_KEY
                if column in other.whole:
                    yield Relation((link.column,), other.table, (column,), why, other.source)


def reason(contents: Contents, extract: ExtractPlan, field: FieldPlan) -> str:
    """Why a column is given; `row_key` for a number that joins no other table of the bundle (K43)."""
    written = contents.extracted(extract.source, extract.table)
    if field.reason != "join_key" or (written and written.uploads):  # which name the key of their row
        return field.reason
    if contents not in _JOINED:
        _JOINED[contents] = frozenset(_joined(contents))
    return field.reason if (extract.name, field.name) in _JOINED[contents] else "row_key"


_JOINED = WeakKeyDictionary[Contents, frozenset[tuple[str, str]]]()


def _joined(contents: Contents) -> Iterator[tuple[str, str]]:
    """Table and column of each end of a relation between tables of the bundle."""
    for planned, _ in contents.held:
        for way in relations(contents, planned):
            if way.why_not is not Why.TABLE_NOT_INCLUDED:
                yield from ((planned.name, column) for column in way.fields)
                yield from ((f"{way.source or planned.source}.{way.table}", c) for c in way.reference)


def _why_not(
    contents: Contents, extract: ExtractPlan, hop: Hop, other: ExtractPlan, written: TableExtract
) -> Why | None:
    seen = contents.references(extract.source).get(reference_id(extract.table, hop))
    if not (_by_its_way(contents, extract, hop, other) if seen is None else seen):
        return Why.ROWS_NOT_INCLUDED
    if set(primary_key(contents, other)) != {theirs for _, theirs in hop.pairs}:
        return Why.NOT_A_KEY
    return Why.IN_PARTS if len(written.parts) > 1 else None


def _by_its_way(contents: Contents, extract: ExtractPlan, hop: Hop, other: ExtractPlan) -> bool:
    """Whether it holds uncompared: rows came by this join only, and the other table is complete."""
    table = contents.table(extract.source, extract.table)
    only_way = len(table.join) == 1 and not table.subject and set(table.join[0]) == {o for o, _ in hop.pairs}
    return only_way and not other.row_rule


def schema_path(planned: ExtractPlan, format_: Format) -> str | None:
    """Path below `data/` of the schema of a table's files in a format; None if the format has none."""
    schema = format_.schema
    return None if schema is None else f"{planned.source}/{planned.table}{schema.suffix}"


def schemas(contents: Contents) -> dict[str, bytes]:
    """The schemas of all files of a bundle, by path in the bundle."""
    written: dict[str, bytes] = {}
    for planned, extract in contents.held:
        for entry in extract.parts[0].files:
            format_ = contents.formats[entry.format]
            path = schema_path(planned, format_)
            if format_.schema and path and layout.DATA + path not in written:
                written[layout.DATA + path] = format_.schema.make(planned.name, columns(contents, planned))
    return written


def columns(contents: Contents, planned: ExtractPlan) -> list[SchemaColumn]:
    """The selected columns of a table, for a schema."""
    return [_schema_column(contents, planned, field) for field in planned.selected]


def _schema_column(contents: Contents, planned: ExtractPlan, field: FieldPlan) -> SchemaColumn:
    column, language = contents.column(planned.source, planned.table, field.name), contents.language
    texts = {"title": column.title, "description": column.meaning}
    return SchemaColumn(
        field.name,
        written_kind(field),
        {name: text.get(language) for name, text in texts.items() if text},
        {code: text.get(language) for code, text in complete_codes(contents, planned, field).items()},
    )
