"""PDF: scripts, actions, embedded files and XFA forms, found by its objects and not by searching its text.

All objects in the file's tables are read, also those in compressed object streams. Names are compared after
decoding (`/J#61vaScript` is `/JavaScript`; ISO 32000-2, 7.3.5).
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    DictionaryObject,
    IndirectObject,
    StreamObject,
    TextStringObject,
)

from afschrift.domain.files import ActiveKind
from afschrift.extraction.active_content.part import Budget, ClosedError, Found, Part

_MOST_OBJECTS = 200_000
_MOST_NESTED = 64

_BY_NAME = {
    "/S": {
        ActiveKind.SCRIPT: ("/JavaScript",),
        ActiveKind.ACTION: ("/Launch", "/SubmitForm", "/ImportData", "/GoToE"),
        ActiveKind.OBJECT: ("/Rendition", "/RichMediaExecute"),
    },
    "/Subtype": {
        ActiveKind.OBJECT: ("/RichMedia", "/Screen", "/Movie", "/3D"),
        ActiveKind.FILE: ("/FileAttachment",),
    },
}
_BY_TYPE: tuple[tuple[str, tuple[type, ...], ActiveKind], ...] = (
    ("/JS", (TextStringObject, ByteStringObject, StreamObject), ActiveKind.SCRIPT),
    ("/JavaScript", (DictionaryObject,), ActiveKind.SCRIPT),
    ("/EmbeddedFiles", (DictionaryObject,), ActiveKind.FILE),
    ("/EF", (DictionaryObject,), ActiveKind.FILE),
    ("/XFA", (ArrayObject, StreamObject), ActiveKind.XFA),
)

# pypdf's warnings may hold values of the file, which may be personal data.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)


def look(part: Part, budget: Budget) -> Found:
    """Inspect a PDF and the files in it."""
    with PdfReader(io.BytesIO(part.content), strict=False) as reader:
        if reader.is_encrypted and not reader.decrypt(""):
            raise ClosedError  # it needs a password
        files = 0
        yield from _kinds(reader.trailer)
        for seen, (idnum, generation) in enumerate(_ids(reader)):
            if seen > _MOST_OBJECTS:
                raise ClosedError
            found = reader.get_object(IndirectObject(idnum, generation, reader))
            yield from _kinds(found)
            if isinstance(found, StreamObject) and found.get("/Type") == "/EmbeddedFile":
                yield ActiveKind.FILE
                files += 1
                content = found.get_data()
                budget.take(len(content))
                yield part.inner(content, word="embedded", number=files)
            reader.resolved_objects.clear()


def _ids(reader: PdfReader) -> Iterator[tuple[int, int]]:
    for generation, table in reader.xref.items():
        yield from ((idnum, generation) for idnum in list(table))
    yield from ((idnum, 0) for idnum in list(reader.xref_objStm))


def _kinds(found: Any, depth: int = 0) -> Iterator[ActiveKind]:
    """Kinds found in an object and its direct members; the caller inspects the objects it refers to."""
    if depth > _MOST_NESTED:
        raise ClosedError
    if isinstance(found, DictionaryObject):
        yield from _dictionary(found)
        inside: Iterator[Any] = iter(dict.values(found))
    elif isinstance(found, ArrayObject):
        inside = list.__iter__(found)
    else:
        return
    for value in inside:
        yield from _kinds(value, depth + 1)


def _dictionary(found: DictionaryObject) -> Iterator[ActiveKind]:
    for key, kinds in _BY_NAME.items():
        name = _value(found, key)
        yield from (kind for kind, names in kinds.items() if name in names)
    yield from (kind for key, types, kind in _BY_TYPE if isinstance(_value(found, key), types))
    opened, triggers = _value(found, "/OpenAction"), _value(found, "/AA")
    if isinstance(opened, DictionaryObject) and _value(opened, "/S") != "/GoTo":
        yield ActiveKind.ACTION
    if isinstance(triggers, DictionaryObject):  # a font or picture may have the same name
        actions = (_value(triggers, name) for name in triggers)
        if any(isinstance(action, DictionaryObject) and "/S" in action for action in actions):
            yield ActiveKind.ACTION


def _value(found: DictionaryObject, key: str) -> Any:
    """The value of a key, also if it is another object; None if the key is missing."""
    value = found.raw_get(key) if key in found else None
    return value.get_object() if isinstance(value, IndirectObject) else value
