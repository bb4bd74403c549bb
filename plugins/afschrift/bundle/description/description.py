"""`data/datapackage.json`: a Data Package v2 that lets another party load every file with nothing else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from itertools import chain, count
from typing import Any

from afschrift.bundle.container import layout
from afschrift.bundle.contents import Contents
from afschrift.bundle.description.fields import (
    Relation,
    describe_field,
    primary_key,
    relations,
    schema_path,
    translations,
)
from afschrift.bundle.page.words import PageWords, warnings
from afschrift.domain.extracted import FileEntry, GivenFile, TableExtract, Upload
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.vocabulary import basis_iri
from afschrift.inventory.base import Text
from afschrift.inventory.model import Purpose
from afschrift.law.partial_response import suffix

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"

_VALUE_FORMS = {
    "null": "CSV: the text in missingValues; an empty cell is an empty text. JSON, NDJSON: null. XML: nil.",
    "integer": "JSON, NDJSON: a number; beyond 2^53 a string, so that no digit is lost.",
    "decimal": "JSON, NDJSON: a string, so that no digit is lost. The decimal sign is a point.",
    "number": "NaN, INF and -INF as in Data Package v2; in JSON and NDJSON these three are strings.",
    "instant": "RFC 3339 with Z: UTC.",
    "datetime": "No zone in the text; see afschrift:timeZone.",
    "infinite dates": "The texts infinity and -infinity.",
    "binary": "Base64.",
    "json": "JSON, NDJSON: the value itself. Elsewhere the JSON text.",
}
_MORE_FORMS = {
    "masked": "The text [masked] with a token, such as [masked 3f9a2c41], or without, or what is left of the "
    "value. In one bundle the same value has the same token everywhere; it cannot be turned back.",
    "files": "A resource with afschrift:file is a file as it was uploaded. It belongs to the row of that "
    "number in the table's files (from 1, without the header, counted on over parts); the column holds it or "
    "says where it lay.",
}

VOCABULARIES = {
    "afschrift:category": "https://ethyca.github.io/fideslang/",
    "afschrift:categoryTerm": "https://w3id.org/dpv/pd#",
    "afschrift:originTerm": "https://w3id.org/dpv#",
    "afschrift:unit": "https://ucum.org/ (UCUM), of amounts ISO 4217",
}

_MEDIA_TYPES = {"json": "application/json", "html": "text/html"}

Names = Mapping[tuple[str, str, str], str]


def datapackage(contents: Contents, documents: Mapping[str, bytes], words: PageWords) -> dict[str, Any]:
    """Make the descriptor of the package (R58), with which the files can be used elsewhere (R64).

    Args:
        contents: what is packed.
        documents: the other JSON documents of the bundle by path, for example `data/coverage.json`.
        words: of the person's language.
    """
    plan, controller = contents.plan, contents.inventory.controller
    taken: set[str] = set()
    of_documents = {path: _unique(_stem(path), taken) for path in documents}
    names = _resource_names(contents, taken)
    return {
        "$schema": PROFILE,
        "name": layout.root(plan.request, suffix(plan.part, plan.after)),
        "created": contents.seal.sealed_at,
        "contributors": [{"title": controller.name, "roles": ["publisher"]}],
        "sources": [{"title": contents.source_title(source)} for source in plan.sources],
        "afschrift:bundleVersion": layout.FORMAT_VERSION,
        "afschrift:language": plan.language,
        "afschrift:right": plan.right.value,
        "afschrift:rightTerm": plan.right.iri,
        "afschrift:stateOn": plan.frozen_at,
        "afschrift:timeZone": controller.zone,
        "afschrift:valueForms": _value_forms(contents),
        "afschrift:vocabularies": VOCABULARIES,
        "afschrift:purposes": _purposes(contents),
        "resources": [
            *(
                _resource(contents, planned, written, number, entry, names)
                for planned, written in contents.held
                for number, part in enumerate(written.parts)
                for entry in part.files
            ),
            *_exchanged_files(contents, taken),
            *_uploaded_files(contents, words),
            *_given_files(contents, words),
            *(_document(contents, of_documents[path], path, content) for path, content in documents.items()),
        ],
    }


def _exchanged_files(contents: Contents, taken: set[str]) -> Iterator[dict[str, Any]]:
    """The files for programs of a trade, each with the columns and rows in it (R57)."""
    for planned, written in contents.held:
        for file in written.exchanged:
            if file.entry is not None:
                table = contents.table(planned.source, planned.table)
                yield {
                    "name": _unique(file.entry.path.replace("/", "."), taken),
                    "type": "file",
                    **_stored(file.entry, contents.formats[file.format].media_type),
                    **_text("title", table.title, contents.language),
                    "sources": [{"title": contents.source_title(planned.source)}],
                    "afschrift:source": planned.source,
                    "afschrift:table": planned.table,
                    "afschrift:exchange": {"columns": file.columns, "rows": file.rows, "left": file.left},
                }


def _stored(entry: FileEntry, media_type: str) -> dict[str, Any]:
    return {
        "path": entry.path,
        "format": entry.path.rpartition(".")[2],
        "mediatype": media_type,
        "bytes": entry.bytes,
        "hash": f"sha256:{entry.sha256}",
    }


def _uploaded_files(contents: Contents, words: PageWords) -> Iterator[dict[str, Any]]:
    """The files that the person uploaded; `afschrift:row` ties each to its row (R60)."""
    for _, written in contents.held:
        for u in written.uploads:
            file = {
                "column": u.column,
                "row": u.row,
                **({"key": u.key} if u.key else {}),
                **({} if u.name is None else {"name": u.name}),
            }
            yield {
                **_file(u, words),
                "afschrift:source": written.source,
                "afschrift:table": written.table,
                "afschrift:file": file,
            }


def _given_files(contents: Contents, words: PageWords) -> Iterator[dict[str, Any]]:
    """The files of systems that a person searched."""
    for source, file in contents.given:
        yield {
            **_file(file, words),
            "sources": [{"title": contents.inventory.manual[source].title.get(contents.language)}],
            "afschrift:source": source,
            "afschrift:given": {"number": file.number, "name": file.name},
        }


def _file(file: Upload | GivenFile, words: PageWords) -> dict[str, Any]:
    """Describe a file; parts that may run are named in words for the person, and in codes for programs."""
    entry = file.entry
    resource: dict[str, Any] = {
        "name": entry.path.replace("/", ".").lower(),
        "type": "file",  # a CSV that a person uploaded is no table of this package
        **_stored(entry, file.media_type),
    }
    if file.active:
        resource["description"] = " ".join(warnings(file.active, words))
        resource["afschrift:active"] = [
            {"position": part.position, "kind": part.kind} for part in file.active
        ]
    return resource


def _value_forms(contents: Contents) -> dict[str, str]:
    of_formats = {format_.name: format_.note for format_ in contents.formats.values() if format_.note}
    return {**_VALUE_FORMS, **of_formats, **_MORE_FORMS}


def _resource(
    contents: Contents,
    planned: ExtractPlan,
    written: TableExtract,
    number: int,
    entry: FileEntry,
    names: Names,
) -> dict[str, Any]:
    table = contents.table(planned.source, planned.table)
    format_ = contents.formats[entry.format]
    snapshot = contents.seal.snapshots.get(planned.source)
    version = contents.structure(planned.source).versions.get(planned.table)
    resource: dict[str, Any] = {
        "name": names[planned.source, planned.table, entry.format] + (f".{number + 1}" if number else ""),
        **({"type": "table"} if format_.tabular else {}),
        "path": entry.path,
        "format": entry.format,
        "mediatype": format_.media_type,
        "encoding": "utf-8",
        "bytes" if format_.counted else "afschrift:bytes": entry.bytes,
        "hash": f"sha256:{entry.sha256}",
        **_text("title", table.title, contents.language),
        **_text("description", table.description, contents.language),
        "sources": [{"title": contents.source_title(planned.source)}],
        "afschrift:source": planned.source,
        "afschrift:table": planned.table,
        **({"afschrift:snapshot": snapshot} if snapshot else {}),
        **({"afschrift:version": version} if version else {}),
        "afschrift:rows": written.parts[number].rows,
        "afschrift:order": list(planned.order),
    }
    if len(written.parts) > 1:  # every part has a header of its own
        resource["afschrift:part"] = {"number": number + 1, "of": len(written.parts)}
    if table.note:
        resource["afschrift:notes"] = translations(table.note)
    if format_.dialect:
        resource["dialect"] = dict(format_.dialect)
    if schema_file := schema_path(planned, format_):
        resource["afschrift:schema"] = schema_file
    resource["schema"] = _schema(contents, planned, entry, names)
    return resource


def _schema(contents: Contents, planned: ExtractPlan, entry: FileEntry, names: Names) -> dict[str, Any]:
    marker = entry.options.get("null")
    schema: dict[str, Any] = {
        "fields": [
            describe_field(contents, planned, field, contents.formats[entry.format])
            for field in planned.selected
        ],
        "missingValues": [] if marker is None else [marker],
    }
    key = primary_key(contents, planned)
    if key:
        schema["primaryKey"] = list(key)
    found = list(relations(contents, planned))
    for name, some in (
        ("foreignKeys", [r for r in found if r.holds]),
        ("afschrift:relations", [r for r in found if not r.holds]),
    ):
        described = [_relation(r, planned, entry, names) for r in some]
        if described:
            schema[name] = described
    return schema


def _relation(relation: Relation, planned: ExtractPlan, entry: FileEntry, names: Names) -> dict[str, Any]:
    reference: dict[str, Any] = {"fields": list(relation.reference)}
    source = relation.source or planned.source
    if (source, relation.table) != (planned.source, planned.table):
        resource = names.get((source, relation.table, entry.format))
        # A table that is not in the bundle has no resource, so its name in the source is given.
        reference = (
            {"resource": resource, **reference} if resource else {"table": relation.table, **reference}
        )
    described = {"fields": list(relation.fields), "reference": reference}
    return described if relation.why_not is None else described | {"reason": relation.why_not.value}


def _stem(path: str) -> str:
    return path.removeprefix(layout.DATA).removesuffix(".json").replace("/", ".")


def _document(contents: Contents, name: str, path: str, content: bytes) -> dict[str, Any]:
    extension = path.rpartition(".")[2]
    of_schemas = {
        s.suffix.rpartition(".")[2]: s.media_type
        for format_ in contents.formats.values()
        if (s := format_.schema)
    }
    return {
        "name": name,
        **({"type": "json"} if extension == "json" else {}),
        "path": path.removeprefix(layout.DATA),
        "format": extension,
        "mediatype": (_MEDIA_TYPES | of_schemas)[extension],
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
    }


def _resource_names(contents: Contents, taken: set[str]) -> dict[tuple[str, str, str], str]:
    return {
        (written.source, written.table, entry.format): _unique(
            f"{written.source}.{written.table}.{entry.format}", taken
        )
        for _, written in contents.held
        for entry in written.parts[0].files
    }


def _unique(text: str, taken: set[str]) -> str:
    """Make a unique name with the lower-case letters and signs that Data Package readers accept."""
    plain = re.sub(r"[^a-z0-9._-]", "-", text.lower())
    numbered = (f"{plain}-{number}" for number in count(2))
    name = next(name for name in chain([plain], numbered) if name not in taken)
    taken.add(name)
    return name


def _purposes(contents: Contents) -> dict[str, dict[str, Any]]:
    return {
        source: {
            name: _purpose(contents, f"{source}.{name}", purpose)
            for name, purpose in contents.source(source).purposes.items()
        }
        for source in contents.plan.sources
    }


def _purpose(contents: Contents, name: str, purpose: Purpose) -> dict[str, Any]:
    described: dict[str, Any] = {
        "titles": translations(purpose.title),
        "basis": purpose.basis,
        "basisTerm": basis_iri(purpose.basis),
    }
    if purpose.special:
        described |= {"special": purpose.special, "specialTerm": basis_iri(purpose.special)}
    if name in contents.plan.consents:
        described["consent"] = contents.plan.consents[name]
    return described


def _text(name: str, text: Text | None, language: str) -> dict[str, Any]:
    if text is None:
        return {}
    return {name: text.get(language), f"afschrift:{name}s": translations(text)}
